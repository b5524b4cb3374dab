# MiT-B2, pretrained on ImageNet; its settings, for either task.
checkpoint = (
    'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b2_20220624-66e8bf70.pth'
)
mit = dict(
    embed_dims=64,
    num_layers=[3, 4, 6, 3],
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
)
in_channels = [64, 128, 320, 512]  # of the head
