"""What docs/transformers.md says to type runs as printed, on random weights and drawn data."""

import os

import cv2
import numpy as np
import pytest
import torch

from mmseg_tome import apply_tome
from tests.integrations.transformers.models import build
from tests.test_docs import block

transformers = pytest.importorskip('transformers', exc_type=ImportError)
Image = pytest.importorskip('PIL.Image')

PAGE = 'docs/transformers.md'


def run(holds: str, **replaced: str) -> dict:
    code = block(PAGE, holds)
    for old, new in replaced.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    space: dict = {}
    exec(compile(code, PAGE, 'exec'), space)
    return space


def test_prediction(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = build().float()
    model.save_pretrained('folder')
    processor = transformers.SegformerImageProcessor(size={'height': 64, 'width': 96})
    processor.save_pretrained('folder')
    picture = np.random.default_rng(0).integers(0, 255, (50, 91, 3), np.uint8)
    cv2.imwrite('street.png', picture[..., ::-1])
    run('classes.png', **{"'nvidia/segformer-b5-finetuned-cityscapes-1024-1024'": "'folder'"})
    with torch.no_grad():
        pixels = processor(Image.fromarray(picture), return_tensors='pt').pixel_values
        scores = apply_tome(model, 'balanced')(pixels).logits
    size = dict(size=(50, 91), mode='bilinear', align_corners=False)
    expected = torch.nn.functional.interpolate(scores, **size)[0].argmax(dim=0)
    assert len(expected.unique()) > 1
    assert np.array_equal(np.asarray(Image.open('classes.png')), expected.numpy())


def test_fine_tuning(tmp_path, monkeypatch):
    from demo.scenes.streets import render_street

    pytest.importorskip('accelerate', exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    model = build('SegformerForImageClassification').float()
    model.save_pretrained('folder')
    transformers.SegformerImageProcessor().save_pretrained('folder')
    for split, seeds in (('train', (0, 1, 2)), ('val', (3,))):
        for kind in ('images', 'masks'):
            os.makedirs(f'data/mine/{kind}/{split}')
        for seed in seeds:
            image, labels = render_street(seed, size=(128, 64))
            mask = np.where(labels < 19, labels % 3, 255).astype(np.uint8)
            cv2.imwrite(f'data/mine/images/{split}/{seed:04}.jpg', image)
            cv2.imwrite(f'data/mine/masks/{split}/{seed:04}.png', mask)
    size = {'height=256, width=512': 'height=64, width=128'}
    steps = {'max_steps=2000': 'max_steps=3', 'eval_steps=500': 'eval_steps=3'}
    trainer = run('Trainer(', **{"'nvidia/mit-b0'": "'folder'"}, **size, **steps)['trainer']
    (evaluated,) = (log['eval_loss'] for log in trainer.state.log_history if 'eval_loss' in log)
    assert np.isfinite(evaluated)
    loaded = transformers.SegformerForSemanticSegmentation.from_pretrained('mine')
    assert loaded.config.id2label == {0: 'ground', 1: 'leaf', 2: 'fruit'}
    encoder = model.segformer.state_dict()
    tuned = loaded.segformer.state_dict()
    assert encoder.keys() == tuned.keys()
    assert 0 < sum((tuned[name] - encoder[name]).norm() for name in encoder) < 1
    assert transformers.AutoImageProcessor.from_pretrained('mine').do_reduce_labels is False
