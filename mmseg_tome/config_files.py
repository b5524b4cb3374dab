"""Where the installed configs are."""

import fnmatch
from pathlib import Path


def config_root() -> Path:
    """Returns the folder of the configs: the wheel's, or the checkout's in an editable install.

    Raises:
        FileNotFoundError: If there is neither.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / '.mim' / 'configs', package.parent / 'configs'):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f'No configs beside {package}: run `pip install .` in a full checkout of mmseg_tome.'
    )


def find_configs(pattern: str = '') -> list[Path]:
    """Returns the configs whose path below `configs/` holds or matches `pattern`, sorted.

    Args:
        pattern: Part of a path, or a shell pattern (`*`, `?`, `[…]`); empty for all.
    """
    root = config_root()
    paths = sorted(p for p in root.rglob('*.py') if '_base_' not in p.relative_to(root).parts)
    if set(pattern) & set('*?['):
        return [p for p in paths if fnmatch.fnmatch(p.relative_to(root).as_posix(), pattern)]
    return [p for p in paths if pattern in p.relative_to(root).as_posix()]
