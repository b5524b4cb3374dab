"""Which implementations are compared, unless others are asked for."""

from ...strategies import PRESETS
from .base import Implementation
from .exported import (
    OnnxRuntime,
    OnnxRuntimeInt8,
    OpenVino,
    OpenVinoInt8,
    StockCompiled,
    StockOnnxRuntime,
    StockOpenVino,
    StockOpenVinoInt8,
)
from .graphs import Compiled, Graphed, Replayed
from .ours import Ours
from .stock import PUBLISHED, Fused, Published, Stock
from .transformers import Transformers, TransformersEager, TransformersTome


def compared_by_default(graphs: bool = False) -> list[Implementation]:
    """Stock, stock with fused attention, the published merging, ours, and ours as CUDA graphs."""
    published = [Published(s) for s in PUBLISHED if s not in ('none', 'downsample')]
    ours = [Ours(strategy) for strategy in PRESETS]
    graphed = [Graphed(strategy) for strategy in PRESETS if graphs]
    return [Stock(), Fused(), *published, *ours, *graphed]


def selectable() -> list[Implementation]:
    """What can be asked for by name: also what is deployed instead of PyTorch, and transformers."""
    return [
        *compared_by_default(graphs=True),
        *(one(strategy) for one in (Replayed, Compiled) for strategy in PRESETS),
        *(Transformers(), TransformersEager()),
        *(TransformersTome(strategy) for strategy in PRESETS),
        *(StockCompiled(), StockOnnxRuntime(), StockOpenVino(), StockOpenVinoInt8()),
        *(
            runtime(strategy)
            for runtime in (OnnxRuntime, OnnxRuntimeInt8, OpenVino, OpenVinoInt8)
            for strategy in PRESETS
        ),
    ]
