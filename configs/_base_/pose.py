# What the pose configs share: MMPose's runtime, this plugin, SegFormer B0 for heatmaps, and the
# paper's training (Sec. IV-A; what it does not say is from the published config).
_base_ = 'mmpose::_base_/default_runtime.py'

# As in plugin.py, which cannot be a base beside MMPose's runtime: both set custom hooks.
custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='RandomStateHook')]
randomness = dict(seed=0)

data_mode = 'topdown'  # `MMPoseInferencer` reads it here; data sets take it by default
checkpoint = (
    'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b0_20220624-7e0fe6dd.pth'
)
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
        embed_dims=32,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        tome_cfg='none',
    ),
    head=dict(
        type='SegformerHead',
        in_channels=[32, 64, 160, 256],
        channels=256,
        interpolate_mode='bilinear',
        loss=dict(type='KeypointMSELoss', use_target_weight=True),
    ),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)

train_cfg = dict(max_epochs=210, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    # The published config ends this at epoch 70, so that its learning rate never decays.
    dict(type='MultiStepLR', milestones=[170, 200], gamma=0.1, begin=0, end=210, by_epoch=True),
]
auto_scale_lr = dict(enable=False, base_batch_size=16)

# `--resume` continues exactly only if workers start anew with every epoch.
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
)
test_dataloader = val_dataloader
