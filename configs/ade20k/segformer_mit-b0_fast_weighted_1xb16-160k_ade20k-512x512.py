_base_ = './segformer_mit-b0_none_1xb16-160k_ade20k-512x512.py'
model = dict(backbone=dict(tome_cfg='fast_weighted'))
