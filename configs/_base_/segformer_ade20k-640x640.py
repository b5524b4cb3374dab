# The paper's training on ADE20K: the upstream schedule with batch 8 on one GPU (Sec. IV-A).
# It reports plain mIoU there, and so does this: mIoU_small is defined by classes of Cityscapes.
_base_ = [
    'mmseg::segformer/segformer_mit-b5_8xb2-160k_ade20k-640x640.py',
    './plugin.py',
]
model = dict(backbone=dict(tome_cfg='none'))
train_dataloader = dict(batch_size=8, num_workers=4)
auto_scale_lr = dict(enable=False, base_batch_size=8)
