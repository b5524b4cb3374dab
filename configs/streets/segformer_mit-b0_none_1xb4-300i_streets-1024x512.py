# Fine-tunes the checkpoint of the 4k recipe, in minutes on a CPU.
_base_ = './segformer_mit-b0_none_1xb4-4k_streets-1024x512.py'
# Not `load_from`: beside `--resume`, that would be resumed from.
model = dict(
    init_cfg=dict(
        type='Pretrained',
        checkpoint='{{ fileDirname }}/../../checkpoints/segformer_mit-b0_streets-1024x512.pth',
    ),
)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=False, begin=0, end=20),
    dict(type='PolyLR', eta_min=0.0, power=1.0, begin=20, end=300, by_epoch=False),
]
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
