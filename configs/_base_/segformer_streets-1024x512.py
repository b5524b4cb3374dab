# Generated street scenes, for training on a CPU.
_base_ = [
    './models/segformer_short-schedule.py',
    './datasets/streets_1024x512.py',
    './runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size))
train_dataloader = dict(batch_size=4)
auto_scale_lr = dict(enable=False, base_batch_size=4)
