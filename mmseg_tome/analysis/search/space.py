"""What the search may choose: for every stage, how queries and how keys/values are merged."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...strategies import PRESETS

Stages = list[dict[str, Any]]  # a `tome_cfg` as a list

SIDES = ('q', 'kv')
MODES = ('none', 'bsm', 'n2d', 'n1d')
GRIDS = ('2x2', '2x4', '4x2', '4x4', '8x8')  # sx x sy; Table I has 2x2 and 4x4
WINDOWS = ('1x2', '2x1', '2x2', '2x4', '4x2', '3x3', '4x4')  # height x width, of n2d
STRIDES = (2, 3, 4)  # of n1d
CELLS_AROUND = ('all', 3, 5)  # side of the square that bsm compares within
WEIGHTED = (False, True)  # keys
SMALLEST_SHARE = 0.2  # of a grid's sources; below that nothing is saved
DECIMALS = 2  # of a rate; Table I has one


def searched_presets() -> list[str]:
    """The presets that are within the space: all that merge, and none."""
    return [name for name, preset in PRESETS.items() if not preset.down_sample]


def preset_stages(name: str, num_stages: int) -> Stages:
    """A preset as a list of one dict per stage."""
    return [dict(stage) for stage in PRESETS[name].stages] or [{}] * num_stages


class Chooser(Protocol):
    """What proposes values: a trial of Optuna, or a fixed one."""

    def suggest_categorical(self, name: str, choices: Sequence) -> Any: ...

    def suggest_float(self, name: str, low: float, high: float) -> float: ...


def suggest(chooser: Chooser, num_stages: int) -> Stages:
    """Let a chooser compose a candidate.

    A rate is chosen as the share of a grid's sources that is merged: the range of every grid is
    then the same.

    Returns:
        One dict per stage in the form of ``tome_cfg``, empty where nothing is merged.
    """
    return [
        {k: v for side in SIDES for k, v in _suggest_side(chooser, f'{stage}.{side}', side).items()}
        for stage in range(1, num_stages + 1)
    ]


def _suggest_side(chooser: Chooser, name: str, side: str) -> dict[str, Any]:
    mode = chooser.suggest_categorical(f'{name}.mode', MODES)
    if mode == 'none':
        return {}
    settings: dict[str, Any] = {f'{side}_mode': mode}
    if side == 'kv' and chooser.suggest_categorical(f'{name}.weighted', WEIGHTED):
        settings['kv_weighted'] = True
    if mode == 'bsm':
        around = chooser.suggest_categorical(f'{name}.around', CELLS_AROUND)
        if around != 'all':
            settings[f'{side}_window'] = around
        grid = chooser.suggest_categorical(f'{name}.grid', GRIDS)
        share = chooser.suggest_float(f'{name}.share', SMALLEST_SHARE, 1.0)
        sx, sy = _pair(grid)
        return settings | {
            f'{side}_r': _rate(share, grid),
            f'{side}_sx': sx,
            f'{side}_sy': sy,
        }
    if mode == 'n2d':
        window = chooser.suggest_categorical(f'{name}.window', WINDOWS)
        return settings | {f'{side}_s': _pair(window)}
    return settings | {f'{side}_s': chooser.suggest_categorical(f'{name}.stride', STRIDES)}


def encode(stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Express a ``tome_cfg`` as what a chooser would have to choose; undoes :func:`suggest`.

    Raises:
        ValueError: If it is not within the space.
    """
    params: dict[str, Any] = {}
    for number, stage in enumerate(stages, 1):
        for side in SIDES:
            params |= _encode_side(stage, f'{number}.{side}', side)
    return params


def _encode_side(stage: Mapping[str, Any], name: str, side: str) -> dict[str, Any]:
    mode = stage.get(f'{side}_mode') or 'none'
    if mode == 'bsm':
        grid = f'{stage[f"{side}_sx"]}x{stage[f"{side}_sy"]}'
        chosen = {'grid': _within(GRIDS, grid, name)}
        around = stage.get(f'{side}_window') or 'all'
        chosen['around'] = _within(CELLS_AROUND, around, name)
        rate = stage[f'{side}_r']
        chosen['share'] = min(max(rate / _largest_rate(grid), SMALLEST_SHARE), 1.0)
        if _rate(chosen['share'], grid) != rate:
            raise ValueError(
                f'{name}: r = {rate} is not searched: with a grid of {grid}, rates are multiples '
                f'of {10**-DECIMALS} from {_rate(SMALLEST_SHARE, grid)} to {_rate(1.0, grid)}'
            )
    elif mode == 'n2d':
        size = stage[f'{side}_s']
        height, width = (size, size) if isinstance(size, int) else size
        chosen = {'window': _within(WINDOWS, f'{height}x{width}', name)}
    elif mode == 'n1d':
        chosen = {'stride': _within(STRIDES, stage[f'{side}_s'], name)}
    else:
        chosen = {}
    if side == 'kv' and mode != 'none':
        chosen['weighted'] = _within(WEIGHTED, stage.get('kv_weighted') or False, name)
    params = {'mode': _within(MODES, mode, name), **chosen}
    return {f'{name}.{key}': value for key, value in params.items()}


def key_of(stages: Sequence[Mapping[str, Any]]) -> str:
    """The same text for the same candidate."""
    return json.dumps(list(stages), sort_keys=True)


def describe(stages: Sequence[Mapping[str, Any]]) -> str:
    """A candidate in a line, such as ``1: kv bsm 0.6 2x2 weighted; 3: q n2d 2x2``."""
    parts = []
    for number, stage in enumerate(stages, 1):
        sides = [
            f'{side} {_describe_side(stage, side)}' for side in SIDES if f'{side}_mode' in stage
        ]
        if sides:
            parts.append(f'{number}: {", ".join(sides)}')
    return '; '.join(parts) or 'nothing'


def _describe_side(stage: Mapping[str, Any], side: str) -> str:
    mode = stage[f'{side}_mode']
    if mode == 'bsm':
        text = f'bsm {stage[f"{side}_r"]} {stage[f"{side}_sx"]}x{stage[f"{side}_sy"]}'
        if window := stage.get(f'{side}_window'):
            text += f' within {window}'
    else:
        size = stage[f'{side}_s']
        text = f'{mode} {size if isinstance(size, int) else "x".join(map(str, size))}'
    return f'{text} weighted' if side == 'kv' and stage.get('kv_weighted') else text


def _pair(text: str) -> list[int]:
    return [int(number) for number in text.split('x')]


def _largest_rate(grid: str) -> float:
    sx, sy = _pair(grid)
    return 1 - 1 / (sx * sy)


def _rate(share: float, grid: str) -> float:
    """The rate of a share, rounded, and down if up would be more than there are sources."""
    rate = round(share * _largest_rate(grid), DECIMALS)
    if rate > _largest_rate(grid):
        rate = round(rate - 10**-DECIMALS, DECIMALS)
    return rate


def _within(allowed: Sequence, value: Any, name: str) -> Any:
    if value not in allowed:
        raise ValueError(
            f'{name}: {value!r} is not searched; searched are {", ".join(map(str, allowed))}'
        )
    return value
