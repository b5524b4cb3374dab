_base_ = './segformer_mit-b5_none_1xb16-210e_jbd-480x640.py'
model = dict(backbone=dict(tome_cfg='hq_weighted'))
