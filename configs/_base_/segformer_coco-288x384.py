# The paper's training on COCO: batch 16 on one GPU.
_base_ = [
    './models/segformer_pose.py',
    './datasets/coco_288x384.py',
    './schedules/schedule_210e.py',
]
model = dict(head=dict(num_keypoints=17, decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best='coco/AP', rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
