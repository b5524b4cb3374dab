import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.ops import best_match, match


@pytest.mark.parametrize('rows_per_chunk', [None, 1, 7])
def test_equals_the_full_similarity_matrix(monkeypatch, rows_per_chunk):
    torch.manual_seed(0)
    src, dst = torch.randn(2, 53, 16), torch.randn(2, 11, 16)
    if rows_per_chunk is not None:
        monkeypatch.setattr(match, '_SCORES_PER_CHUNK', rows_per_chunk * 2 * 11)
    score, index = best_match(src, dst)
    full = F.cosine_similarity(src[:, :, None].double(), dst[:, None].double(), dim=-1)
    assert torch.equal(index, full.argmax(-1))
    torch.testing.assert_close(score.double(), full.amax(-1), atol=1e-6, rtol=0)


def test_tokens_of_zeros_have_similarity_zero():
    score, index = best_match(torch.zeros(1, 3, 4), torch.randn(1, 2, 4))
    assert torch.equal(score, torch.zeros(1, 3))
    assert index.max() < 2


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('autocast', [False, True])
def test_scores_are_fp32_in_low_precision(dtype, autocast):
    torch.manual_seed(0)
    src, dst = torch.randn(1, 40, 64).to(dtype), torch.randn(1, 10, 64).to(dtype)
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        score, index = best_match(src, dst)
    assert score.dtype == torch.float32
    expected_score, expected_index = best_match(src.double(), dst.double())
    assert torch.equal(index, expected_index)
    torch.testing.assert_close(score.double(), expected_score, atol=1e-6, rtol=0)


def test_decides_without_gradient():
    score, _ = best_match(torch.randn(1, 3, 4, requires_grad=True), torch.randn(1, 2, 4))
    assert not score.requires_grad
