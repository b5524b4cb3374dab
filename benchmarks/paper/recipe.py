"""A config, what changes it, and the strategies that are compared with it."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from mmseg_tome.config_files import config_root
from mmseg_tome.strategies import AUTO, PRESETS, Strategy, parse_tome_cfg

from .cells import file_hash

TOME_CFG = 'model.backbone.tome_cfg'
SEED = 'randomness.seed'
# Beginnings of the names of what a config holds for other purposes alone.
_NOT_READ = {
    'train': ('test_', 'tta_'),
    'test': (
        *('train_', 'val_', 'optim', 'param_scheduler', 'auto_scale_lr', 'default_hooks'),
        *('randomness', 'load_from', 'resume'),
    ),
}
_PACKAGES = {'mmseg': 'mmsegmentation', 'mmpose': 'mmpose'}


@dataclass(frozen=True)
class Recipe:
    """A config with options, as ``mim`` is given them.

    Args:
        config: The config's path.
        options: What follows ``--cfg-options``; later ones win.
        launch: What tells ``mim`` where to run, such as ``('--launcher', 'slurm', …)``.
    """

    config: Path
    options: tuple[str, ...] = ()
    launch: tuple[str, ...] = ()

    def resolved(self, *options: str) -> Config:
        """The config with its bases, its options, and more of them."""
        cfg = Config.fromfile(self.config)
        cfg.merge_from_dict(parse_options([*self.options, *options]))
        return cfg

    @property
    def package(self) -> str:
        """What ``mim train`` and ``mim test`` are given."""
        return _PACKAGES[Config.fromfile(self.config).default_scope]

    def key(self, *options: str, of: str) -> dict[str, Any]:
        """All of the config that a result may depend on, and the weights that it starts from.

        Args:
            options: More options.
            of: ``'train'`` or ``'test'``: what only the other reads is left out.
        """
        cfg = self.resolved(*options)
        content = {k: v for k, v in cfg.to_dict().items() if not k.startswith(_NOT_READ[of])}
        strategy = parse_tome_cfg(cfg.model.backbone.get('tome_cfg'))
        return {
            'config': content,
            'strategy': _content(strategy),
            'weights': {path: file_hash(path) for path in sorted(_weights(content))},
        }


def make_recipe(
    config: str, options: Sequence[str] = (), launch: Sequence[str] = (), scope: str = 'mmseg'
) -> Recipe:
    """Find a config and check it.

    Args:
        config: Path of a config without merging, or ``'cityscapes/b5'``: dataset and variant.
        options: As for ``--cfg-options``.
        launch: See :class:`Recipe`.
        scope: ``'mmseg'`` or ``'mmpose'``: which the table is of.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If several fit; if it is of the other package, or merges already; if an option
            is not ``KEY=VALUE`` or sets what the table sets.
    """
    recipe = Recipe(_find_config(config), tuple(options), tuple(launch))
    for option in options:
        key, equals, _ = option.partition('=')
        if not equals or not key:
            raise ValueError(f'--cfg-options {option!r}: give KEY=VALUE')
        for name, instead in ((TOME_CFG, '--strategies'), (SEED, '--seeds')):
            if key == name:
                raise ValueError(f'--cfg-options {option}: the table sets that; use {instead}')
    try:
        cfg = recipe.resolved()
    except Exception as error:  # a config is code, and may fail in any way
        raise ValueError(f'{config} with these options cannot be read: {error!r}') from error
    if cfg.get('default_scope') != scope:
        raise ValueError(
            f'{config} is for {cfg.get("default_scope")}, and this table is of {_PACKAGES[scope]}'
        )
    backbone = cfg.get('model', {}).get('backbone', {})
    if 'MixVisionTransformer' not in str(backbone.get('type')):
        raise ValueError(f'{config}: its backbone is {backbone.get("type")!r}, not a MiT')
    if backbone.get('tome_cfg') not in (None, 'none') or backbone.get('down_sample'):
        raise ValueError(
            f'{config} merges already (tome_cfg = {backbone.get("tome_cfg")!r}): give the config '
            'without merging, with `none` in its name; the strategies are those of --strategies'
        )
    return recipe


def parse_options(options: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` as mmengine's scripts do."""
    if not options:
        return {}
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(['--cfg-options', *options]).cfg_options


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
    if 'none' not in strategies:  # what every strategy is compared with
        strategies = {'none': 'none', **strategies}
    return strategies


def strategies_key(strategies: Mapping[str, str]) -> dict[str, str]:
    """What each strategy merges, for the key of a cell; files may change under their names."""
    return {name: _content(parse_tome_cfg(tome_cfg)) for name, tome_cfg in strategies.items()}


def _content(strategy: Strategy) -> str:
    return repr((strategy.stages, strategy.down_sample))


def _find_config(text: str) -> Path:
    path = Path(text)
    if path.suffix == '.py':
        if not path.is_file():
            raise FileNotFoundError(f'--config {text}: there is no such file')
        return path.absolute()
    dataset, _, variant = text.lower().partition('/')
    root = config_root()
    found = sorted((root / dataset).glob(f'*mit-{variant}_none_*.py')) if variant else []
    if len(found) == 1:
        return found[0]
    everything = sorted(path.relative_to(root) for path in root.glob('*/*_none_*.py'))
    listed = found or [root / path for path in everything]
    raise (ValueError if found else FileNotFoundError)(
        f'--config {text}: {"several configs fit" if found else "no config fits"}; give the path '
        'of one of:\n' + '\n'.join(f'  {path}' for path in listed)
    )


def _weights(content: Any) -> set[str]:
    """Paths of local checkpoints anywhere in a config."""
    if isinstance(content, dict):
        return set().union(*map(_weights, content.values()))
    if isinstance(content, (list, tuple)):
        return set().union(*map(_weights, content))
    if isinstance(content, str) and content.endswith('.pth') and Path(content).is_file():
        return {content}
    return set()
