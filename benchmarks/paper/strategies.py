"""Which strategies a table compares: presets, and files with custom rates."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmseg_tome.strategies import AUTO, PRESETS, parse_tome_cfg


def read_strategies(names: Sequence[str], scope: str) -> dict[str, str]:
    """What ``tome_cfg`` is set to, by the name in tables: a preset's, or of a file without suffix.

    Args:
        names: Presets and paths; empty for all presets that the scope allows.
        scope: ``'mmseg'`` or ``'mmpose'``.

    Raises:
        ValueError: If one is not allowed, or two have the same name.
        FileNotFoundError: If a file is not there.
    """
    strategies: dict[str, str] = {}
    for text in names or [n for n in PRESETS if scope == 'mmseg' or n != 'downsample']:
        strategy = parse_tome_cfg(text)
        if scope == 'mmpose' and strategy.down_sample:
            raise ValueError(
                f'strategy {text!r} is not for pose: heatmaps would not be of the size of the codec'
            )
        is_file = strategy.name not in (*PRESETS, AUTO)
        name = Path(text).stem if is_file else strategy.name
        if name in strategies or (is_file and name in (*PRESETS, AUTO)):
            raise ValueError(f'two strategies would be called {name!r}: rename one')
        strategies[name] = str(Path(text).absolute()) if is_file else strategy.name
    return {'none': 'none', **strategies}  # what every strategy is compared with, first


def read_presets(names: Sequence[str]) -> list[str]:
    """The same for tables that need no config: presets only.

    Raises:
        ValueError: If one is not a preset.
    """
    strategies = read_strategies(names, 'mmseg')
    if others := set(strategies) - set(PRESETS):
        raise ValueError(f'--strategies {", ".join(others)}: allowed here are {", ".join(PRESETS)}')
    return list(strategies)


def strategies_content(strategies: Mapping[str, str]) -> dict[str, str]:
    """What each strategy merges, for the key of a result; files may change under their names."""
    parsed = {name: parse_tome_cfg(tome_cfg) for name, tome_cfg in strategies.items()}
    return {name: repr((one.stages, one.down_sample)) for name, one in parsed.items()}
