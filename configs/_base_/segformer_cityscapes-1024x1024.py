# The paper's training on Cityscapes: the upstream schedule with batch 4 on one GPU (Sec. IV-A).
_base_ = [
    'mmseg::segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py',
    './plugin.py',
]
model = dict(backbone=dict(tome_cfg='none'))
train_dataloader = dict(batch_size=4)
val_evaluator = dict(type='SmallIoUMetric')  # adds mIoU_small
test_evaluator = val_evaluator
auto_scale_lr = dict(enable=False, base_batch_size=4)
