# The Jump Broadcast Dataset, for which this command writes the annotations (docs/pose.md):
#     python tools/convert_jbd.py data/jbd
_base_ = './topdown.py'
codec = dict(type='MSRAHeatmap', input_size=(480, 640), heatmap_size=(120, 160), sigma=3)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(type='RandomBBoxTransform'),
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

dataset_type = 'JBDDataset'
data_root = 'data/jbd/'
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/val.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

# By box as in the Segformer++ paper, and by torso as in the papers of the data set.
val_evaluator = [
    dict(type='PCKMetric', thresholds=[0.1, 0.05]),
    dict(
        type='PCKMetric',
        thresholds=[0.1, 0.05],
        norm_item='torso',
        torso_joints=[('lsho', 'rhip'), ('rsho', 'lhip')],
    ),
]
test_evaluator = val_evaluator
