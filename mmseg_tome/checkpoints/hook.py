"""The one hook into how mmengine loads checkpoints.

Whoever loads one (the Runner by ``load_from`` and ``resume``, ``init_model``, the inferencers,
``init_cfg=dict(type='Pretrained', …)``), mmengine takes two steps: ``CheckpointLoader`` reads the
file, and ``load_state_dict`` puts its weights into a module. :func:`install` wraps both, once.

Files that are no checkpoints of PyTorch are read by a :class:`Loader`, registered by whoever knows
the format::

    register_loader(Loader('ONNX', recognizes, read, into))

* ``recognizes(filename)`` says, by the name of a file or folder or the little that has to be read,
  whether the loader takes it. It is asked for every checkpoint, before anything is loaded.
* ``read(filename, map_location)`` returns a checkpoint as mmengine's are:
  ``dict(state_dict={…}, meta=dict(dataset_meta=…, …))``. What is no weights needs no state dict.
* ``into(module, filename=…)``, optional, takes the place of loading key by key: it puts the file
  into the module. The module is the model itself, also where that is wrapped for DDP or TTA; with
  ``init_cfg`` it is the part that has it. Errors are raised: nothing is loaded halfway.

Between both steps nothing but plain data is passed, under one key of the state dict's
``_metadata``, so a checkpoint may be copied, filtered and saved in between.

Whoever read it, a checkpoint in names of NVlabs or Hugging Face is translated to ours after the
first step (:mod:`.foreign`), and before the second every checkpoint is compared with the model that
it is loaded into (:mod:`.fit`).
"""

import functools
import importlib
import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..compat.checkpoints import explained_refusals
from ..compat.versions import is_installed
from .files import Source, is_hugging_face, read
from .fit import fit
from .foreign import RECORD, translate
from .translate import CheckpointError

_LOADERS: dict[str, 'Loader'] = {}


@dataclass(frozen=True)
class Loader:
    """What reads one kind of file; the head of this module says how each part is called.

    Attributes:
        name: The format's name, for messages.
        recognizes: Whether a file is of this kind.
        read: Reads it as a checkpoint.
        into: Puts it into a module; None to load its state dict key by key.
    """

    name: str
    recognizes: Callable[[str], bool]
    read: Callable[[str, Any], dict[str, Any]]
    into: Callable[..., None] | None = None


def register_loader(loader: Loader) -> None:
    """Add a loader; one of the same name is replaced."""
    _LOADERS[loader.name] = loader


def find_loader(filename: str) -> Loader | None:
    """Find who reads a file or folder; None if that is mmengine itself."""
    return next((each for each in _LOADERS.values() if each.recognizes(filename)), None)


def install() -> None:
    """Wrap the two functions through which mmengine loads; again is harmless."""
    if not is_installed('mmengine'):
        return
    runner: Any = importlib.import_module('mmengine.runner')
    module: Any = importlib.import_module('mmengine.runner.checkpoint')
    if hasattr(module.load_state_dict, 'wrapped_by_mmseg_tome'):
        return
    loader = module.CheckpointLoader
    loader.load_checkpoint = classmethod(_reading(loader.load_checkpoint.__func__))
    module.load_state_dict = runner.load_state_dict = _putting(module.load_state_dict)
    module._load_checkpoint_with_prefix = _load_checkpoint_with_prefix
    runner.Runner.resume = _resuming(runner.Runner.resume)
    register_loader(Loader('Hugging Face', is_hugging_face, _read_hugging_face))


def _reading(load_checkpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method that reads every checkpoint, from files and URLs."""

    @functools.wraps(load_checkpoint)
    def wrapper(cls: type, filename: str, map_location: Any = None, logger: Any = 'current') -> Any:
        with explained_refusals(filename):
            path = os.path.expanduser(filename)
            loader = find_loader(path)
            if loader is None:
                return _translated(load_checkpoint(cls, filename, map_location, logger), filename)
            _log(f'Loads {loader.name} from path: {filename}', logger)
            checkpoint = loader.read(path, map_location)
        weights = OrderedDict(checkpoint.get('state_dict', {}))
        metadata = dict(getattr(checkpoint.get('state_dict'), '_metadata', {}))
        metadata.setdefault(RECORD, dict(loader=loader.name, filename=path))
        weights._metadata = metadata  # type: ignore[attr-defined]
        return {'meta': {}, **checkpoint, 'state_dict': weights}

    return wrapper


def _read_hugging_face(filename: str, map_location: Any) -> dict[str, Any]:
    source = read(filename)
    checkpoint = dict(state_dict=source.weights, meta=source.meta)
    return _translated(checkpoint, filename, source)  # type: ignore[no-any-return]


def _translated(checkpoint: Any, filename: str, source: Source | None = None) -> Any:
    """A checkpoint in our names; the same object if it is in them already."""
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict):
        return checkpoint
    if source is None:
        source = Source(weights, checkpoint.get('meta') or {})
    try:
        foreign = translate(source)
    except CheckpointError as error:
        raise CheckpointError(f"Cannot load '{filename}': {error}") from None
    if foreign is None:
        return checkpoint
    # Nothing else of what was beside the weights means the same here, such as iterations.
    meta = {'dataset_meta': foreign.classes.meta()} if foreign.classes.names else {}
    return {'meta': meta, 'state_dict': foreign.state_dict(filename)}


def _putting(load_state_dict: Callable[..., None]) -> Callable[..., None]:
    """Wrap the function that puts every state dict into a module."""

    @functools.wraps(load_state_dict)
    def wrapper(
        module: nn.Module, state_dict: dict[str, Any], strict: bool = False, logger: Any = None
    ) -> None:
        model = _unwrapped(module)
        if into := _puts_by_itself(state_dict):
            into(model)
            return
        weights, line = fit(model, state_dict)
        if line is not None:
            _log(line, logger, logging.WARNING)
        load_state_dict(module, weights, strict, logger)

    wrapper.wrapped_by_mmseg_tome = True  # type: ignore[attr-defined]
    return wrapper


def _resuming(resume: Callable[..., None]) -> Callable[..., None]:
    """Wrap the Runner's method, for checkpoints that hold no state of training."""

    @functools.wraps(resume)
    def wrapper(self: Any, filename: str, *args: Any, **kwargs: Any) -> None:
        try:
            resume(self, filename, *args, **kwargs)
        except KeyError as error:
            if error.args[0] not in ('meta', 'epoch', 'iter'):
                raise
            raise CheckpointError(
                f"Cannot resume from '{filename}', which holds weights and no state of training: "
                'start from it with load_from and without resume'
            ) from error

    return wrapper


def _load_checkpoint_with_prefix(
    prefix: str, filename: str, map_location: Any = None
) -> dict[str, Any]:
    """mmengine's function of this name, which keeps ``_metadata``."""
    module = importlib.import_module('mmengine.runner.checkpoint')
    checkpoint = module._load_checkpoint(filename, map_location=map_location)
    state_dict = checkpoint.get('state_dict', checkpoint)
    prefix = prefix if prefix.endswith('.') else f'{prefix}.'
    part = {k[len(prefix) :]: v for k, v in state_dict.items() if k.startswith(prefix)}
    assert part or _puts_by_itself(state_dict), f'{prefix} is not in the pretrained model'
    weights = OrderedDict(part)
    weights._metadata = getattr(state_dict, '_metadata', {})  # type: ignore[attr-defined]
    return weights


def _puts_by_itself(state_dict: dict[str, Any]) -> Callable[[nn.Module], None] | None:
    """What puts the file that this was read from into a module, where that is its loader."""
    record = (getattr(state_dict, '_metadata', None) or {}).get(RECORD, {})
    loader = _LOADERS.get(record.get('loader', ''))
    if loader is None or loader.into is None:
        return None
    return functools.partial(loader.into, filename=record['filename'])


def _log(message: str, logger: Any, level: int = logging.INFO) -> None:
    from mmengine.logging import print_log

    print_log(message, logger, level)


def _unwrapped(module: Any) -> nn.Module:
    """The model inside of the wrappers that mmengine looks through."""
    from mmengine.model import BaseTTAModel, is_model_wrapper

    while is_model_wrapper(module) or isinstance(module, BaseTTAModel):
        module = module.module
    model: nn.Module = module
    return model
