"""A stand-in for ``mmcv._ext``, the compiled half of ``mmcv.ops``, where mmcv comes without it.

mmcv-lite ships the Python half of ``mmcv.ops`` only, and mmseg, mmdet and mmpose import that half
unguarded. No SegFormer or heatmap model calls a compiled operator, so it is enough that they exist.
"""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from .versions import SUPPORTED

NAME = 'mmcv._ext'
# What mmcv.ops.info asks for is a fact about the build, not an operator: reports of the
# environment call these two, and get the answer that they give without mmcv.ops.
BUILD_FACTS = ('get_compiler_version', 'get_compiling_cuda_version')


def patch() -> tuple[str, ...]:
    """Place the stand-in in ``sys.modules`` if mmcv is installed without compiled operators.

    A compiled ``mmcv._ext`` that is there but cannot be imported is left alone, so its own
    ImportError reaches the user.
    """
    if NAME in sys.modules or not _is_absent():
        return ()
    sys.modules[NAME] = MissingOps()
    return (NAME,)


def _is_absent() -> bool:
    """Look for the file beside mmcv's others, without importing mmcv."""
    mmcv = importlib.util.find_spec('mmcv')
    if mmcv is None or mmcv.submodule_search_locations is None:
        return False
    return PathFinder.find_spec(NAME, mmcv.submodule_search_locations) is None


class MissingOps(ModuleType):
    """A module in which every operator exists, and raises NotImplementedError when called."""

    def __init__(self) -> None:
        super().__init__(NAME, 'Stands in for the compiled operators that mmcv-lite lacks.')
        # A spec, because importlib.util.find_spec raises ValueError without one; no loader,
        # because that is how mmcv and mmengine ask whether compiled operators exist
        # (mmcv.utils.check_ops_exist, mmengine.utils.dl_utils.mmcv_full_available).
        self.__spec__ = ModuleSpec(NAME, loader=None, origin='stand-in of mmseg_tome')
        self.__package__ = 'mmcv'

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # No operator starts with an underscore; __file__, __path__, __wrapped__ and the like
        # must be missing, or inspect, pickle and the import system take them at their word.
        if name.startswith('_'):
            raise AttributeError(f'module {NAME!r} has no attribute {name!r}')
        op = _build_fact(name) if name in BUILD_FACTS else _missing_op(name)
        setattr(self, name, op)  # the same object every time, so it can be pickled by name
        return op


def _missing_op(name: str) -> Callable[..., Any]:
    def op(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"mmcv operator '{name}' is compiled code, which the installed mmcv does not have; "
            'full mmcv has it: '
            f"pip uninstall -y mmcv-lite && pip install 'mmcv{SUPPORTED['mmcv']}' "
            '(builds from source where there is no wheel for the installed torch)'
        )

    return _named(op, name)


def _build_fact(name: str) -> Callable[[], str]:
    return _named(lambda: 'n/a', name)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__module__ = NAME
    return function
