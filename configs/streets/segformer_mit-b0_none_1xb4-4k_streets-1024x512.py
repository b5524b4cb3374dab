_base_ = '../_base_/segformer_streets-1024x512.py'
