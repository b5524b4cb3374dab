# Not in the paper: MMSegmentation's training and its total batch of 8 × 2, on one GPU.
_base_ = ['./models/segformer.py', './datasets/ade20k_512x512.py', './runtime.py']
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=150),
)
train_dataloader = dict(batch_size=16, num_workers=8)
auto_scale_lr = dict(enable=False, base_batch_size=16)
