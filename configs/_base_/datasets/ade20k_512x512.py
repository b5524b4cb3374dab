# ADE20K in crops of 512×512. The paper reports plain mIoU there, and so does this: mIoU_small is
# defined by classes of Cityscapes.
_base_ = 'mmseg::_base_/datasets/ade20k.py'
