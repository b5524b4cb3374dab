"""Loads the checkpoints of mmengine without ever running code that a checkpoint carries.

``torch.load`` builds only the types that it knows, unless told otherwise. Three things stand
between that and an mmengine checkpoint:

* its message hub holds types of mmengine and numpy, which torch has to be told about;
* ``load_url`` (which ``init_cfg`` uses for downloads) still asks for an unrestricted load, and so
  does the maintained fork of mmengine when a restricted load fails;
* torch's refusal is ten lines long, names no file, and advises an unrestricted load; the hook into
  loading, ``mmseg_tome.checkpoints.hook``, says instead what :func:`explained_refusals` knows.
"""

import contextlib
import functools
import importlib
import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import torch

from .versions import is_installed

# What HistoryBuffer and mmpose's dataset_meta hold; no object arrays, no records.
NUMBERS = '?bhilqBHILQefdFD'
STATISTICS = ('min', 'max', 'current', 'mean')


class UnsafeCheckpointError(pickle.UnpicklingError):
    """A checkpoint holds something that is not known to be harmless, and was not loaded."""


def patch() -> tuple[str, ...]:
    """Let mmengine load its own checkpoints, and nothing that could run code."""
    if not is_installed('mmengine'):
        return ()
    mmengine_checkpoint = importlib.import_module('mmengine.runner.checkpoint')
    return (
        *_allow_types(),
        *_restrict_downloads(mmengine_checkpoint),
        *_restrict_fallback(mmengine_checkpoint),
    )


def allowed_types() -> list[tuple[Any, str]]:
    """List the types that mmengine checkpoints hold, each with its name in the checkpoint.

    None of them runs code of the checkpoint's choosing: they build numeric arrays, numbers,
    histories of numbers, and dicts. Two builtins that these types are pickled with would do more
    than that, and are answered by functions that do just what is needed. What torch says of
    ``weights_only`` holds here too: a crafted file runs no code, but may still crash the process.
    """
    from mmengine.config import ConfigDict
    from mmengine.logging import HistoryBuffer

    multiarray = importlib.import_module(
        'numpy._core.multiarray' if hasattr(np, '_core') else 'numpy.core.multiarray'
    )
    types = [HistoryBuffer, ConfigDict, np.ndarray, np.dtype]
    types += {type(np.dtype(code)) for code in NUMBERS}
    allowed = [(each, f'{each.__module__}.{each.__qualname__}') for each in types]
    # numpy 2 renamed numpy.core to numpy._core: a checkpoint may hold either name, whichever
    # numpy is installed here.
    for package in ('numpy.core', 'numpy._core'):
        for function in (multiarray._reconstruct, multiarray.scalar):
            allowed.append((function, f'{package}.multiarray.{function.__name__}'))
    return [*allowed, (_statistic, 'builtins.getattr'), (_empty_bytes, 'builtins.bytes')]


def _statistic(owner: Any, name: str) -> Callable[..., Any]:
    """Look up what a HistoryBuffer is pickled with: its own methods, as ``getattr`` calls.

    The real ``getattr`` would hand out ``__globals__``, and with it the running program.
    """
    from mmengine.logging import HistoryBuffer

    if owner is not HistoryBuffer or name not in STATISTICS:
        raise pickle.UnpicklingError(f'GLOBAL builtins.getattr of {owner!r}, {name!r} is blocked.')
    return getattr(HistoryBuffer, name)


def _empty_bytes() -> bytes:
    """Build the contents of an empty array, which pickle writes as a call of ``bytes``."""
    return b''


def _allow_types() -> tuple[str, ...]:
    known = torch.serialization.get_safe_globals()
    missing: list[Any] = [each for each in allowed_types() if each not in known]
    torch.serialization.add_safe_globals(missing)
    return ('torch safe globals',) if missing else ()


def _restrict_downloads(mmengine_checkpoint: ModuleType) -> tuple[str, ...]:
    load_url = mmengine_checkpoint.load_url
    weights_only = inspect.signature(load_url).parameters.get('weights_only')
    if weights_only is None or weights_only.default is not False:
        return ()
    mmengine_checkpoint.load_url = functools.partial(load_url, weights_only=True)
    return ('mmengine load_url',)


def _restrict_fallback(mmengine_checkpoint: ModuleType) -> tuple[str, ...]:
    """Only the fork of mmengine has this function; torch's own default does what it should."""
    if getattr(mmengine_checkpoint, '_safe_torch_load', torch.load) is torch.load:
        return ()
    mmengine_checkpoint._safe_torch_load = torch.load
    return ('mmengine _safe_torch_load',)


@contextlib.contextmanager
def explained_refusals(filename: str) -> Iterator[None]:
    """Say in one sentence what a file holds that is refused while it is loaded.

    Raises:
        UnsafeCheckpointError: In place of torch's error, whose ten lines name no file.
    """
    try:
        yield
    except pickle.UnpicklingError as error:
        # from None, because torch's message advises an unrestricted load
        raise UnsafeCheckpointError(_explanation(filename, str(error))) from None


def _explanation(filename: str, message: str) -> str:
    named = re.search(r'GLOBAL (\S+)', message)
    if named is None:
        reason = (message.partition('WeightsUnpickler error: ')[2] or message).strip()
        return (
            f"Cannot load checkpoint '{filename}': it is damaged, is no checkpoint, or holds "
            f'what torch.load(weights_only=True) does not build ({reason.splitlines()[0]}).'
        )
    allowed = (
        'a checkpoint may hold tensors, plain Python values, numeric numpy arrays and '
        "mmengine's HistoryBuffer and ConfigDict, because anything else could run code"
    )
    if 'is blocked' in message:
        fix = 'do not use this file unless you know why it holds that'
    else:
        fix = (
            'if you trust the file, call torch.serialization.add_safe_globals([(the type, '
            f"'{named[1]}')]) in a module that custom_imports names, or save it again without it"
        )
    return f"Refused to load checkpoint '{filename}': it holds {named[1]}; {allowed}; {fix}."
