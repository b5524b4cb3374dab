# The paper's training on ADE20K: MMSegmentation's, with batch 8 on one GPU (Sec. IV-A).
_base_ = ['./models/segformer.py', './datasets/ade20k_640x640.py', './runtime.py']
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=150),
)
train_dataloader = dict(batch_size=8, num_workers=4)
auto_scale_lr = dict(enable=False, base_batch_size=8)
