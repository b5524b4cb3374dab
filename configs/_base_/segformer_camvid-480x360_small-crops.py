# Fine-tunes the bundled model of generated street scenes on CamVid.
#
# Training reads checkpoints/segformer_mit-b0_streets-1024x512.pth. The repository and the source
# distribution have it, the wheel does not: there, give
# `--cfg-options model.init_cfg.checkpoint=FILE`. It was trained by
# ../streets/segformer_mit-b0_none_1xb4-4k_streets-1024x512.py.
_base_ = [
    './models/segformer_short-schedule.py',
    './datasets/camvid_480x360_small-crops.py',
    './runtime.py',
]
model = dict(
    # Not `load_from`: beside `--resume`, that would be resumed from.
    init_cfg=dict(
        type='Pretrained',
        checkpoint='{{ fileDirname }}/../../checkpoints/segformer_mit-b0_streets-1024x512.pth',
    ),
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=11),
)
auto_scale_lr = dict(enable=False, base_batch_size=4)
