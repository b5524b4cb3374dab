# Not in the paper: the upstream schedule and its total batch of 8 × 2, on one GPU.
_base_ = [
    'mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
    './plugin.py',
]
model = dict(backbone=dict(tome_cfg='none'))
train_dataloader = dict(batch_size=16, num_workers=8)
auto_scale_lr = dict(enable=False, base_batch_size=16)
