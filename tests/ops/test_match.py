import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import best_match, match


def first_are_sources(a: int, d: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.arange(a), torch.arange(a, a + d)


@pytest.mark.parametrize('rows_per_chunk', [None, 1, 7])
def test_equals_the_full_similarity_matrix(monkeypatch, rows_per_chunk):
    torch.manual_seed(0)
    tokens = torch.randn(2, 64, 16)
    dst_index = torch.arange(3, 58, 5)
    src_index = torch.tensor([i for i in range(64) if i not in dst_index])
    if rows_per_chunk is not None:
        monkeypatch.setattr(match, '_SCORES_PER_CHUNK', rows_per_chunk * 2 * 11)
    score, index = best_match(tokens, src_index, dst_index)
    src, dst = tokens[:, src_index].double(), tokens[:, dst_index].double()
    full = F.cosine_similarity(src[:, :, None], dst[:, None], dim=-1)
    assert torch.equal(index, full.argmax(-1))
    torch.testing.assert_close(score.double(), full.amax(-1), atol=1e-6, rtol=0)


def test_tokens_of_zeros_have_similarity_zero():
    tokens = torch.cat([torch.zeros(1, 3, 4), torch.randn(1, 2, 4)], 1)
    score, index = best_match(tokens, *first_are_sources(3, 2))
    assert torch.equal(score, torch.zeros(1, 3))
    assert index.max() < 2


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('autocast', [False, True])
def test_scores_are_fp32_in_low_precision(dtype, autocast):
    torch.manual_seed(0)
    tokens = torch.randn(1, 50, 64).to(dtype)
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        score, index = best_match(tokens, *first_are_sources(40, 10))
    assert score.dtype == torch.float32
    expected_score, expected_index = best_match(tokens.double(), *first_are_sources(40, 10))
    assert torch.equal(index, expected_index)
    torch.testing.assert_close(score.double(), expected_score, atol=1e-6, rtol=0)


def test_decides_without_gradient():
    score, _ = best_match(torch.randn(1, 5, 4, requires_grad=True), *first_are_sources(3, 2))
    assert not score.requires_grad
