"""The switch between implementations."""

import pytest

from mmseg_tome.ops import chosen_backend, use_backend


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
