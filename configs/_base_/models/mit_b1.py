# MiT-B1, pretrained on ImageNet; its settings, for either task.
checkpoint = (
    'https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/'
    'mit_b1_20220624-02e5a6a1.pth'
)
mit = dict(
    embed_dims=64,
    num_layers=[2, 2, 2, 2],
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
)
in_channels = [64, 128, 320, 512]  # of the head
