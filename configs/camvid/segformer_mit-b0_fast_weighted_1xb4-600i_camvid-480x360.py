_base_ = './segformer_mit-b0_none_1xb4-600i_camvid-480x360.py'
model = dict(backbone=dict(tome_cfg='fast_weighted'))
