_base_ = '../_base_/segformer_ade20k-512x512.py'
