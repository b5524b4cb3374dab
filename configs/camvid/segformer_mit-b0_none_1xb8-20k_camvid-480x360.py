_base_ = '../_base_/segformer_camvid-480x360.py'
