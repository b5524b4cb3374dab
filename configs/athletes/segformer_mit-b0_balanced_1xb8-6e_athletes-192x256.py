_base_ = './segformer_mit-b0_none_1xb8-6e_athletes-192x256.py'
model = dict(backbone=dict(tome_cfg='balanced'))
