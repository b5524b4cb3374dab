_base_ = [
    '../_base_/models/mit_b5.py',
    '../_base_/schedules/schedule_160k.py',
    '../_base_/segformer_cityscapes-1024x1024.py',
]
model = dict(backbone=_base_.mit, decode_head=dict(in_channels=_base_.in_channels))
