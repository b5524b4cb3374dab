_base_ = '../_base_/segformer_jbd-480x640.py'
