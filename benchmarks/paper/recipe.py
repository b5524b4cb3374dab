"""A config without merging, and what changes it."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from mmseg_tome.config_files import config_root

TOME_CFG = 'model.backbone.tome_cfg'
SEED = 'randomness.seed'
_PACKAGES = {'mmseg': 'mmsegmentation', 'mmpose': 'mmpose'}
# Names of configs end with the dataset and the size of its images.
_NAME = re.compile(r'mit-(?P<model>b\d)_.*_(?P<dataset>[a-z0-9]+)-\d+x\d+$')


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

    @property
    def subject(self) -> dict[str, str]:
        """The columns ``model`` and ``dataset`` of a row, from the config's name."""
        found = _NAME.search(self.config.stem)
        return found.groupdict() if found else {'model': self.config.stem, 'dataset': ''}


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
