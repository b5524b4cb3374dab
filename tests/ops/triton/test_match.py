import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import best_match, use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu


def split(n: int, d: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Places of n - d sources and d destinations, neither of them in a row."""
    places = torch.randperm(n, generator=torch.Generator().manual_seed(n)).to(device)
    return places[d:], places[:d]


@pytest.fixture(params=['small blocks', pytest.param('large blocks', marks=on_gpu)])
def blocks(request, monkeypatch):
    """Small ones are several, also of what the interpreter can take."""
    if request.param == 'small blocks':
        from mmseg_tome.ops.triton import match as kernels

        monkeypatch.setattr(kernels, '_BLOCKS', {2: (16, 16, 16), 4: (16, 16, 16)})


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    'b, n, d, c',
    [
        (1, 2, 1, 1),
        (2, 53, 11, 16),
        (3, 70, 33, 35),
        pytest.param(2, 4096, 256, 320, marks=on_gpu),
        pytest.param(1, 9999, 777, 512, marks=on_gpu),
    ],
)
def test_finds_the_best(device, dtype, b, n, d, c):
    torch.manual_seed(0)
    tokens = torch.randn(b, n, c).to(device, dtype)
    src_index, dst_index = split(n, d, device)
    with counted_runs() as ran:
        plain, (score, match), exact = on_both(best_match, tokens, src_index, dst_index)
    assert ran == {'best_match': 1}
    assert match.dtype == plain[1].dtype and match.min() >= 0 and match.max() < d
    check_accuracy(score, plain[0], exact[0])
    # A near-tie may turn around; then both are about equally similar.
    doubles = F.normalize(tokens.double(), dim=-1)
    chosen = (
        doubles[:, src_index]
        * doubles[:, dst_index].gather(1, match.unsqueeze(2).expand(-1, -1, c))
    ).sum(2)
    assert (exact[0] - chosen).max() < 1e-6


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize('dtype', DTYPES)
def test_of_equal_similarities_the_first_wins(device, dtype):
    torch.manual_seed(0)
    # Every destination is there three times, in one block or in several.
    dst = torch.randn(1, 20, 20).repeat(1, 3, 1)
    tokens = torch.cat([dst, torch.randn(1, 9, 20)], 1).to(device, dtype)
    src_index, dst_index = torch.arange(60, 69, device=device), torch.arange(60, device=device)
    plain, (_, match), _ = on_both(best_match, tokens, src_index, dst_index)
    assert torch.equal(match, plain[1]) and match.max() < 20


@pytest.mark.parametrize('dtype', DTYPES)
def test_equal_tokens_all_match_the_first(device, dtype):
    tokens = torch.full((2, 40, 7), 0.37).to(device, dtype)
    score, match = best_match(tokens, *split(40, 19, device))
    assert not match.any()
    torch.testing.assert_close(score, torch.ones_like(score))


def test_zeros_have_similarity_zero(device):
    torch.manual_seed(0)
    tokens = torch.randn(1, 30, 8, device=device)
    src_index, dst_index = split(30, 10, device)
    tokens[:, src_index[:3]] = 0
    tokens[:, dst_index[4]] = 0
    plain, (score, match), _ = on_both(best_match, tokens, src_index, dst_index)
    assert not score[:, :3].any() and not match[:, :3].any()
    torch.testing.assert_close(score, plain[0])
    assert torch.equal(match, plain[1])


def test_tiny_and_large_tokens(device):
    """Norms near the epsilon of F.normalize, and products near the end of fp16's range."""
    torch.manual_seed(0)
    src_index, dst_index = split(30, 10, device)
    for scale, dtype in ((1e-14, torch.float32), (1e4, torch.float16)):
        tokens = (torch.randn(1, 30, 8) * scale).to(device, dtype)
        plain, actual, exact = on_both(best_match, tokens, src_index, dst_index)
        assert torch.equal(actual[1], plain[1])
        check_accuracy(actual[0], plain[0], exact[0])


def test_not_a_number_gives_valid_indices(device):
    """Training under a gradient scaler meets it, and is to skip the step, not to crash."""
    torch.manual_seed(0)
    tokens = torch.randn(2, 30, 8, device=device)
    src_index, dst_index = split(30, 10, device)
    tokens[0, src_index[2]] = tokens[0, dst_index[3]] = torch.nan
    tokens[1] = torch.nan
    _, match = best_match(tokens, src_index, dst_index)
    assert match.min() >= 0 and match.max() < 10


def test_layout_and_grad_mode_do_not_matter(device):
    torch.manual_seed(0)
    tokens = torch.randn(2, 8, 30, device=device, requires_grad=True).transpose(1, 2)
    index = split(30, 10, device)
    score, match = best_match(tokens, *index)
    assert not score.requires_grad
    with torch.autocast(device, torch.bfloat16):
        again = best_match(tokens.contiguous(), *index)
    assert torch.equal(score, again[0]) and torch.equal(match, again[1])


def test_fp64_stays_with_pytorch(device):
    tokens = torch.randn(1, 30, 8, dtype=torch.double, device=device)
    with counted_runs() as ran:
        score, _ = best_match(tokens, *split(30, 10, device))
    assert score.dtype == torch.double and not ran


def test_pytorch_can_be_chosen(device):
    with counted_runs() as ran, use_backend('torch'):
        best_match(torch.randn(1, 30, 8, device=device), *split(30, 10, device))
    assert not ran
