_base_ = './segformer_mit-b0_none_1xb16-210e_jbd-480x640.py'
model = dict(backbone=dict(tome_cfg='balanced'))
