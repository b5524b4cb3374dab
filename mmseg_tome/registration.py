"""Putting the project's classes into the registries of MMSegmentation and MMPose."""

import functools
import warnings
from typing import TYPE_CHECKING, Any

from .compat.versions import is_installed

if TYPE_CHECKING:
    from mmengine.registry import Registry

# What mmseg's backbone does not take.
_OURS = frozenset({'tome_cfg', 'down_sample', 'inner_norm_cfg', 'cuda_graphs'})


def register_all() -> tuple[str, ...]:
    """Register in every framework that is installed; in none where MMEngine is missing.

    Returns:
        The names of the frameworks, a part of ``('mmseg', 'mmpose')``.
    """
    if not is_installed('mmengine'):
        return ()
    from . import engine  # noqa: F401 - registers itself with mmengine, for both frameworks

    frameworks = []
    if is_installed('mmseg'):
        _register_in_mmseg()
        frameworks.append('mmseg')
    if is_installed('mmpose') and _tried_in_mmpose():
        frameworks.append('mmpose')
    if frameworks:
        from .deploy import loader

        loader.register()
    return tuple(frameworks)


def _register_in_mmseg() -> None:
    # Before registering: if mmseg's own modules came later, they would find their names taken.
    from mmseg.models import backbones  # noqa: F401
    from mmseg.registry import MODELS

    from .datasets import camvid  # noqa: F401 - registers itself
    from .evaluation import small_iou_metric  # noqa: F401 - the same
    from .models import EfficientMultiheadAttention, MixVisionTransformer
    from .models.segformer_head import SegformerHead
    from .models.segmentor import EncoderDecoder

    _register_models(
        MODELS,
        MixVisionTransformer,
        EfficientMultiheadAttention,
        SegformerHead,
        EncoderDecoder,
    )
    _build_ours_with_tome_cfg(MODELS)


def _tried_in_mmpose() -> bool:
    """Register if mmpose can be imported; if it is broken, segmentation works without it."""
    try:
        _register_in_mmpose()
    except Exception as error:
        warnings.warn(
            'mmpose is installed but cannot be imported, so pose models are not available: '
            f'{error!r}',
            stacklevel=3,
        )
        return False
    return True


def _register_in_mmpose() -> None:
    from mmpose import models  # noqa: F401 - as above
    from mmpose.registry import MODELS

    from .compat import mmpose_detections, mmpose_drawing
    from .datasets import jbd  # noqa: F401 - registers itself
    from .evaluation import pck_metric  # noqa: F401 - the same
    from .models import EfficientMultiheadAttention, MixVisionTransformer
    from .models.heatmap_head import SegformerHeatmapHead

    _register_models(MODELS, MixVisionTransformer, EfficientMultiheadAttention)
    # mmpose has no head of this name: it is the published one.
    names = ['SegformerHead', 'SegformerHeatmapHead']
    MODELS.register_module(name=names, module=SegformerHeatmapHead, force=True)
    if is_installed('mmseg'):
        _build_ours_with_tome_cfg(MODELS)
    mmpose_drawing.patch()
    mmpose_detections.patch()


def _register_models(registry: 'Registry', *classes: type) -> None:
    """Override the stock names, and give each class a name of its own as well."""
    for cls in classes:
        registry.register_module(name=[cls.__name__, f'ToMe{cls.__name__}'], module=cls, force=True)


def _build_ours_with_tome_cfg(registry: 'Registry') -> None:
    """Let a config that names mmseg's backbone by its class, and not by its name, merge tokens.

    A new-style config names the class itself, or its full path where it was written to a file, and
    so no registered name stands for it. With our arguments beside it, ours is meant; without them
    the class stays what was named.
    """
    from mmseg.models.backbones.mit import MixVisionTransformer as Stock

    from .models import MixVisionTransformer

    build = registry.build_func
    if getattr(build, 'knows_tome_cfg', False):
        return

    @functools.wraps(build)
    def build_func(cfg: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(cfg, dict) and not _OURS.isdisjoint(cfg):
            named = cfg.get('type')
            if isinstance(named, str) and '.' in named:
                named = registry.get(named)
            if named is Stock:
                cfg = cfg.copy()
                cfg['type'] = MixVisionTransformer
        return build(cfg, *args, **kwargs)

    build_func.knows_tome_cfg = True  # type: ignore[attr-defined]
    registry.build_func = build_func
