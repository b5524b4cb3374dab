_base_ = '../_base_/segformer_cityscapes-1024x1024.py'
