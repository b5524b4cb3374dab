# Generated athletes in the layout of the Jump Broadcast Dataset, which these commands write:
#     python tools/make_athletes.py data/athletes --train 400 --val 80
#     python tools/convert_jbd.py data/athletes
_base_ = './jbd_480x640.py'
codec = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    # Less than in jbd_480x640.py: a few epochs are too short to learn from more.
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

data_root = 'data/athletes/'
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=2, dataset=dict(data_root=data_root, pipeline=val_pipeline))
test_dataloader = val_dataloader
