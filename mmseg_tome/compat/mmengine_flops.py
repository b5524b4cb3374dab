"""Lets mmseg's ``get_flops`` count: it gives mmengine a shape beside the images, which are enough.

mmengine 0.10 refuses to be given both.
"""

import functools
from collections.abc import Callable
from typing import Any


def patch() -> tuple[str, ...]:
    """Let ``mmengine.analysis.get_model_complexity_info`` go by the inputs where it has both.

    Imports ``mmengine.analysis``, so it is not for the start, but for running a tool.
    """
    from mmengine import analysis

    original = analysis.get_model_complexity_info
    if not _refuses_both(original):
        return ()

    @functools.wraps(original)
    def get_model_complexity_info(
        model: Any, input_shape: Any = None, inputs: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        return original(model, None if inputs is not None else input_shape, inputs, *args, **kwargs)

    analysis.get_model_complexity_info = get_model_complexity_info
    return ('mmengine get_model_complexity_info',)


def _refuses_both(count: Callable[..., Any]) -> bool:
    try:
        count(None, (1,), ())  # without a model it fails otherwise
    except Exception as error:
        return 'cannot be both set' in str(error)
    return False
