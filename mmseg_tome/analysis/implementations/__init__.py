"""SegFormers of several origins with the same weights, for measuring them against each other.

To add one, such as a runtime: write a subclass of :class:`Implementation` in a file here, and
import it below.
"""

from .base import IMPLEMENTATIONS, Implementation, implementation
from .exported import (
    Exported,
    OnnxRuntime,
    OnnxRuntimeInt8,
    OpenVino,
    OpenVinoInt8,
    StockCompiled,
    StockExported,
    StockOnnxRuntime,
    StockOpenVino,
    StockOpenVinoInt8,
)
from .graphs import Compiled, Graphed, Replayed
from .ours import Ours
from .selection import compared_by_default, selectable
from .stock import PUBLISHED, Fused, Plain, Published, Stock
from .transformers import Transformers, TransformersEager, TransformersTome

__all__ = [
    'IMPLEMENTATIONS',
    'PUBLISHED',
    'Compiled',
    'Exported',
    'Fused',
    'Graphed',
    'Implementation',
    'OnnxRuntime',
    'OnnxRuntimeInt8',
    'OpenVino',
    'OpenVinoInt8',
    'Ours',
    'Plain',
    'Published',
    'Replayed',
    'Stock',
    'StockCompiled',
    'StockExported',
    'StockOnnxRuntime',
    'StockOpenVino',
    'StockOpenVinoInt8',
    'Transformers',
    'TransformersEager',
    'TransformersTome',
    'compared_by_default',
    'implementation',
    'selectable',
]
