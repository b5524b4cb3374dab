# Generated athletes, for training on a CPU.
_base_ = [
    './models/segformer_pose.py',
    './datasets/athletes_192x256.py',
    './schedules/schedule_6e.py',
]
model = dict(
    backbone=dict(drop_path_rate=0.0),
    head=dict(num_keypoints=20, decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best=None, rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=8)
