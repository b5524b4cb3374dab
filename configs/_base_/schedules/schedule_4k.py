# From scratch, in an hour on a CPU: no pretrained backbone whose weights a slow start would
# protect, nor time for one.
_base_ = './schedule_160k.py'
optim_wrapper = dict(
    optimizer=dict(lr=1.5e-3),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=False, begin=0, end=150),
    dict(type='PolyLR', eta_min=0.0, power=1.0, begin=150, end=4000, by_epoch=False),
]
train_cfg = dict(max_iters=4000, val_interval=4000)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=500))
