"""Reading checkpoints from files and folders, without ever running code that they carry."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..compat.checkpoints import explained_refusals
from .translate import CheckpointError

# What `save_pretrained` writes, the best first; an index lists the files of sharded weights.
WEIGHTS = (
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
)
INDEX = '.index.json'


@dataclass
class Source:
    """What was read.

    Attributes:
        weights: The state dict, on the CPU.
        meta: mmengine's, or that of the older mmcv: classes, the config.
        config: Hugging Face's ``config.json``; empty where there is none.
        processor: Hugging Face's ``preprocessor_config.json``; empty where there is none.
    """

    weights: dict[str, Tensor]
    meta: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    processor: dict[str, Any] = field(default_factory=dict)


def is_hugging_face(path: str | Path) -> bool:
    """Whether a path is a folder or file as ``save_pretrained`` writes them."""
    path = Path(path)
    if path.is_dir():
        return (path / 'config.json').is_file()
    if not path.is_file():
        return False
    if path.suffix == '.safetensors' or path.name.endswith(INDEX):
        return True
    return path.suffix == '.bin' and (path.parent / 'config.json').is_file()


def read(path: str | Path) -> Source:
    """Read weights and what lies beside them.

    Args:
        path: A ``.pth``, ``.pt``, ``.bin`` or ``.safetensors`` file, the index of sharded weights,
            or a folder of Hugging Face.

    Raises:
        FileNotFoundError: If there are no weights.
        CheckpointError: If the file holds no state dict.
        UnsafeCheckpointError: If the file holds something that could run code.
    """
    path = Path(path)
    if path.is_dir():
        found = [path / name for name in WEIGHTS if (path / name).is_file()]
        if not found:
            raise FileNotFoundError(
                f'{path} holds no weights: there should be {" or ".join(WEIGHTS)}'
            )
        path = found[0]
    elif not path.is_file():
        raise FileNotFoundError(f'{path} is no file and no folder')
    source = _sharded(path) if path.name.endswith(INDEX) else _single(path)
    source.config = _json(path.parent / 'config.json')
    source.processor = _json(path.parent / 'preprocessor_config.json')
    return source


def _sharded(index: Path) -> Source:
    """All shards of an index, each of which is a file beside it."""
    names = _json(index).get('weight_map')
    if not isinstance(names, dict) or not names:
        raise CheckpointError(f'{index} is no index of shards: it has no weight_map')
    weights: dict[str, Tensor] = {}
    for name in sorted(set(names.values())):
        shard = index.parent / Path(name).name
        if not shard.is_file():
            raise FileNotFoundError(f'{index} names {name}, which is not there')
        weights |= _single(shard).weights
    return Source(weights)


def _single(path: Path) -> Source:
    if path.suffix == '.safetensors':
        return Source(_safetensors()(path))
    with explained_refusals(str(path)):
        loaded = torch.load(path, map_location='cpu', weights_only=True)
    if not isinstance(loaded, dict):
        raise CheckpointError(f'{path} holds a {type(loaded).__name__}, and no state dict')
    weights = loaded.get('state_dict', loaded)
    if not all(isinstance(value, Tensor) for value in weights.values()):
        raise CheckpointError(f'{path} holds no state dict: not all of its values are tensors')
    meta = loaded.get('meta', {})
    return Source(weights, meta if isinstance(meta, dict) else {})


def _safetensors() -> Callable[..., dict[str, Tensor]]:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'a .safetensors file needs safetensors, which is not installed; get it with: '
            'pip install safetensors',
            name='safetensors',
        ) from error
    loaded: Callable[..., dict[str, Tensor]] = load_file
    return loaded


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding='utf-8'))
    return found if isinstance(found, dict) else {}
