"""All that a result depends on, as one key.

>>> KIND = Kind('inference speed', ('mmseg_tome.analysis.comparison',), reads='test')
>>> fingerprint(KIND, cfg=cfg, data=data_identity(paths), settings={'repeats': 7}, device='cpu').key
'5b1f0c62d3a94e7f'

A result that is kept is used again only if its key is the same; :mod:`mmseg_tome.analysis.store`
names the parts in which two differ.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine import registry
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry

from .file_identity import file_hash
from .provenance import device_name, package_versions
from .sources import PACKAGES, ROOT, closure

CODE = 'code'  # the part of the key that is of the sources
# Beginnings of the names of what a config holds for other purposes alone.
_NOT_READ = {
    'all': (),
    'train': ('test_', 'tta_'),
    'test': (
        *('train_', 'val_', 'optim', 'param_scheduler', 'auto_scale_lr', 'default_hooks'),
        *('randomness', 'load_from', 'resume'),
    ),
}


@dataclass(frozen=True)
class Kind:
    """A kind of result that is kept.

    Args:
        name: Of the kind, such as ``'table5'``.
        measured_by: The modules that do the measuring. Those that only show progress, keep results
            or write reports do not belong here, nor should these import them. A ``mim`` run has
            none: what it computes is in its config and in the classes that the config names.
        reads: What the measurement reads of a config: ``'train'``, ``'test'`` (see ``_NOT_READ``)
            or ``'all'``.
    """

    name: str
    measured_by: tuple[str, ...] = ()
    reads: str = 'all'


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on, in readable parts.

    Args:
        parts: By name; what JSON can hold, or what ``str`` describes.
    """

    parts: Mapping[str, Any]

    def __post_init__(self) -> None:
        # As it is read again: no tuples, no paths.
        object.__setattr__(self, 'parts', json.loads(json.dumps(self.parts, default=str)))

    @property
    def key(self) -> str:
        """The first 16 digits of the SHA-256 of all parts."""
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(
    kind: Kind,
    cfg: Config | None = None,
    data: Any = None,
    settings: Mapping[str, Any] | None = None,
    device: str | None = None,
    root: Path = ROOT,
) -> Fingerprint:
    """Describe all that a result depends on.

    Args:
        kind: What measures it.
        cfg: The resolved config. Of it count the content that ``kind`` reads, the sources of this
            project's classes that it names anywhere, and the content of files that it names, such
            as checkpoints and custom rates.
        data: What tells the data from other data, see :func:`data_identity`.
        settings: Everything else: workload, strategies, repeats, hashes of checkpoints, …
        device: Where it is measured in this process; None for a run on another machine, or where
            the device does not matter.
        root: Folder of the packages whose sources are read.
    """
    parts: dict[str, Any] = {'kind': kind.name, 'settings': dict(settings or {})}
    modules = set(kind.measured_by)
    if cfg is not None:
        content = _read_content(cfg, kind.reads)
        modules |= registered_modules(content, cfg.get('default_scope', 'mmseg'))
        parts |= {'config': content, 'files': _hash_files(content)}
    if data is not None:
        parts['data'] = data
    if device is not None:
        threads = torch.get_num_threads() if device == 'cpu' else 0
        parts |= {'device': device_name(device), 'threads': threads}
    return Fingerprint({**parts, 'versions': package_versions(), CODE: closure(modules, root)})


def registered_modules(content: Any, scope: str) -> set[str]:
    """The modules of this project's classes that a config builds from registries.

    Args:
        content: A config or a part of it.
        scope: Its default scope.
    """
    registries = [one for one in vars(registry).values() if isinstance(one, Registry)]
    modules = set()
    with DefaultScope.overwrite_default_scope(scope):
        for name in set(_types(content)):
            classes = [name] if isinstance(name, type) else _look_up(name, registries)
            modules |= {cls.__module__ for cls in classes}
    return {module for module in modules if module.partition('.')[0] in PACKAGES}


def _look_up(name: str, registries: Iterable[Registry]) -> Iterator[Any]:
    """What a name stands for, in any registry: which of them is asked depends on the config."""
    scope = DefaultScope.get_current_instance().scope_name
    for one in registries:
        # Some have no child in the scope; asking them by name would warn.
        here = one.children.get(scope, one)
        try:
            found = here.get(name)
        except Exception:  # a dotted path that cannot be imported is no class of this project
            continue
        if found is not None and hasattr(found, '__module__'):
            yield found


def _types(content: Any) -> Iterator[str | type]:
    """The value of every ``type`` anywhere in a config."""
    if isinstance(content, Mapping):
        if isinstance(content.get('type'), (str, type)):
            yield content['type']
        content = content.values()
    elif not isinstance(content, (list, tuple)):
        return
    for value in content:
        yield from _types(value)


def _read_content(cfg: Config, reads: str) -> dict[str, Any]:
    return {k: v for k, v in cfg.to_dict().items() if not k.startswith(_NOT_READ[reads])}


def _hash_files(content: Any) -> dict[str, str]:
    """The content of files that are named anywhere in a config."""
    if isinstance(content, Mapping):
        content = content.values()
    elif isinstance(content, str):
        is_file = '.' in content and len(content) < 1000 and Path(content).is_file()
        return {content: file_hash(content)} if is_file else {}
    elif not isinstance(content, (list, tuple)):
        return {}
    hashes: dict[str, str] = {}
    for value in content:
        hashes |= _hash_files(value)
    return dict(sorted(hashes.items()))
