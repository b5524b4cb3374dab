_base_ = './segformer_mit-b0_none_1xb8-20k_camvid-960x720.py'
model = dict(backbone=dict(tome_cfg='balanced'))
