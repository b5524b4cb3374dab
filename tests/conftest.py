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


# PyTorch compiles a function so many times in a process, and then no more: what one module compiled
# is not counted in the next.
@pytest.fixture(autouse=True, scope='module')
def nothing_compiled():
    yield
    if 'torch._dynamo' in sys.modules:
        torch._dynamo.reset()


@pytest.fixture(scope='session')
def fast_paths():
    """For tests that assert that an op was computed by another way than its reference."""
    from mmseg_tome.ops import chosen_backend

    if chosen_backend() == 'reference':
        pytest.skip('MMSEG_TOME_BACKEND=reference: every fast path is off')


@pytest.fixture
def matmul_by_onednn(fast_paths, monkeypatch):
    """Every matrix product in fp32 goes the way of large ones where oneDNN is the faster library.

    But for empty ones, of row tiles at the edge, which are no convolutions.
    """
    from mmseg_tome.ops import dispatch

    monkeypatch.setattr(dispatch, '_LEAST_MULTIPLICATIONS', 1)
    monkeypatch.setattr(dispatch, 'onednn_is_faster', lambda: True)
    monkeypatch.setattr(dispatch, 'chunks_are_faster', lambda: True)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(2, threads))  # on one, PyTorch convolves by MKL
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def sizes_in_bytes(fast_paths, monkeypatch):
    """Sizes of row tiles are what the constants say, in bytes instead of caches."""
    from mmseg_tome.ops.cpu import attention, ffn, head

    for module in (ffn, head, attention):
        monkeypatch.setattr(module, 'times_cache', int)
