_base_ = '../_base_/segformer_ade20k-640x640.py'
