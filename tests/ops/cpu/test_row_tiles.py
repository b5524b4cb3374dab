"""Sizes of row tiles, from the caches of the CPU."""

import pytest
import torch

from mmseg_tome.ops.cpu import row_tiles
from mmseg_tome.ops.cpu.row_tiles import times_cache


@pytest.fixture
def capabilities(monkeypatch):
    values = {}
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: values, raising=False)
    monkeypatch.setattr(row_tiles, 'l2_bytes', row_tiles.l2_bytes.__wrapped__)
    return values


def test_grows_with_the_cache_and_the_threads(monkeypatch, capabilities):
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 2)
    capabilities['l2_cache_size'] = 2**21
    assert times_cache(1.5) == 6 * 2**20
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    assert times_cache(1.5) == 3 * 2**20
    capabilities['l2_cache_size'] = 2**19
    assert times_cache(1.5) == 3 * 2**18


def test_stays_below_what_the_allocator_keeps(monkeypatch, capabilities):
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 64)
    capabilities['l2_cache_size'] = 2**20
    assert times_cache(2) == 16 * 2**20


@pytest.mark.parametrize('told', [{}, {'l2_cache_size': 0}])
def test_where_the_cache_is_not_known(monkeypatch, capabilities, told):
    capabilities.update(told)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 2)
    assert times_cache(1) == 2 * 2**20
    monkeypatch.delattr(torch.cpu, 'get_capabilities')  # older versions of PyTorch
    assert times_cache(1) == 2 * 2**20
