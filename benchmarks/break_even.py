"""Where merging starts to pay on a device: attention layers and whole models, timed in turns."""

import functools
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise

import pandas as pd
import torch
from torch import nn

from mmseg_tome.analysis.implementations import Ours
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.timing import interleaved_times
from mmseg_tome.merging import saved_operations
from mmseg_tome.models.attention import EfficientMultiheadAttention
from mmseg_tome.strategies import AUTO, parse_tome_cfg

# Stage by stage, as in all variants of MiT.
_HEADS, _RATIOS, _STRIDES = (1, 2, 5, 8), (8, 4, 2, 1), (4, 8, 16, 32)
_EMBED_DIMS = {'b0': 32, 'b2': 64}  # B1 to B5 have the layers of B2, in other numbers
MODELS = ('none', 'hq', 'fast', 'n2d_2x2', AUTO)


def measure_layers(
    variants: Sequence[str],
    sides: Sequence[int],
    repeats: int,
    device: str = 'cpu',
    dtype: torch.dtype = torch.float32,
    train: bool = False,
    on_step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Time the attention of every stage for square images, unmerged and by HQ.

    Args:
        variants: ``'b0'`` and ``'b2'``, whose layers those of all larger ones are.
        sides: Sides of the images in pixels.
        repeats: How often each layer is timed.
        device: As PyTorch spells it.
        dtype: Of weights and tokens.
        train: Whether to time forward and backward passes.
        on_step: Called after every layer.

    Returns:
        One row per layer: ``variant``, ``stage``, ``side``, ``saved`` (operations, see
        :func:`mmseg_tome.merging.saved_operations`), ``none_ms``, ``hq_ms``.
    """
    rows = []
    for variant in variants:
        for stage, merging in enumerate(parse_tome_cfg('hq').stages):
            heads, ratio = _HEADS[stage], _RATIOS[stage]
            channels = heads * _EMBED_DIMS[variant]
            layers = {
                name: EfficientMultiheadAttention(
                    channels, heads, qkv_bias=True, sr_ratio=ratio, q_merging=q, kv_merging=kv
                ).to(device, dtype)
                for name, q, kv in (('none', None, None), ('hq', merging.q, merging.kv))
            }
            for side in sides:
                n = side // _STRIDES[stage]
                tokens = torch.randn(1, n * n, channels, device=device, dtype=dtype)
                runs = {
                    name: _runner(layer, tokens, train, (n, n)) for name, layer in layers.items()
                }
                times = interleaved_times(runs, repeats, warmup=3)
                saved = saved_operations(
                    merging.q, merging.kv, (n, n), (n // ratio, n // ratio), channels
                )
                rows.append(
                    {
                        'variant': variant,
                        'stage': stage + 1,
                        'side': side,
                        'saved': saved,
                        **{f'{k}_ms': 1e3 * statistics.median(v) for k, v in times.items()},
                    }
                )
                on_step()
    return pd.DataFrame(rows)


def best_threshold(layers: pd.DataFrame) -> tuple[float, float]:
    """Find the threshold of saved operations by which the least time is lost.

    Args:
        layers: As :func:`measure_layers` returns them.

    Returns:
        The threshold, and the mean of the chosen time over the better of both, at least 1.
    """
    saved = sorted(set(layers['saved']))
    between = [(low * high) ** 0.5 for low, high in pairwise(saved) if low > 0]
    lost = {threshold: _mean_loss(layers, threshold) for threshold in between}
    best = min(lost, key=lost.get)
    return best, lost[best]


def _mean_loss(layers: pd.DataFrame, threshold: float) -> float:
    chosen = layers['hq_ms'].where(layers['saved'] > threshold, layers['none_ms'])
    return float((chosen / layers[['none_ms', 'hq_ms']].min(axis=1)).mean())


def measure_models(
    variants: Sequence[str],
    sides: Sequence[int],
    repeats: int,
    device: str = 'cpu',
    dtype: torch.dtype = torch.float32,
    train: bool = False,
    on_step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Time whole models for square images; the arguments are those of :func:`measure_layers`.

    Returns:
        One row per variant and side: ``variant``, ``side``, ``none_ms``, and for each of the other
        strategies its speed-up over ``none``.
    """
    rows = []
    for variant in variants:
        models = {name: Ours(name).build(variant).to(device, dtype).train(train) for name in MODELS}
        for side in sides:
            image = torch.randn(1, 3, side, side, device=device, dtype=dtype)
            runs = {name: _runner(model, image, train) for name, model in models.items()}
            # Large images take long, and their times vary less.
            turns = repeats if side <= 512 else max(3, repeats // 4)
            times = interleaved_times(runs, turns, warmup=2)
            ms = {name: 1e3 * statistics.median(values) for name, values in times.items()}
            speed_ups = {name: ms['none'] / value for name, value in ms.items() if name != 'none'}
            rows.append({'variant': variant, 'side': side, 'none_ms': ms['none'], **speed_ups})
            on_step()
    return pd.DataFrame(rows)


def results(layers: pd.DataFrame, models: pd.DataFrame, dtype: str, train: bool) -> list[Result]:
    """What :func:`measure_layers` and :func:`measure_models` return as rows of results.

    Args:
        layers: Of layers.
        models: Of whole models.
        dtype: ``'fp32'``, ``'fp16'`` or ``'bf16'``.
        train: Whether forward and backward passes were timed.
    """
    setting = {
        'batch': '1',
        'dtype': dtype,
        'mode': 'training' if train else 'inference',
        'implementation': 'ours',
    }
    rows = []
    for row in layers.to_dict('records'):
        new = functools.partial(
            Result, 'break-even', model=row['variant'], height=row['side'], width=row['side'],
            scope='layer', note=f'stage {row["stage"]}', **setting,
        )  # fmt: skip
        none, hq = row['none_ms'] / 1e3, row['hq_ms'] / 1e3
        rows += [
            new('operations saved', row['saved'] / 1e6, unit='MFLOP', strategy='hq'),
            new('seconds_per_image', none, unit='s', strategy='none'),
            new('seconds_per_image', hq, unit='s', strategy='hq'),
            new('speed-up over ours none', none / hq, strategy='hq'),
        ]
    for row in models.to_dict('records'):
        new = functools.partial(
            Result, 'break-even', model=row['variant'], height=row['side'], width=row['side'],
            scope='model', **setting,
        )  # fmt: skip
        rows.append(new('seconds_per_image', row['none_ms'] / 1e3, unit='s', strategy='none'))
        rows += [
            new('speed-up over ours none', row[name], strategy=name)
            for name in MODELS
            if name != 'none'
        ]
    return rows


def _runner(module: nn.Module, x: torch.Tensor, train: bool, *args: object) -> Callable[[], None]:
    def infer() -> None:
        with torch.inference_mode():
            module(x, *args)

    def step() -> None:
        module.zero_grad(set_to_none=True)
        module(x.requires_grad_(), *args).float().square().mean().backward()

    return step if train else infer
