# Loaders of people cut out by their boxes, as in the paper: batch 16 on one GPU.
# `--resume` continues exactly only if workers start anew with every epoch.
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
)
test_dataloader = val_dataloader
