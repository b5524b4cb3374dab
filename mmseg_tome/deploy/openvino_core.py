"""The one OpenVINO core of a process."""

from functools import cache
from types import ModuleType
from typing import Any

from .missing import need


def openvino_core(what: str) -> Any:
    """Return OpenVINO's core, the same at every call, which lives as long as the process.

    A core for every model is what makes the process crash later. OpenVINO's plugin for CPUs gives
    the thread an alternate signal stack, and puts the one that it found back when it is freed; of
    two cores freed in the order of their making, the second puts back what the first has freed.
    The next signal (Ctrl-C, the end of a data loader's worker) is then handled in freed memory.

    Args:
        what: What needs it, the start of the sentence that says so if it is missing.

    Raises:
        MissingRuntimeError: If openvino is not installed.
    """
    return _core(need('openvino', what))


@cache
def _core(openvino: ModuleType) -> Any:
    return openvino.Core()
