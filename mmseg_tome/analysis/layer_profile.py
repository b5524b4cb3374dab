"""Where the time of an inference goes: per stage and step, and how near to the machine's limit."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest import mock

import pandas as pd
import torch
from torch import nn

from ..merging import BipartiteSoftMatching, attention, bipartite, neighbor
from ..models.attention import EfficientMultiheadAttention
from ..models.mit import MixVisionTransformer, TransformerEncoderLayer
from ..models.mix_ffn import MixFFN
from ..models.patch_embed import PatchEmbed
from ..ops import attention as attention_op
from ..ops import linear
from . import complexity
from .results import Result

_REST = 'norms and shortcuts'
# What is timed under which name; what is called inside of it under another name is taken off.
_STEPS = [
    (PatchEmbed, 'forward', complexity.PATCHES),
    (TransformerEncoderLayer, 'forward', _REST),
    (EfficientMultiheadAttention, '_reduce', complexity.REDUCTION),
    (attention, 'multi_head_attention', complexity.PROJECTIONS),
    (attention_op, 'scaled_dot_product_attention', complexity.ATTENTION),
    (MixFFN, 'forward', complexity.FFN),
    (BipartiteSoftMatching, 'plan', complexity.MATCHING),
    *(
        (plan, method, complexity.MERGING)
        for plan in (bipartite.SlotPlan, neighbor.Pooling1dPlan, neighbor.Pooling2dPlan)
        for method in ('merge', 'unmerge')
    ),
]


class _Clock:
    """Adds up the time of nested steps, each without the steps inside of it."""

    def __init__(self, device: str) -> None:
        self.seconds: dict[tuple[int, str], float] = defaultdict(float)
        self.stage = 0
        self._inside: list[float] = []
        self._synchronize = torch.cuda.synchronize if device != 'cpu' else lambda: None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if name == complexity.PATCHES:
            self.stage += 1
        self._inside.append(0.0)
        self._synchronize()
        start = time.perf_counter()
        yield
        self._synchronize()
        elapsed = time.perf_counter() - start
        self.seconds[self.stage, name] += elapsed - self._inside.pop()
        if self._inside:
            self._inside[-1] += elapsed

    def timed(self, function, name: str):
        def run(*args, **kwargs):
            with self.step(name):
                return function(*args, **kwargs)

        return run


def profile(
    backbone: MixVisionTransformer, head: nn.Module, image: torch.Tensor, repeats: int = 7
) -> pd.DataFrame:
    """Time the steps of an inference.

    Args:
        backbone: Ours, with its strategy.
        head: SegFormer's segmentation head.
        image: ``[B, 3, H, W]``.
        repeats: Timed passes, after one of warm-up; medians are reported.

    Returns:
        Columns ``stage`` (0 for the head), ``step``, ``ms``, ``share`` (percent), ``gflop``
        (counted from shapes), ``gflop_per_s``, ``of_limit`` (percent of the rate of a product of
        two large matrices on this machine, which is in ``attrs['limit']``). Waiting for a GPU after
        every step costs some time itself: the sum is more than an undisturbed pass takes.
    """
    return profile_in_turns({'': (backbone, head)}, image, repeats)['']


def profile_in_turns(
    models: Mapping[str, tuple[MixVisionTransformer, nn.Module]],
    image: torch.Tensor,
    repeats: int = 7,
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, pd.DataFrame]:
    """Profile models in turns, so that whatever else the machine does falls on all alike.

    Args:
        models: Backbone and head by name; see :func:`profile` for them and what is returned.
        image: ``[B, 3, H, W]``.
        repeats: Timed passes of each, after one of warm-up.
        on_step: Called after every pass, for a progress bar.
    """
    runs: dict[str, list[dict]] = {name: [] for name in models}
    for _ in range(repeats + 1):
        for name, model in models.items():
            runs[name].append(_run(*model, image, image.device.type))
            on_step()
    limit = matrix_rate(image)
    return {name: _frame(*model, image, runs[name][1:], limit) for name, model in models.items()}


def _frame(
    backbone: MixVisionTransformer,
    head: nn.Module,
    image: torch.Tensor,
    runs: Sequence[Mapping[tuple[int, str], float]],
    limit: float,
) -> pd.DataFrame:
    gflop = complexity.count_gflop(backbone, tuple(image.shape[2:])).set_index(['stage', 'step'])
    gflop = (len(image) * gflop['gflop']).to_dict()
    gflop[0, complexity.HEAD] = len(image) * complexity.count_head_gflop(
        backbone, tuple(image.shape[2:]), head.channels, head.num_classes
    )
    rows = []
    for key in runs[0]:
        seconds = statistics.median(run[key] for run in runs)
        rate = gflop.get(key, 0) / seconds
        rows.append(
            {
                'stage': key[0],
                'step': key[1],
                'ms': 1000 * seconds,
                'gflop': gflop.get(key, 0),
                'gflop_per_s': rate,
                'of_limit': 100 * rate / limit,
            }
        )
    frame = pd.DataFrame(rows)
    frame.insert(3, 'share', 100 * frame['ms'] / frame['ms'].sum())
    frame.attrs['limit'] = limit
    return frame


def results(frame: pd.DataFrame, **about: str | int) -> list[Result]:
    """A profile as rows of results: every step, all of them, and the machine's limit.

    Args:
        frame: As :func:`profile` returns it.
        about: Further fields of the rows, such as ``model`` and ``strategy``.
    """
    limit = frame.attrs['limit']
    ms, gflop = frame['ms'].sum(), frame['gflop'].sum()
    rate = 1000 * gflop / ms
    steps = [
        (f'stage {row.stage}: {row.step}' if row.stage else row.step, *row[3:])
        for row in frame.itertuples()
    ]
    rows = []
    for step, *values in (*steps, ('all', ms, 100.0, gflop, rate, 100 * rate / limit)):
        new = partial(Result, 'profile', note=step, **{**about, 'scope': 'layer'})
        metrics = ('seconds_per_image', 'share of time', 'operations', 'rate', 'share of limit')
        units = ('s', '%', 'GFLOP', 'GFLOP/s', '%')
        values[0] /= 1000
        for metric, value, unit in zip(metrics, values, units, strict=True):
            if value or metric in ('seconds_per_image', 'share of time'):
                rows.append(new(metric, value, unit=unit))
    new = partial(Result, 'profile', scope='layer', dtype=about.get('dtype', ''))
    note = 'limit: product of two large matrices'
    return [*rows, new('rate', limit, unit='GFLOP/s', note=note)]


def matrix_rate(like: torch.Tensor, size: int | None = None, repeats: int = 7) -> float:
    """Measure the rate of a matrix product in 1e9 operations per second, in the tensor's dtype."""
    size = size or (2048 if like.device.type == 'cpu' else 8192)  # a GPU needs more
    a = torch.randn(size, size, device=like.device, dtype=like.dtype)
    clock = _Clock(like.device.type)
    times = []
    for _ in range(repeats):
        clock.seconds.clear()
        with clock.step('product'):
            linear(a, a)
        times += clock.seconds.values()
    return 2e-9 * size**3 / statistics.median(times)


def _run(
    backbone: nn.Module, head: nn.Module, image: torch.Tensor, device: str
) -> dict[tuple[int, str], float]:
    clock = _Clock(device)
    with torch.inference_mode(), ExitStack() as patches:
        for owner, attribute, name in _STEPS:
            function = clock.timed(getattr(owner, attribute), name)
            patches.enter_context(mock.patch.object(owner, attribute, function))
        maps = backbone(image)
        clock.stage = 0
        with clock.step(complexity.HEAD):
            head(maps)
    return dict(clock.seconds)
