# CamVid is not in the paper. Crops are of the images' full size; tests see whole images.
_base_ = ['./models/segformer.py', './datasets/camvid_960x720.py', './runtime.py']
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=11),
)
auto_scale_lr = dict(enable=False, base_batch_size=8)
