# SegFormer for training in minutes or an hour, too short to overfit.
_base_ = './segformer.py'
model = dict(
    backbone=dict(drop_path_rate=0.0),
    # Small classes are a few pixels in a hundred: cross entropy alone takes long to see them.
    decode_head=dict(
        dropout_ratio=0.0,
        loss_decode=[
            dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            dict(type='TverskyLoss', alpha=0.5, beta=0.5, loss_weight=1.0),
        ],
    ),
)
