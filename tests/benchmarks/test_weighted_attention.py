"""The candidates for weighted keys, against the definition and against keys that are repeated."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as attention

from benchmarks.weighted_attention import by_extra_channels, by_score_mod
from mmseg_tome import ops
from mmseg_tome.ops.twice import plain_attention
from tests.baselines.stock import relative_difference
from tests.gpu import needs_gpu

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
# On CPUs FlexAttention runs uncompiled here, and says so.
pytestmark = pytest.mark.filterwarnings('ignore:flex_attention called without')


def inputs(d: int, dtype=torch.double, requires_grad: bool = False) -> tuple:
    """Queries, keys, values, and sizes of the slots of keys: 2 images, 3 heads, 37 keys."""
    generator = torch.Generator().manual_seed(d)
    tokens = [torch.randn(2, 3, n, d, generator=generator) for n in (50, 37, 37)]
    sizes = torch.randint(1, 40, (2, 37), generator=generator)
    qkv = [x.to(DEVICE, dtype).requires_grad_(requires_grad) for x in tokens]
    return *qkv, sizes.to(DEVICE)


@pytest.mark.parametrize('d', [5, 6, 32, 64])
def test_extra_channels_are_exact(d):
    q, k, v, sizes = inputs(d, requires_grad=True)
    bias = sizes.double().log()
    actual, expected = (attend(q, k, v, bias) for attend in (by_extra_channels, plain_attention))
    assert relative_difference(actual, expected) < 1e-13
    weight = torch.randn_like(actual)
    gradients = [torch.autograd.grad((out * weight).sum(), (q, k, v)) for out in (actual, expected)]
    for one, other in zip(*gradients, strict=True):
        assert relative_difference(one, other) < 1e-13


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
def test_extra_channels_keep_the_bias_in_low_precision(dtype):
    """With queries of zeros, the bias alone decides."""
    q, k, v, sizes = inputs(32, dtype)
    q, bias = torch.zeros_like(q), sizes.float().log()
    share = (sizes / sizes.sum(1, keepdim=True)).double()
    expected = (share[:, None, None] @ v.double()).expand_as(v[:, :, :1].expand_as(q))
    error = relative_difference(by_extra_channels(q, k, v, bias), expected)
    # A result is rounded once, to `dtype`; weights may be too, before they are multiplied; and 37
    # products are added up.
    assert error < 4 * torch.finfo(dtype).eps
    if dtype == torch.bfloat16:
        assert error < relative_difference(by_one_channel(q, k, v, bias), expected)


def by_one_channel(q, k, v, bias):
    """The bias rounded to the keys' dtype, as extra channels of one part would have it."""
    return by_extra_channels(q, k, v, (bias * 32**0.5).to(k.dtype).float() / 32**0.5)


@pytest.mark.parametrize('attend', [by_extra_channels, by_score_mod])
def test_a_weighted_key_counts_as_so_many(attend):
    q, k, v, sizes = inputs(16, torch.float32)
    out = attend(q, k, v, sizes.float().log())
    for image, size in enumerate(sizes):
        of = [x[image : image + 1].double() for x in (q, k, v)]
        many = [x.repeat_interleave(size, 2) for x in of[1:]]
        assert relative_difference(out[image : image + 1], attention(of[0], *many)) < 1e-6


@pytest.mark.parametrize('requires_grad', [False, pytest.param(True, marks=needs_gpu)])
def test_score_mod_equals_the_definition(requires_grad):
    torch.compiler.reset()
    q, k, v, sizes = inputs(32, torch.float32, requires_grad)
    bias = sizes.float().log()
    outs = by_score_mod(q, k, v, bias), plain_attention(q, k, v, bias)
    assert relative_difference(*outs) < 1e-5
    if requires_grad:
        weight = torch.randn_like(q)
        gradients = [torch.autograd.grad((out * weight).sum(), (q, k, v)) for out in outs]
        for one, other in zip(*gradients, strict=True):
            assert relative_difference(one, other) < 1e-5


@needs_gpu
@pytest.mark.parametrize('d', [32, 64])
def test_flash_attention_takes_extra_channels_and_no_mask(d):
    q, k, v, sizes = inputs(d, torch.bfloat16)
    bias = sizes.float().log()
    expected = plain_attention(*(x.double() for x in (q, k, v)), bias.double())
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        assert relative_difference(by_extra_channels(q, k, v, bias), expected) < 2e-2
        with ops.use_backend('torch'), pytest.raises(RuntimeError):
            ops.scaled_dot_product_attention(q, k, v, 0.0, bias)
