_base_ = ['../_base_/models/mit_b5.py', '../_base_/segformer_coco-288x384.py']
model = dict(backbone=_base_.mit, head=dict(in_channels=_base_.in_channels))
