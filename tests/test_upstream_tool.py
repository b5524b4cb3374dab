"""The tool that runs the tests of a checkout of MMSegmentation with our classes."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('mmseg')
TOOL = Path(__file__).resolve().parents[1] / 'tools' / 'dev' / 'upstream_tests.py'
TESTS = """
import torch
from mmseg import models
from mmseg.models.backbones.mit import (
    EfficientMultiheadAttention, MixFFN, MixVisionTransformer, TransformerEncoderLayer
)
from mmseg.models.decode_heads import SegformerHead
from mmseg.models.segmentors import EncoderDecoder

CLASSES = (
    EfficientMultiheadAttention, MixFFN, MixVisionTransformer, TransformerEncoderLayer,
    SegformerHead, EncoderDecoder, models.EncoderDecoder
)

def test_both():
    assert MixFFN(8, 16)(torch.ones(1, 6, 8), (2, 3)).shape == (1, 6, 8)

def test_of_stock():
    assert {cls.__module__.split('.')[0] for cls in CLASSES} == {'mmseg'}

def test_of_ours():
    assert {cls.__module__.split('.')[0] for cls in CLASSES} == {'mmseg_tome'}

def test_neither():
    raise AssertionError

def test_left_out():
    pass
"""


def test_says_what_passes_with_stock_alone(tmp_path):
    (tmp_path / 'tests').mkdir()
    (tmp_path / 'tests' / '__init__.py').touch()
    (tmp_path / 'tests' / 'test_classes.py').write_text(TESTS)
    command = [sys.executable, str(TOOL), str(tmp_path), '-p', 'no:xdist', '-k', 'not left_out']
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    test = 'tests/test_classes.py::test_of_stock'
    assert done.stdout.splitlines()[-3:] == [
        'stock: 2 failed, 2 passed',
        'ours: 2 failed, 2 passed',
        f'passes with stock, not with ours: {test}: failed',
    ]


def test_refuses_what_has_no_tests(tmp_path):
    command = [sys.executable, str(TOOL), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert 'is not a checkout: there is no folder `tests`' in done.stderr
