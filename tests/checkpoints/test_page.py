"""What docs/checkpoints.md says to type."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from tests.checkpoints.models import hugging_face

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'checkpoints.md'
BASE = """
_base_ = 'mmseg::segformer/segformer_mit-b2_8xb1-160k_cityscapes-1024x1024.py'
custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)
"""


def test_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    theirs = hugging_face('SegformerForImageClassification', 'b2', classes=2).float()
    theirs.save_pretrained('nvidia/mit-b2')
    code = PAGE.read_text(encoding='utf-8').split('```python\n')[1].split('```')[0]
    Path('config.py').write_text(BASE + code)
    init_default_scope('mmseg')
    model = MODELS.build(Config.fromfile('config.py').model)
    model.init_weights()
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        expected = theirs(image, output_hidden_states=True).hidden_states
        for actual, level in zip(model.eval().backbone(image), expected, strict=True):
            torch.testing.assert_close(actual, level, rtol=1e-3, atol=1e-3)
