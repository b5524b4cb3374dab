"""What the registries hold. Needs mmengine and mmcv; mmseg and mmpose only where they exist."""

from .attention import EfficientMultiheadAttention
from .mit import MixVisionTransformer

__all__ = ['EfficientMultiheadAttention', 'MixVisionTransformer']
