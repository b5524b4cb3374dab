"""A SegFormer encoder of transformers as what ``apply_tome`` switches between strategies."""

from collections.abc import Iterator
from typing import Any

from torch import nn
from transformers.models.segformer import modeling_segformer as stock

from ...map_sizes import smallest_side
from ...strategies import Strategy
from .attention import MergingAttention

if hasattr(stock, 'SegformerStage'):
    from . import layers
else:
    from . import earlier_layers as layers  # type: ignore[no-redef]


class Encoder:
    """Handle of a ``SegformerModel`` whose layers are, or are about to be, this project's.

    The model keeps its class, by whose name transformers stores it and finds what belongs to it.

    Args:
        model: The ``SegformerModel``.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def num_stages(self) -> int:
        """The number of stages."""
        return len(list(layers.stages(self.model)))

    def modules(self) -> Iterator[nn.Module]:
        """All modules of the encoder."""
        yield from self.model.modules()

    def set_strategy(self, strategy: Strategy) -> None:
        """Switch every block to a strategy."""
        stages = list(layers.stages(self.model))
        for (_, blocks), stage in zip(stages, strategy.stages, strict=True):
            for module in blocks.modules():
                if isinstance(module, MergingAttention):
                    module.set_merging(stage)
        embeddings, config = stages[0][0], self.model.config
        embeddings.down_sample = strategy.down_sample
        embeddings.smallest_side = smallest_side(
            config.patch_sizes, config.strides, config.sr_ratios
        )
