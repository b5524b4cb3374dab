_base_ = '../_base_/segformer_camvid-960x720.py'
