"""The switch between implementations."""

import os
import subprocess
import sys

import pytest
import torch

from mmseg_tome.ops import chosen_backend, dispatch, use_backend
from tests.compat.conftest import PREAMBLE


def test_unknown_names():
    with pytest.raises(ValueError, match="backend 'cuda' is not allowed: give one of auto, torch"):
        use_backend('cuda')


def test_restores_what_was_chosen_before():
    with use_backend('auto'):
        with use_backend('torch'):
            with pytest.raises(KeyError), use_backend('auto'):
                assert chosen_backend() == 'auto'
                raise KeyError
            assert chosen_backend() == 'torch'
        assert chosen_backend() == 'auto'


def start(value: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-c', PREAMBLE + 'import mmseg_tome.ops as o; print(o.chosen_backend())'],
        env={**os.environ, 'MMSEG_TOME_BACKEND': value},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    'value, backend', [('', 'auto'), ('torch', 'torch'), ('reference', 'reference')]
)
def test_a_process_starts_with_what_the_environment_says(value, backend):
    assert start(value).stdout.strip() == backend


def test_other_values_in_the_environment_are_an_error():
    done = start('cpu')
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        "ValueError: MMSEG_TOME_BACKEND = 'cpu' is not allowed: give one of auto, torch, triton, "
        'reference'
    )


def test_the_reference_takes_no_fast_path(matmul_by_onednn, monkeypatch):
    """In inference and in training, where each would be taken without it."""
    monkeypatch.setattr(dispatch, '_LEAST_SCORES', 0)
    tokens = torch.randn(1, 8, 4)
    decisions = {
        'row tiles': lambda: dispatch.runs_row_tiles(tokens),
        'oneDNN': lambda: dispatch.runs_onednn(tokens, 4),
        'chunks': lambda: dispatch.runs_chunked_attention(tokens[None], tokens[None], 0.0),
        'training tiles': lambda: dispatch.runs_training_tiles(tokens),
        'recomputing': dispatch.recomputes,
    }
    taken = {}
    for backend in ('auto', 'reference'):
        with use_backend(backend):
            with torch.no_grad():
                inference = {name for name, decide in decisions.items() if decide()}
            training = {name for name, decide in decisions.items() if decide()}
        taken[backend] = inference | training
    assert taken == {'auto': set(decisions), 'reference': set()}
