# Fine-tunes on other classes, in an hour on a CPU. The head is new: the backbone learns as fast.
_base_ = './schedule_4k.py'
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-2, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', eta_min=0.0, power=1.0, begin=50, end=3000, by_epoch=False),
]
train_cfg = dict(max_iters=3000, val_interval=3000)
