import pytest
import torch

from mmseg_tome.ops import dispatch, use_backend


def test_automatic_choice_on_a_cpu_is_pytorch():
    assert not dispatch.runs_kernel(torch.ones(1, 2, 3))


@pytest.fixture
def no_triton(monkeypatch):
    def fail(*_):
        raise ImportError("No module named 'triton'")

    monkeypatch.setattr(dispatch.importlib, 'import_module', fail)
    monkeypatch.setattr(dispatch, '_unavailable_reasons', {})


def test_without_triton_the_choice_of_it_is_an_error(no_triton):
    with (
        use_backend('triton'),
        pytest.raises(RuntimeError, match=r"'triton' cannot run: triton cannot be imported \(No m"),
    ):
        dispatch.runs_kernel(torch.ones(1, 2, 3))


def test_without_triton_the_automatic_choice_is_pytorch(no_triton):
    assert 'triton cannot be imported' in dispatch._unavailable_reason('cuda')


def test_fp64_and_nothing_at_all_stay_with_pytorch():
    with use_backend('triton'):
        assert not dispatch.runs_kernel(torch.ones(1, 2, 3, dtype=torch.double))
        assert not dispatch.runs_kernel(torch.ones(0, 2, 3))


@pytest.mark.parametrize(
    'rows, capturing, backend, runs',
    [
        (2**15 - 1, False, 'auto', False),
        (2**15, False, 'auto', True),
        (1, True, 'auto', True),
        (1, False, 'triton', True),
    ],
)
def test_norms_of_few_tokens_are_no_launch_of_triton(monkeypatch, rows, capturing, backend, runs):
    monkeypatch.setattr(dispatch, 'runs_kernel', lambda tokens: True)
    monkeypatch.setattr(torch.cuda, 'is_current_stream_capturing', lambda: capturing)
    with use_backend(backend):
        assert dispatch.runs_norm_kernel(torch.ones(rows, 3)) == runs
        # In training PyTorch's take Python less time, there and back.
        tokens = torch.ones(rows, 3, requires_grad=True)
        assert dispatch.runs_norm_kernel(tokens) == (backend == 'triton')


def test_norms_are_no_kernel_where_none_runs(monkeypatch):
    monkeypatch.setattr(dispatch, 'runs_kernel', lambda tokens: False)
    with use_backend('auto'):
        assert not dispatch.runs_norm_kernel(torch.ones(2**16, 3))
