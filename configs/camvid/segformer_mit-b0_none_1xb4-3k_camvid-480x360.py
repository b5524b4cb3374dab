# The 600i recipe for longer: five times as many iterations, and colors varied; an hour on a CPU.
_base_ = [
    '../_base_/models/mit_b0.py',
    '../_base_/schedules/schedule_3k.py',
    '../_base_/segformer_camvid-480x360_small-crops.py',
]
model = dict(
    backbone=dict(_base_.mit, init_cfg=None),
    decode_head=dict(in_channels=_base_.in_channels),
)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=(480, 360), ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=_base_.crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
