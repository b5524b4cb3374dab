# data/jbd as `python tools/convert_jbd.py data/jbd` leaves it; docs/pose.md says more.
_base_ = ['../_base_/models/mit_b0.py', '../_base_/segformer_jbd-480x640.py']
model = dict(backbone=_base_.mit, head=dict(in_channels=_base_.in_channels))
