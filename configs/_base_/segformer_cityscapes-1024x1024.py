# The paper's training on Cityscapes: MMSegmentation's, with batch 4 on one GPU (Sec. IV-A).
_base_ = ['./models/segformer.py', './datasets/cityscapes_1024x1024.py', './runtime.py']
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    test_cfg=dict(mode='slide', crop_size=(1024, 1024), stride=(768, 768)),
)
train_dataloader = dict(batch_size=4)
auto_scale_lr = dict(enable=False, base_batch_size=4)
