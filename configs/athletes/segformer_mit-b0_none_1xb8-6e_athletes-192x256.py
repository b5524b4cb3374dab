_base_ = '../_base_/segformer_athletes-192x256.py'
