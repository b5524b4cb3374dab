_base_ = './segformer_mit-b5_none_1xb16-210e_coco-288x384.py'
model = dict(backbone=dict(tome_cfg='fast_weighted'))
