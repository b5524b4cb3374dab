"""The kernels run compiled on a GPU where there is one, and in Triton's interpreter elsewhere."""

import importlib.util

import pytest
import torch

from mmseg_tome.ops import use_backend

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


@pytest.fixture(autouse=True)
def kernels(fast_paths, monkeypatch):
    """Every test here runs kernels, unless it chooses another backend."""
    if importlib.util.find_spec('triton') is None:
        pytest.skip('triton is not installed')
    # PyTorch's convolutions would round fp32 to 11 bits, and be no reference.
    monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', False)
    with use_backend('triton'):
        yield


@pytest.fixture
def device() -> str:
    return DEVICE
