# In minutes on a CPU, on generated athletes, which these commands write:
#     python tools/make_athletes.py data/athletes --train 400 --val 80
#     python tools/convert_jbd.py data/athletes
#
# Training reads checkpoints/segformer_mit-b0_streets-1024x512.pth. The repository and the source
# distribution have it, the wheel does not: there, give
# `--cfg-options model.backbone.init_cfg.checkpoint=FILE`.
_base_ = ['../_base_/models/mit_b0.py', '../_base_/segformer_athletes-192x256.py']
model = dict(
    # The backbone of a model of generated streets, as others start from ImageNet.
    backbone=dict(
        _base_.mit,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{ fileDirname }}/../../checkpoints/segformer_mit-b0_streets-1024x512.pth',
            prefix='backbone.',
        ),
    ),
    head=dict(in_channels=_base_.in_channels),
)
