# MiT-B0, pretrained on ImageNet; its settings, for either task.
checkpoint = (
    'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b0_20220624-7e0fe6dd.pth'
)
mit = dict(
    embed_dims=32,
    num_layers=[2, 2, 2, 2],
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
)
in_channels = [32, 64, 160, 256]  # of the head
