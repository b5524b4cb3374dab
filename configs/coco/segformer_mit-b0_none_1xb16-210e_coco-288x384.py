_base_ = '../_base_/segformer_coco-288x384.py'
