"""What docs/deploy.md says to run where there is no PyTorch, run where it cannot be imported."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmseg_tome.deploy.runtimes import open_exported
from tests.deploy.models import picture, tiny_segmentor

ROOT = Path(__file__).resolve().parents[2]
PYTHON = re.compile(r'^```python\n(.*?)^```', re.DOTALL | re.MULTILINE)
MISSING = ['torch', 'torchvision', 'mmengine', 'mmcv', 'mmseg', 'mmseg_tome']


def block(holds: str) -> str:
    page = (ROOT / 'docs' / 'deploy.md').read_text(encoding='utf-8')
    (code,) = (code for code in PYTHON.findall(page) if holds in code)
    return code


@pytest.mark.parametrize(('fmt', 'package'), [('onnx', 'onnxruntime'), ('openvino', 'openvino')])
def test_from_a_picture_to_a_colored_mask_without_torch(exported, tmp_path, fmt, package):
    path = exported(fmt, 'n2d_2x2', normalize=True, output='classes')
    for suffix in (path.suffix, '.bin'):
        if path.with_suffix(suffix).is_file():
            shutil.copy(path.with_suffix(suffix), tmp_path / f'model{suffix}')
    image = picture(192, 256)[0].numpy()
    cv2.imwrite(str(tmp_path / 'street.png'), image)
    code = block(f'import {package}\n')
    assert len([line for line in code.splitlines() if line]) <= 20
    code = f'import sys; sys.modules.update(dict.fromkeys({MISSING}))\n{code}'
    command = [sys.executable, '-c', code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    mask = cv2.imread(str(tmp_path / 'mask.png'))
    assert mask.shape == image.shape
    runtime = open_exported(path)
    (classes,) = runtime(cv2.resize(image, (128, 96))[None])
    palette = np.array(runtime.metadata.palette, np.uint8)[:, ::-1]
    expected = cv2.resize(palette[classes], (256, 192), interpolation=cv2.INTER_NEAREST)
    assert (mask == expected).all()


def test_from_python(tmp_path, monkeypatch):
    pytest.importorskip('onnxscript')
    pytest.importorskip('onnxruntime')
    monkeypatch.chdir(tmp_path)
    model, images = tiny_segmentor('hq'), torch.rand(1, 3, 96, 128)
    names = {'model': model, 'images': images.numpy()}
    exec(block('export_model(model'), names)
    with torch.no_grad():
        assert np.abs(names['scores'] - model(images).numpy()).max() < 1e-2
