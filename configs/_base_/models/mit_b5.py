# MiT-B5, pretrained on ImageNet; its settings, for either task.
checkpoint = (
    'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b5_20220624-658746d9.pth'
)
mit = dict(
    embed_dims=64,
    num_layers=[3, 6, 40, 3],
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
)
in_channels = [64, 128, 320, 512]  # of the head
