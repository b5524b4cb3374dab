# Generated athletes in the layout of the Jump Broadcast Dataset: in minutes on a CPU.
_base_ = './segformer_jbd-480x640.py'
codec = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    # Less than in the bases: a few epochs are too short to learn from more.
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.08,
        scale_factor=(0.9, 1.1),
        rotate_factor=10.0,
    ),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
model = dict(
    # Of the checkpoint trained on generated streets, as others start from ImageNet.
    backbone=dict(
        init_cfg=dict(
            checkpoint='{{ fileDirname }}/../../checkpoints/segformer_mit-b0_streets-1024x512.pth',
            prefix='backbone.',
        ),
        drop_path_rate=0.0,
    ),
    head=dict(decoder=codec),
)

data_root = 'data/athletes/'
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(data_root=data_root, pipeline=val_pipeline),
)
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=6, val_interval=6)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        T_max=6,
        eta_min=0,
        begin=0,
        end=6,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=6, save_best=None),
)
