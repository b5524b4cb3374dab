# The paper's training for pose (Sec. IV-A; what it does not say is from the published config).
# MMPose's runtime sets the loops and hooks that a schedule changes, so it is a base here.
_base_ = '../runtime_pose.py'
train_cfg = dict(max_epochs=210, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    # The published config ends this at epoch 70, so that its learning rate never decays.
    dict(type='MultiStepLR', milestones=[170, 200], gamma=0.1, begin=0, end=210, by_epoch=True),
]
