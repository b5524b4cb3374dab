# COCO with ground-truth boxes, as in the paper. A detector's boxes are one option away:
# `test_dataloader.dataset.bbox_file=FILE`. They leave AP only, since PCK needs ground truth.
_base_ = './topdown.py'
codec = dict(type='MSRAHeatmap', input_size=(288, 384), heatmap_size=(72, 96), sigma=3)
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

dataset_type = 'CocoDataset'
data_root = 'data/coco/'
train_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/person_keypoints_val2017.json',
        bbox_file=None,
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='CocoMetric'),  # reads the data set's own annotation file
    dict(type='PCKMetric', thresholds=[0.1, 0.05], detector_boxes='leave_out'),
]
test_evaluator = val_evaluator
