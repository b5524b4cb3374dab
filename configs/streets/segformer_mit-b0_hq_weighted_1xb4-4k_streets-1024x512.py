_base_ = './segformer_mit-b0_none_1xb4-4k_streets-1024x512.py'
model = dict(backbone=dict(tome_cfg='hq_weighted'))
