"""What the benchmark of kernels measures: steps, shapes, inputs, and every way to compute them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.merging.cells import partition
from mmseg_tome.ops import (
    PointwiseLayer,
    add_levels,
    assign_slots,
    best_local_match,
    best_match,
    depthwise_gelu,
    layer_norm,
    merge_tokens,
    pool_tokens,
    scaled_dot_product_attention,
    unmerge_tokens,
    unpool_tokens,
    use_backend,
)

from .weighted_attention import by_extra_channels, by_score_mod

# Cells that a windowed match looks at, in a row.
_WINDOW = 3


@dataclass(frozen=True)
class Shape:
    """A batch of token maps, and what is done with them.

    Args:
        name: What to call it.
        b: Images.
        h: Height of the map.
        w: Width of the map.
        c: Channels.
        r: Reduction rate, where it is merged.
        cell: Side of a cell or window, where it is merged.
        keys: Keys after merging, where it attends.
        heads: Heads, where it attends.
    """

    name: str
    b: int
    h: int
    w: int
    c: int
    r: float = 0.0
    cell: int = 0
    keys: int = 0
    heads: int = 1


class Way(NamedTuple):
    """A way to compute a step: a function of the inputs, to be called in a context."""

    context: Callable[[], AbstractContextManager]
    run: Callable[..., tuple[Tensor, ...]]


# What HQ merges in B5: eight images of 1024x1024, or one of 3840x2160.
MERGED = [
    Shape('8 x 1024x1024, queries of stage 3', 8, 64, 64, 320, 0.8, 4),
    Shape('1 x 3840x2160, queries of stage 3', 1, 135, 240, 320, 0.8, 4),
    Shape('8 x 1024x1024, keys of stage 1', 8, 32, 32, 64, 0.6, 2),
    Shape('8 x 1024x1024, queries of stage 4', 8, 32, 32, 512, 0.8, 4),
]
# A window makes the queries of the first stages affordable too.
WINDOWED = [
    *MERGED[:2],
    MERGED[3],
    Shape('8 x 1024x1024, queries of stage 1', 8, 256, 256, 64, 0.8, 4),
    Shape('1 x 3840x2160, queries of stage 1', 1, 540, 960, 64, 0.8, 4),
    Shape('8 x 1024x1024, queries of stage 2 by 2x2', 8, 128, 128, 128, 0.6, 2),
]
# The queries of the strategies with pooling; in UHD, windows at the border are smaller.
POOLED = [
    Shape('8 x 1024x1024, queries of stage 3', 8, 64, 64, 320, cell=2),
    Shape('8 x 1024x1024, queries of stage 1', 8, 256, 256, 64, cell=2),
    Shape('1 x 3840x2160, queries of stage 3', 1, 135, 240, 320, cell=2),
]
# The keys of HQ, and of `balanced` with its pooled queries.
ATTENDED = [
    Shape('8 x 1024x1024, stage 1', 8, 256, 256, 64, keys=410),
    Shape('8 x 1024x1024, stage 1, pooled', 8, 128, 128, 64, keys=308),
    Shape('8 x 1024x1024, stage 2', 8, 128, 128, 128, keys=410, heads=2),
    Shape('1 x 3840x2160, stage 1, pooled', 1, 270, 480, 64, keys=2412),
]
# The hidden maps of its FFNs.
HIDDEN = [
    Shape('8 x 1024x1024, FFN of stage 3', 8, 64, 64, 1280),
    Shape('8 x 1024x1024, FFN of stage 1', 8, 256, 256, 256),
    Shape('1 x 3840x2160, FFN of stage 3', 1, 135, 240, 1280),
]
# What its norms take: before attention and FFNs, and after the spatial reduction.
NORMED = [
    Shape('8 x 1024x1024, stage 1', 8, 256, 256, 64),
    Shape('8 x 1024x1024, stage 3', 8, 64, 64, 320),
    Shape('8 x 1024x1024, stage 4', 8, 32, 32, 512),
    Shape('8 x 1024x1024, keys of stage 1', 8, 32, 32, 64),
]
# The largest level of its head; the others are a half, a quarter and an eighth as high and wide.
FUSED = [
    Shape('8 x 1024x1024, fusion of 4 levels', 8, 256, 256, 256),
    Shape('1 x 3840x2160, fusion of 4 levels', 1, 540, 960, 256),
]
STEPS = {
    'match': MERGED,
    'windowed match': WINDOWED,
    'weighted attention': ATTENDED,
    'weighted attention and backward': ATTENDED[:1],
    'unweighted attention': ATTENDED,
    'assign': MERGED,
    'merge': MERGED,
    'unmerge': MERGED,
    'pool': POOLED,
    'unpool': POOLED,
    'depthwise': HIDDEN,
    'depthwise and backward': HIDDEN,
    'norm': NORMED,
    'norm and backward': NORMED[:2],
    'fuse': FUSED,
}


def ways_of(
    step: str, shape: Shape, dtype: torch.dtype, device: str
) -> tuple[list[Tensor], dict[str, Way]]:
    """Find what a step is measured on, and how.

    Returns:
        Random inputs in fp32, and ways by name. The first, ``'torch'``, is the one that the others
        are compared with.
    """
    generator = torch.Generator(device).manual_seed(0)

    def random(*size: int) -> Tensor:
        return torch.randn(size, device=device, generator=generator)

    torch_alone = partial(use_backend, 'torch')
    if step.endswith(('attention', 'attention and backward')):
        inputs, run, bias = _attention(step, shape, random)
        ways = {'torch': Way(torch_alone, partial(run, scaled_dot_product_attention))}
        if bias:
            if 'backward' not in step and dtype.itemsize == 2:
                fused = partial(use_backend, 'triton')
                ways['triton'] = Way(fused, partial(run, scaled_dot_product_attention))
            ways['torch, extra channels'] = Way(torch_alone, partial(run, by_extra_channels))
            if device != 'cpu' or 'backward' not in step:
                ways['torch, score_mod'] = Way(_compiling_anew, partial(run, by_score_mod))
        return inputs, ways
    of_step = {
        'depthwise': _depthwise,
        'norm': _norm,
        'pool': _pooling,
        'unpool': _pooling,
        'fuse': partial(_fusion, dtype),
    }
    by_step = of_step.get(step.split()[0], _merging)
    inputs, run = by_step(step, shape, random)
    ways = {name: Way(partial(use_backend, name), run) for name in ('torch', 'triton')}
    if step.endswith('match') and dtype == torch.float32:
        ways['triton, tf32x3'] = Way(_tf32x3, run)
    return inputs, ways


def _attention(step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    d, backward = shape.c // shape.heads, 'backward' in step
    sizes = [shape.h * shape.w, shape.keys, shape.keys]
    # As projections give them: heads are beside channels in memory.
    qkv = [random(shape.b, n, shape.heads, d).transpose(1, 2) for n in sizes]
    inputs = [*qkv, torch.randn_like(qkv[0])] if backward else qkv
    bias = None
    if step.startswith('weighted'):
        # In fp32, whatever the dtype of the others, as merged attention gives it.
        bias = random(shape.b, shape.keys).square().mul(4).ceil().log()

    def run(attend: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
        qkv = [x.detach().requires_grad_(backward) for x in inputs[:3]]
        out = attend(*qkv, key_bias=bias)
        return torch.autograd.grad(out, qkv, inputs[3]) if backward else (out,)

    return inputs, run, bias is not None


def _merging(step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    hw, cell = (shape.h, shape.w), (shape.cell, shape.cell)
    tokens = random(shape.b, shape.h * shape.w, shape.c)
    index = partition(*hw, *cell, tokens.device)
    # Indices differ where scores tie.
    if step == 'match':
        return [tokens], lambda x: best_match(x, *index)[:1]
    if step == 'windowed match':
        return [tokens], lambda x: best_local_match(x, index[0], hw, cell, _WINDOW)[:1]
    algorithm = BipartiteSoftMatching(shape.r, *cell)
    if step == 'assign':
        with use_backend('torch'):
            score, match = best_match(tokens, *index)
        merged = algorithm.num_merged(hw)
        return [], lambda: assign_slots(score, match, *index, merged)[:1]
    with use_backend('triton'):  # which finds the members too
        plan = algorithm.plan(tokens, hw)
    if step == 'merge':
        return [tokens], lambda x: (merge_tokens(x, plan.slot, plan.num_slots, plan.members),)
    return [plan.merge(tokens)], lambda x: (unmerge_tokens(x, plan.slot, plan.members),)


def _pooling(step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    hw, stride = (shape.h, shape.w), (shape.cell, shape.cell)
    tokens = random(shape.b, shape.h * shape.w, shape.c)
    if step == 'pool':
        return [tokens], lambda x: (pool_tokens(x, hw, stride),)
    return [pool_tokens(tokens, hw, stride)], lambda x: (unpool_tokens(x, hw, stride),)


def _depthwise(step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    hw, n, backward = (shape.h, shape.w), shape.h * shape.w, 'backward' in step
    inputs = [random(shape.b, n, shape.c), random(shape.c, 1, 3, 3) / 3]
    inputs += [random(shape.c), random(shape.b, n, shape.c)]

    def run(hidden: Tensor, weight: Tensor, bias: Tensor, grad: Tensor) -> tuple[Tensor, ...]:
        inputs = [x.detach().requires_grad_(backward) for x in (hidden, weight, bias)]
        out = depthwise_gelu(inputs[0], hw, *inputs[1:])
        return torch.autograd.grad(out, inputs, grad) if backward else (out,)

    return inputs, run


def _norm(step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    n, backward = shape.h * shape.w, 'backward' in step
    inputs = [random(shape.b, n, shape.c), random(shape.c), random(shape.c)]
    if backward:
        inputs.append(random(shape.b, n, shape.c))

    def run(*inputs: Tensor) -> tuple[Tensor, ...]:
        x, weight, bias = (x.detach().requires_grad_(backward) for x in inputs[:3])
        out = layer_norm(x, weight, bias, 1e-6)
        return torch.autograd.grad(out, (x, weight, bias), inputs[3]) if backward else (out,)

    return inputs, run


def _fusion(dtype: torch.dtype, step: str, shape: Shape, random: Callable[..., Tensor]) -> tuple:
    sizes = [(-(-shape.h // k), -(-shape.w // k)) for k in (1, 2, 4, 8)]
    levels = [random(shape.b, *hw, shape.c).permute(0, 3, 1, 2) for hw in sizes]
    norm = nn.BatchNorm2d(shape.c, device=levels[0].device).eval().requires_grad_(False)
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        tensor.copy_(random(shape.c))
    layers = {
        x: PointwiseLayer(levels[0], norm=deepcopy(norm).to(dtype).to(x), activate=F.relu)
        for x in (dtype, torch.double)
    }
    return levels, lambda *levels: (add_levels(levels, layer=layers[levels[0].dtype]),)


@contextmanager
def _compiling_anew() -> Iterator[None]:
    """Forget other shapes, of which torch.compile gives up after a few."""
    torch.compiler.reset()
    yield


@contextmanager
def _tf32x3() -> Iterator[None]:
    """Multiply fp32 tokens on tensor cores, in three passes."""
    from mmseg_tome.ops.triton import match

    precision, match.FP32_PRECISION = match.FP32_PRECISION, 'tf32x3'
    try:
        with use_backend('triton'):
            yield
    finally:
        match.FP32_PRECISION = precision
