"""What the registries hold. Needs mmengine and mmcv; mmseg and mmpose only where they exist."""

from ..compat.versions import require_openmmlab

require_openmmlab(__name__)

from .attention import EfficientMultiheadAttention  # noqa: E402 - said first, if it cannot be
from .mit import MixVisionTransformer  # noqa: E402

__all__ = ['EfficientMultiheadAttention', 'MixVisionTransformer']
