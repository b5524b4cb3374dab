# SegFormer for keypoint heatmaps, top-down. The backbone's size and weights are those of a
# mit_b*.py beside it, the keypoints and the codec those of the data set.
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='MixVisionTransformer',
        num_heads=[1, 2, 5, 8],
        drop_path_rate=0.1,
        tome_cfg='none',
    ),
    head=dict(
        type='SegformerHead',
        channels=256,
        interpolate_mode='bilinear',
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
    ),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
