# Generated street scenes in Cityscapes' layout: from scratch, in an hour on a CPU.
_base_ = [
    'mmseg::segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py',
    './plugin.py',
]
crop_size = (256, 256)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=(1024, 512), ratio_range=(0.75, 1.25), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1024, 512), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]

data_root = 'data/streets'
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(data_root=data_root, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='SmallIoUMetric')
test_evaluator = val_evaluator

model = dict(
    data_preprocessor=dict(size=crop_size),
    backbone=dict(init_cfg=None, tome_cfg='none', drop_path_rate=0.0),
    # Small classes are a few pixels in a hundred: cross entropy alone takes long to see them.
    decode_head=dict(
        dropout_ratio=0.0,
        loss_decode=[
            dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            dict(type='TverskyLoss', alpha=0.5, beta=0.5, loss_weight=1.0),
        ],
    ),
    test_cfg=dict(_delete_=True, mode='whole'),
)

# No pretrained backbone whose weights a slow start would protect, nor time for one.
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
auto_scale_lr = dict(enable=False, base_batch_size=4)
