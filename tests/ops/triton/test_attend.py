"""Attention with a bias per key."""

import pytest
import torch

from mmseg_tome.ops import scaled_dot_product_attention, use_backend
from mmseg_tome.ops.twice import plain_attention
from tests.baselines.stock import relative_difference

from .accuracy import check_accuracy, counted_runs, on_gpu

HALVES = [torch.float16, torch.bfloat16]


def inputs(device, dtype, b=2, heads=3, n=50, m=37, d=32) -> tuple[torch.Tensor, ...]:
    """Queries, keys and values as projections give them, and logs of sizes of slots."""
    generator = torch.Generator().manual_seed(n + m)
    qkv = (torch.randn(b, rows, heads, d, generator=generator) for rows in (n, m, m))
    sizes = torch.randint(1, 40, (b, m), generator=generator)
    return *(x.to(device, dtype).transpose(1, 2) for x in qkv), sizes.to(device).float().log()


def attend(q, k, v, key_bias):
    return scaled_dot_product_attention(q, k, v, key_bias=key_bias)


@pytest.mark.parametrize('dtype', HALVES)
@pytest.mark.parametrize(
    'shape',
    [
        dict(),
        dict(b=1, heads=1, n=1, m=1, d=8),
        dict(b=1, heads=2, n=130, m=65, d=20),  # several blocks, and channels that fill none
        dict(b=1, heads=1, n=17, m=200, d=64),
        pytest.param(dict(b=2, heads=1, n=16384, m=410, d=64), marks=on_gpu),
        pytest.param(dict(b=8, heads=1, n=16384, m=308, d=32), marks=on_gpu),
        pytest.param(dict(b=1, heads=5, n=819, m=1024, d=64), marks=on_gpu),
        pytest.param(dict(b=1, heads=2, n=3001, m=333, d=128), marks=on_gpu),
    ],
)
def test_values(device, dtype, shape):
    q, k, v, key_bias = inputs(device, dtype, **shape)
    with torch.no_grad():
        with counted_runs() as ran:
            out = attend(q, k, v, key_bias)
        # PyTorch's own rounds the bias to the dtype of the queries; this one does not.
        exact = plain_attention(q.double(), k.double(), v.double(), key_bias.double())
        with use_backend('torch'):
            plain = attend(q, k, v, key_bias)
    assert ran == {'attend_weighted': 1}
    check_accuracy(out, plain, exact)


@pytest.mark.parametrize('dtype', HALVES)
def test_a_weighted_key_counts_as_so_many(device, dtype):
    q, k, v, key_bias = inputs(device, dtype)
    sizes = key_bias.exp().round().long()
    with torch.no_grad(), counted_runs() as ran:
        out = attend(q, k, v, key_bias)
    assert ran
    for image, size in enumerate(sizes):
        of = [x[image : image + 1].double() for x in (q, k, v)]
        many = [x.repeat_interleave(size, 2) for x in of[1:]]
        error = relative_difference(out[image : image + 1], plain_attention(of[0], *many))
        assert error < torch.finfo(dtype).eps


def test_large_logits_and_biases(device):
    q, k, v, key_bias = inputs(device, torch.float16)
    with torch.no_grad(), counted_runs() as ran:
        out = attend(50 * q, k, v, key_bias + 1000)
    exact = plain_attention(50 * q.double(), k.double(), v.double(), key_bias.double())
    assert ran and relative_difference(out, exact) < 2e-3


def test_layout_does_not_matter(device):
    q, k, v, key_bias = inputs(device, torch.float16)
    with torch.no_grad(), counted_runs() as ran:
        expected = attend(q, k, v, key_bias)
        laid_out = [x.contiguous() for x in (q, k)]
        out = attend(*laid_out, v.mT.contiguous().mT, key_bias.t().contiguous().t())
    assert ran == {'attend_weighted': 2}
    assert torch.equal(out, expected)


def test_tokens_are_a_view(device):
    q, k, v, key_bias = inputs(device, torch.float16)
    with torch.no_grad():
        tokens = attend(q, k, v, key_bias).transpose(1, 2)
    assert tokens.is_contiguous()


@pytest.mark.parametrize('dtype', HALVES)
def test_runs_are_equal_to_the_last_bit(device, dtype):
    of = inputs(device, dtype)
    with torch.no_grad():
        assert torch.equal(attend(*of), attend(*of))


def test_gradients_dropout_and_fp32_are_left_to_pytorch(device):
    q, k, v, key_bias = inputs(device, torch.float16)
    with counted_runs() as ran:
        attend(q.requires_grad_(), k, v, key_bias).sum().backward()
        with torch.no_grad():
            scaled_dot_product_attention(q, k, v, dropout_p=0.5, key_bias=key_bias)
            attend(q.float(), k.float(), v.float(), key_bias)
    assert not ran and q.grad is not None


def test_shapes_that_do_not_match_are_an_error(device):
    q, k, v, key_bias = inputs(device, torch.float16)
    with torch.no_grad(), pytest.raises(ValueError, match='key_bias have shapes'):
        attend(q, k, v, key_bias[:, 1:])


def test_compiled_without_a_graph_break(device):
    of = inputs(device, torch.float16)
    torch._dynamo.reset()
    with torch.no_grad(), counted_runs() as ran:
        compiled = torch.compile(attend, fullgraph=True, backend='aot_eager')(*of)
        assert torch.equal(compiled, attend(*of))
    assert ran == {'attend_weighted': 2}
