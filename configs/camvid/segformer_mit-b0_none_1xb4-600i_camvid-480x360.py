# Fine-tunes the bundled model of generated street scenes, in minutes on a CPU, to try things out;
# for results train the 20k schedule.
_base_ = [
    '../_base_/models/mit_b0.py',
    '../_base_/schedules/schedule_600i.py',
    '../_base_/segformer_camvid-480x360_small-crops.py',
]
model = dict(
    backbone=dict(_base_.mit, init_cfg=None),
    decode_head=dict(in_channels=_base_.in_channels),
)
