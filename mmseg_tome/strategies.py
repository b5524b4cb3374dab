"""Merging strategies by name (the paper's Table I), and the reading of ``tome_cfg``."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from .merging import BipartiteSoftMatching, Merging, NeighborPooling1d, NeighborPooling2d
from .suggestions import closest_name


@dataclass(frozen=True)
class Preset:
    """A named strategy.

    Args:
        summary: What it does, in a few words.
        stages: One dict per stage in the form of ``tome_cfg``; empty if nothing is merged.
        down_sample: Whether the input image is halved in height and width.
    """

    summary: str
    stages: tuple[Mapping[str, Any], ...] = ()
    down_sample: bool = False


def _bsm(side: str, r: float, stride: int) -> dict[str, Any]:
    return {f'{side}_mode': 'bsm', f'{side}_r': r, f'{side}_sx': stride, f'{side}_sy': stride}


def _weighted(r: float, stride: int) -> dict[str, Any]:
    return _bsm('kv', r, stride) | {'kv_weighted': True}


_N2D = {'q_mode': 'n2d', 'q_s': (2, 2)}

#: The strategies by name: the published ones, and those that weight keys and need no retraining.
#: Everything that lists strategies iterates over this.
PRESETS: dict[str, Preset] = {
    'none': Preset('nothing is merged: plain SegFormer'),
    'hq': Preset(
        'Segformer++HQ: moderate rates, closest to the unmerged model',
        (_bsm('kv', 0.6, 2), _bsm('kv', 0.6, 2), _bsm('q', 0.8, 4), _bsm('q', 0.8, 4)),
    ),
    'fast': Preset(
        'Segformer++fast: high rates',
        (_bsm('kv', 0.9, 4), _bsm('kv', 0.9, 4), _bsm('q', 0.9, 4), _bsm('q', 0.9, 4)),
    ),
    'hq_weighted': Preset(
        'Segformer++HQ with weighted keys',
        (_weighted(0.6, 2), _weighted(0.6, 2), _bsm('q', 0.8, 4), _bsm('q', 0.8, 4)),
    ),
    'fast_weighted': Preset(
        'Segformer++fast with weighted keys',
        (_weighted(0.9, 4), _weighted(0.9, 4), _bsm('q', 0.9, 4), _bsm('q', 0.9, 4)),
    ),
    'balanced': Preset(
        'queries pooled 2x2 in large maps and matched nearby in small ones, weighted keys: '
        'loses next to nothing without retraining',
        (
            _N2D | _weighted(0.7, 2),
            _N2D | _weighted(0.7, 2),
            _bsm('q', 0.85, 4) | {'q_window': 3},
            _bsm('q', 0.85, 4) | {'q_window': 3},
        ),
    ),
    'n2d_2x2': Preset(
        '2D neighbor merging: the queries of all stages averaged over 2x2 tokens',
        (_N2D,) * 4,
    ),
    'downsample': Preset('the input image halved in height and width', down_sample=True),
}

# HQ with weighted keys, in the layers where it pays at the given number of tokens.
AUTO = 'auto'
# Published aliases of two presets.
ALIASES = {'bsm_hq': 'hq', 'bsm_fast': 'fast'}

TomeCfg = str | Path | Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True)
class StageMerging:
    """What one stage merges: its queries, its keys and values, or neither (None).

    With ``kv_weighted``, a merged key counts as much as the tokens that it stands for did, see
    :func:`mmseg_tome.merging.merged_attention`. With ``only_if_faster``, a layer merges only where
    that saves more work than its threshold, see :func:`mmseg_tome.merging.threshold`.
    """

    q: Merging | None = None
    kv: Merging | None = None
    kv_weighted: bool = False
    only_if_faster: bool = False


@dataclass(frozen=True)
class Strategy:
    """A parsed ``tome_cfg``, ready for the backbone.

    Args:
        name: The preset's name, ``'auto'``, the file's path, or ``'custom'`` for a list.
        stages: What each stage merges.
        down_sample: Whether the input image is halved first.
    """

    name: str
    stages: tuple[StageMerging, ...]
    down_sample: bool = False


def parse_tome_cfg(cfg: TomeCfg, num_stages: int = 4, down_sample: bool = False) -> Strategy:
    """Turn a ``tome_cfg`` into a strategy.

    Args:
        cfg: The name of a preset, ``'auto'`` (HQ with weighted keys where it pays), a list with one
            dict per stage, the path of a YAML or JSON file with such a list, or None for
            no merging, also as the text ``'None'``, which a command line may make of it. A dict may
            have the keys ``q_mode`` and ``kv_mode`` (``'bsm'``, ``'n2d'``, ``'n1d'`` or None) and
            the settings of the mode under the same prefix: ``r``, ``sx``, ``sy`` and optionally
            ``window`` for bsm, ``s`` for n2d and n1d; and ``kv_weighted``, True or False.
        num_stages: The number of stages of the backbone.
        down_sample: The published switch; the same as ``cfg='downsample'``.

    Raises:
        ValueError: If a name, key, mode or value is not allowed; the message names the stage, the
            field, the value and what is allowed.
        FileNotFoundError: If ``cfg`` is the path of a file that is not there.
        TypeError: If ``cfg`` is of another type.
    """
    if not isinstance(down_sample, bool):
        raise TypeError(f'down_sample = {down_sample!r} is not allowed: give True or False')
    if cfg is None or cfg == 'None':
        strategy = _from_preset('none', num_stages)
    elif isinstance(cfg, (str, Path)):
        strategy = _from_name(str(cfg), num_stages)
    elif isinstance(cfg, Sequence):
        # mypy forgets that it is no str.
        strategy = Strategy('custom', _parse_stages(cfg, num_stages))  # type: ignore[arg-type]
    else:
        raise TypeError(
            f'tome_cfg = {cfg!r} is not allowed: give the name of a preset ({", ".join(PRESETS)}), '
            f'{AUTO!r}, a list with one dict per stage, the path of a YAML or JSON file with such '
            'a list, or None'
        )
    if not down_sample:
        return strategy
    if any(stage != StageMerging() for stage in strategy.stages):
        raise ValueError(
            f'down_sample = True beside tome_cfg = {strategy.name!r}, which merges tokens: '
            "choose one of them; tome_cfg='downsample' stands for down_sample=True"
        )
    return _from_preset('downsample', num_stages)


def _hint(word: object, allowed: Iterable[str]) -> str:
    """End a sentence, with a guess at what was meant if there is one."""
    name = closest_name(word, allowed)
    return f'; did you mean {name!r}?' if name else '.'


def _from_name(name: str, num_stages: int) -> Strategy:
    if name in PRESETS or name in ALIASES:
        return _from_preset(ALIASES.get(name, name), num_stages)
    if name == AUTO:
        stages = _from_preset('hq_weighted', num_stages).stages
        return Strategy(AUTO, tuple(replace(stage, only_if_faster=True) for stage in stages))
    if Path(name).suffix.lower() in _READERS:
        return Strategy(name, _parse_stages(_read_file(Path(name)), num_stages, source=name))
    allowed = [*PRESETS, AUTO, *ALIASES]
    raise ValueError(
        f'tome_cfg = {name!r} is not the name of a preset{_hint(name, allowed)} '
        f'Allowed: {", ".join(allowed)}, or the path of a file that ends in '
        f'{", ".join(_READERS)}'
    )


def _from_preset(name: str, num_stages: int) -> Strategy:
    preset = PRESETS[name]
    if not preset.stages:
        return Strategy(name, (StageMerging(),) * num_stages, preset.down_sample)
    return Strategy(name, _parse_stages(preset.stages, num_stages, source=name))


_READERS = {'.yaml': yaml.safe_load, '.yml': yaml.safe_load, '.json': json.load}


def _read_file(path: Path) -> Sequence[Mapping[str, Any]]:
    if not path.is_file():
        raise FileNotFoundError(
            f'tome_cfg = {str(path)!r}: there is no such file (looked for {path.absolute()})'
        )
    with path.open() as file:
        try:
            stages = _READERS[path.suffix.lower()](file)
        except (yaml.YAMLError, json.JSONDecodeError) as error:
            raise ValueError(f'tome_cfg = {str(path)!r} cannot be read: {error}') from error
    if not isinstance(stages, list):
        raise ValueError(
            f'tome_cfg = {str(path)!r} must hold a list with one mapping per stage, '
            f'but holds a {type(stages).__name__}'
        )
    return stages


def _parse_stages(
    stages: Sequence[Mapping[str, Any]], num_stages: int, source: str = ''
) -> tuple[StageMerging, ...]:
    label = f'tome_cfg {source!r}' if source else 'tome_cfg'
    if len(stages) != num_stages:
        raise ValueError(
            f'{label} has {len(stages)} stages but the backbone has {num_stages}: '
            'give one dict per stage, an empty one where nothing is merged'
        )
    parsed = []
    for number, stage in enumerate(stages, 1):
        try:
            parsed.append(_parse_stage(stage))
        except ValueError as error:
            raise ValueError(f'{label}, stage {number}: {error}') from None
    return tuple(parsed)


# mode -> (algorithm, {setting in tome_cfg: argument of the algorithm})
_MODES: dict[str, tuple[Callable[..., Merging], dict[str, str]]] = {
    'bsm': (BipartiteSoftMatching, {'r': 'r', 'sx': 'sx', 'sy': 'sy', 'window': 'window'}),
    'n2d': (NeighborPooling2d, {'s': 'stride'}),
    'n1d': (NeighborPooling1d, {'s': 'stride'}),
}
_OPTIONAL = ('window',)
_SIDES = ('q', 'kv')
_KEYS = [f'{side}_{key}' for side in _SIDES for key in ('mode', 'r', 'sx', 'sy', 'window', 's')]
_KEYS.append('kv_weighted')


def _parse_stage(stage: Mapping[str, Any]) -> StageMerging:
    if not isinstance(stage, Mapping):
        raise ValueError(f'{stage!r} is not allowed: give a dict, empty if nothing is merged')
    for key in stage:
        if key not in _KEYS:
            raise ValueError(f'unknown key {key!r}{_hint(key, _KEYS)} Allowed: {", ".join(_KEYS)}')
    # A published config may spell "not used" as None.
    given = {key: value for key, value in stage.items() if value is not None}
    kv_weighted = given.pop('kv_weighted', False)
    q, kv = (_parse_side(given, side) for side in _SIDES)
    if not isinstance(kv_weighted, bool):
        raise ValueError(f'kv_weighted = {kv_weighted!r} is not allowed: give True or False')
    if kv_weighted and kv is None:
        raise ValueError('kv_weighted without kv_mode: add kv_mode, or leave it out')
    return StageMerging(q, kv, kv_weighted)


def _parse_side(given: Mapping[str, Any], side: str) -> Merging | None:
    settings = {
        key.removeprefix(f'{side}_'): value
        for key, value in given.items()
        if key.startswith(f'{side}_')
    }
    mode = settings.pop('mode', None)
    if mode is None:
        if settings:
            names = ', '.join(f'{side}_{key}' for key in settings)
            raise ValueError(f'{names} without {side}_mode: add {side}_mode, or leave them out')
        return None
    if mode not in _MODES:
        raise ValueError(
            f'{side}_mode = {mode!r} is not allowed{_hint(mode, _MODES)} '
            f'Allowed: {", ".join(_MODES)}, None'
        )
    algorithm, arguments = _MODES[mode]
    for key in arguments:
        if key not in settings and key not in _OPTIONAL:
            raise ValueError(f'{side}_mode = {mode!r} needs {side}_{key}')
    for key in settings:
        if key not in arguments:
            needs = ', '.join(f'{side}_{name}' for name in arguments)
            raise ValueError(
                f'{side}_{key} does not belong to {side}_mode = {mode!r}, with {needs}'
            )
    try:
        return algorithm(**{arguments[key]: value for key, value in settings.items()})
    except ValueError as error:
        raise ValueError(f'{side}_{error}') from None
