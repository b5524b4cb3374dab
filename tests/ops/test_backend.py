import pytest
import torch

from mmseg_tome.ops import backend, use_backend


def test_unknown_names():
    with pytest.raises(ValueError, match="backend 'cuda' is not allowed: give one of auto, torch"):
        use_backend('cuda')


def test_restores_what_was_chosen_before():
    with use_backend('torch'):
        with pytest.raises(KeyError), use_backend('auto'):
            assert backend._backend == 'auto'
            raise KeyError
        assert backend._backend == 'torch'
    assert backend._backend == 'auto'


def test_automatic_choice_on_a_cpu_is_pytorch():
    assert not backend.runs_kernel(torch.ones(1, 2, 3))


@pytest.fixture
def no_triton(monkeypatch):
    def fail(*_):
        raise ImportError("No module named 'triton'")

    monkeypatch.setattr(backend.importlib, 'import_module', fail)
    monkeypatch.setattr(backend, '_obstacles', {})


def test_without_triton_the_choice_of_it_is_an_error(no_triton):
    with (
        use_backend('triton'),
        pytest.raises(RuntimeError, match=r"'triton' cannot run: triton cannot be imported \(No m"),
    ):
        backend.runs_kernel(torch.ones(1, 2, 3))


def test_without_triton_the_automatic_choice_is_pytorch(no_triton):
    assert 'triton cannot be imported' in backend._obstacle('cuda')


def test_fp64_and_nothing_at_all_stay_with_pytorch():
    with use_backend('triton'):
        assert not backend.runs_kernel(torch.ones(1, 2, 3, dtype=torch.double))
        assert not backend.runs_kernel(torch.ones(0, 2, 3))
