"""Where the time of an inference goes: per stage and step, and how near to the machine's limit."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import pandas as pd
import torch
from torch import Tensor, nn

from ..apply import apply_tome
from ..merging import BipartiteSoftMatching, attention, bipartite, neighbor
from ..models.attention import EfficientMultiheadAttention
from ..models.mit import MixVisionTransformer, TransformerEncoderLayer
from ..models.mix_ffn import MixFFN
from ..models.patch_embed import PatchEmbed
from ..ops import attention as attention_op
from ..ops import linear
from . import complexity
from .loading import only_backbone
from .results import Result
from .variants import drawn_segmentor, variant_config
from .workload import Workload, torch_settings

# Seconds by stage (0 for the head) and step.
_Times = dict[tuple[int, str], float]

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
# Metric of a row of results, column of a profile, and unit of the row.
_METRICS = (
    ('seconds_per_image', 'ms', 's'),
    ('share of time', 'share', '%'),
    ('operations', 'gflop', 'GFLOP'),
    ('rate', 'gflop_per_s', 'GFLOP/s'),
    ('share of limit', 'of_limit', '%'),
)


class _Clock:
    """Adds up the time of nested steps, each without the steps inside of it."""

    def __init__(self, device: str) -> None:
        self.seconds: _Times = defaultdict(float)
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
    workload: Workload,
    strategies: Sequence[str],
    repeats: int = 7,
    on_step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Time the steps of an inference with several strategies, in turns on one random image.

    Args:
        workload: What to measure on; its batch is a number.
        strategies: Names of presets.
        repeats: Timed passes of each, after one of warm-up; medians are reported.
        on_step: Called after every pass, for a progress bar.

    Returns:
        Columns ``strategy``, ``stage`` (0 for the head), ``step``, ``ms``, ``share`` (percent of
        the strategy's time), ``gflop`` (counted from shapes), ``gflop_per_s``, ``of_limit``
        (percent of ``limit``) and ``limit`` (``gflop_per_s`` of a product of two large matrices on
        this machine). Waiting for a GPU after every step costs some time itself: the sum is more
        than an undisturbed pass takes.
    """
    size = (int(workload.batch), 3, workload.height, workload.width)
    image = workload.cast(torch.randn(size))
    models = {name: apply_tome(drawn_segmentor(workload.variant), name) for name in strategies}
    models = {name: workload.cast(model) for name, model in models.items()}
    runs: dict[str, list[_Times]] = {name: [] for name in strategies}
    with torch_settings(workload.dtype):
        for _ in range(repeats + 1):
            for name, model in models.items():
                runs[name].append(_run(model, image))
                on_step()
        limit = matrix_rate(image)
    frames = [_frame(workload, name, only_backbone(models[name]), runs[name][1:]) for name in runs]
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(of_limit=100 * frame['gflop_per_s'] / limit, limit=limit)


def _frame(
    workload: Workload, strategy: str, backbone: MixVisionTransformer, runs: Sequence[_Times]
) -> pd.DataFrame:
    hw, head = (workload.height, workload.width), variant_config(workload.variant).model.decode_head
    counted = complexity.count_gflop(backbone, hw).set_index(['stage', 'step'])['gflop'].to_dict()
    counted[0, complexity.HEAD] = complexity.count_head_gflop(
        backbone, hw, head.channels, head.num_classes
    )
    rows = []
    for stage, step in runs[0]:
        ms = 1000 * statistics.median(run[stage, step] for run in runs)
        gflop = int(workload.batch) * counted.get((stage, step), 0)
        rows.append((strategy, stage, step, ms, gflop, 1000 * gflop / ms))
    columns = ['strategy', 'stage', 'step', 'ms', 'gflop', 'gflop_per_s']
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(4, 'share', 100 * frame['ms'] / frame['ms'].sum())
    return frame


def results(frame: pd.DataFrame, workload: Workload, samples: int = 0) -> list[Result]:
    """A profile as rows of results: every step, all of them, and the machine's limit.

    Args:
        frame: As :func:`profile` returns it.
        workload: What it was measured on.
        samples: Timed passes of each step.
    """
    limit = frame['limit'].iloc[0]
    rows = []
    for strategy, steps in frame.groupby('strategy', sort=False):
        ours = {'implementation': 'ours', 'strategy': strategy, 'samples': samples}
        new = partial(Result, 'profile', **{**workload.columns(), **ours, 'scope': 'layer'})
        for row in [*steps.to_dict('records'), total(steps)]:
            note = f'stage {row["stage"]}: {row["step"]}' if row['stage'] else row['step']
            for metric, column, unit in _METRICS:
                value = row[column] / (1000 if column == 'ms' else 1)
                if value or column in ('ms', 'share'):
                    rows.append(new(metric=metric, value=value, unit=unit, note=note))
    note, dtype = 'limit: product of two large matrices', workload.dtype
    of_limit = Result(
        *('profile', 'rate', limit), unit='GFLOP/s', scope='layer', note=note, dtype=dtype
    )
    return [*rows, of_limit]


def total(steps: pd.DataFrame) -> dict[str, Any]:
    """All steps of one strategy as one, under the name ``'all'``.

    Args:
        steps: Rows that :func:`profile` returns.
    """
    ms, gflop = steps['ms'].sum(), steps['gflop'].sum()
    rate = 1000 * gflop / ms
    return {
        **{'stage': 0, 'step': 'all', 'ms': ms, 'share': 100.0, 'gflop': gflop},
        **{'gflop_per_s': rate, 'of_limit': 100 * rate / steps['limit'].iloc[0]},
    }


def matrix_rate(like: Tensor, size: int | None = None, repeats: int = 7) -> float:
    """Measure the rate of a matrix product in 1e9 operations per second, in the tensor's dtype."""
    size = size or (2048 if like.device.type == 'cpu' else 8192)  # a GPU needs more
    a = torch.randn(size, size, device=like.device, dtype=like.dtype)
    clock = _Clock(like.device.type)
    times: list[float] = []
    for _ in range(repeats):
        clock.seconds.clear()
        with clock.step('product'):
            linear(a, a)
        times += clock.seconds.values()
    return 2e-9 * size**3 / statistics.median(times)


def _run(model: nn.Module, image: Tensor) -> _Times:
    clock = _Clock(image.device.type)
    with torch.inference_mode(), ExitStack() as patches:
        for owner, attribute, name in _STEPS:
            function = clock.timed(getattr(owner, attribute), name)
            patches.enter_context(mock.patch.object(owner, attribute, function))
        maps = model.get_submodule('backbone')(image)
        clock.stage = 0
        with clock.step(complexity.HEAD):
            model.get_submodule('head')(maps)
    return dict(clock.seconds)
