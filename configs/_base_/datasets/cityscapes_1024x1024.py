# Cityscapes in crops of 1024×1024, tested with mIoU_small beside mIoU.
_base_ = 'mmseg::_base_/datasets/cityscapes_1024x1024.py'
train_dataloader = dict(num_workers=4)
val_evaluator = dict(type='SmallIoUMetric')
test_evaluator = val_evaluator
