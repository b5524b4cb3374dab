import sys

import pytest
import torch
from mmengine.registry import DefaultScope


# Tests of mmseg and of mmpose share a process, and mmengine keeps its default scope in it: what a
# test or a fixture of its module sets is not left to others.
@pytest.fixture(autouse=True, scope='module')
def default_scope_of_modules():
    yield from _restored_scope()


@pytest.fixture(autouse=True)
def default_scope_of_tests(default_scope_of_modules):
    yield from _restored_scope()


def _restored_scope():
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)


@pytest.fixture
def products_by_onednn(monkeypatch):
    """Every product in fp32 goes the way of large ones where oneDNN is the faster library.

    But for empty ones, of strips at the edge, which are no convolutions.
    """
    # The package exports a function of the same name.
    linear = sys.modules['mmseg_tome.ops.cpu.matmul']
    monkeypatch.setattr(linear, '_LEAST_PRODUCTS', 1)
    monkeypatch.setattr(linear, '_mkl_is_slower', lambda: True)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(2, threads))  # on one, PyTorch convolves by MKL
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def sizes_in_bytes(monkeypatch):
    """Sizes of strips are what the constants say, in bytes instead of caches."""
    for name in ('ffn', 'head', 'attention'):
        monkeypatch.setattr(sys.modules[f'mmseg_tome.ops.{name}'], 'times_cache', int)
