# SegFormer for segmentation. The backbone's size and weights are those of a mit_b*.py beside it.
_base_ = 'mmseg::_base_/models/segformer_mit-b0.py'
model = dict(backbone=dict(tome_cfg='none'))
