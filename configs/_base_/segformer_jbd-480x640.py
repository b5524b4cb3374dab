# The paper's training on the Jump Broadcast Dataset: batch 16 on one GPU.
_base_ = [
    './models/segformer_pose.py',
    './datasets/jbd_480x640.py',
    './schedules/schedule_210e.py',
]
model = dict(head=dict(num_keypoints=20, decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='PCK@0.1', rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
