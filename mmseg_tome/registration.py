"""Putting the project's classes into the registries of MMSegmentation and MMPose."""

from importlib.util import find_spec

from mmengine.registry import Registry

from . import engine  # noqa: F401 - registers itself with mmengine
from .models import EfficientMultiheadAttention, MixVisionTransformer


def register_all() -> tuple[str, ...]:
    """Register in every framework that is installed.

    Returns:
        The names of the frameworks, a part of ``('mmseg', 'mmpose')``.
    """
    frameworks = []
    if find_spec('mmseg') is not None:
        _register_in_mmseg()
        frameworks.append('mmseg')
    if find_spec('mmpose') is not None:
        _register_in_mmpose()
        frameworks.append('mmpose')
    return tuple(frameworks)


def _register_in_mmseg() -> None:
    # Before registering: if mmseg's own modules came later, they would find their names taken.
    from mmseg.models import backbones  # noqa: F401
    from mmseg.registry import MODELS

    from . import datasets, evaluation  # noqa: F401 - they register themselves
    from .models.decode_head import SegformerHead

    _register_models(MODELS, MixVisionTransformer, EfficientMultiheadAttention, SegformerHead)


def _register_in_mmpose() -> None:
    from mmpose.registry import MODELS

    _register_models(MODELS, MixVisionTransformer, EfficientMultiheadAttention)


def _register_models(registry: Registry, *classes: type) -> None:
    """Override the stock names, and give each class a name of its own as well."""
    for cls in classes:
        registry.register_module(name=[cls.__name__, f'ToMe{cls.__name__}'], module=cls, force=True)
