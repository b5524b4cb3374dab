# Fine-tunes the checkpoint of the 4k recipe, in minutes on a CPU, on generated street scenes, which
# this command writes:
#     python tools/make_streets.py data/streets --train 200 --val 30
#
# Training reads checkpoints/segformer_mit-b0_streets-1024x512.pth. The repository and the source
# distribution have it, the wheel does not: there, give
# `--cfg-options model.init_cfg.checkpoint=FILE`.
_base_ = [
    '../_base_/models/mit_b0.py',
    '../_base_/schedules/schedule_300i.py',
    '../_base_/segformer_streets-1024x512.py',
]
model = dict(
    # Not `load_from`: beside `--resume`, that would be resumed from.
    init_cfg=dict(
        type='Pretrained',
        checkpoint='{{ fileDirname }}/../../checkpoints/segformer_mit-b0_streets-1024x512.pth',
    ),
    backbone=dict(_base_.mit, init_cfg=None),
    decode_head=dict(in_channels=_base_.in_channels),
)
