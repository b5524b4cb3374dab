"""Lets torchvision import where its compiled operators cannot load.

That happens with a CUDA torchvision beside a CPU torch, and with mismatched versions. mmengine's
Runner imports torchvision to log its version, and mmpose for ``torchvision.transforms``; neither
needs an operator. ``torchvision.ops.nms`` itself keeps torchvision's own clear error.
"""

import importlib
import sys

import torch

from .versions import is_installed

SYMPTOM = 'operator torchvision::nms does not exist'
# The two operators that torchvision attaches Python functions to without asking whether they exist.
SCHEMAS = (
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
)
_declared: torch.library.Library | None = None  # the schemas live as long as this object


def patch() -> tuple[str, ...]:
    """Import torchvision; if, and only if, it fails for lack of operators, declare them.

    Any other failure is left for the package that needs torchvision to run into.
    """
    global _declared
    if 'torchvision' in sys.modules or not _is_wanted():
        return ()
    error = _import_torchvision()
    if not isinstance(error, RuntimeError) or SYMPTOM not in str(error):
        return ()
    # FRAGMENT, so that other code which patches the same way can do so beside us.
    _declared = torch.library.Library('torchvision', 'FRAGMENT')
    for schema in SCHEMAS:
        _declared.define(schema)
    _import_torchvision()  # if something else is broken too, it now shows by itself
    return ('torchvision::nms',)


def _is_wanted() -> bool:
    """Without mmengine nothing here imports torchvision, which takes about a second."""
    return all(is_installed(name) for name in ('mmengine', 'torchvision'))


def _import_torchvision() -> Exception | None:
    """Import torchvision, and on failure forget its half-imported modules; return the error."""
    try:
        importlib.import_module('torchvision')
    except Exception as error:
        for name in [name for name in sys.modules if name.partition('.')[0] == 'torchvision']:
            del sys.modules[name]
        return error
    return None
