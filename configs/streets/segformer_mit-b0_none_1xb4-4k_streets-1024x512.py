# From scratch, in an hour on a CPU, on generated street scenes, which this command writes:
#     python tools/make_streets.py data/streets --train 200 --val 30
_base_ = [
    '../_base_/models/mit_b0.py',
    '../_base_/schedules/schedule_4k.py',
    '../_base_/segformer_streets-1024x512.py',
]
model = dict(
    backbone=dict(_base_.mit, init_cfg=None),
    decode_head=dict(in_channels=_base_.in_channels),
)
