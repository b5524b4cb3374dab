"""The decode head, with its fusion before upsampling."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.models.segformer import modeling_segformer as stock

from ...ops import FusionHeadWeights, PointwiseLayer, fusion_head
from ...plain import (
    ACTIVATIONS,
    DROPS,
    LINEARS,
    MAP_NORMS,
    as_defined,
    is_plain,
    is_pointwise,
)

_PROJECTIONS = as_defined(stock.SegformerMLP)


class SegformerDecodeHead(stock.SegformerDecodeHead):
    """The decode head of transformers, with levels fused before they are resized."""

    def forward(self, encoder_hidden_states: Sequence[Tensor], *args: Any, **kwargs: Any) -> Tensor:
        """Predict class scores ``[B, num_labels, h, w]`` at the size of the first stage's map.

        Args:
            encoder_hidden_states: One map ``[B, C_i, h_i, w_i]`` per stage, the largest first.
            *args: As transformers passes them on.
            **kwargs: The same.
        """
        projections = self._projections()
        are_maps = all(level.ndim == 4 for level in encoder_hidden_states)
        if not (are_maps and self._is_plain(projections)):
            return super().forward(encoder_hidden_states, *args, **kwargs)
        levels = [PointwiseLayer(each.proj.weight, each.proj.bias) for each in projections]
        kernel = self.linear_fuse.weight
        # Stock fuses the smallest map first.
        kernel = torch.cat(kernel.split([len(level.weight) for level in levels], 1)[::-1], 1)
        weights = FusionHeadWeights(
            levels,
            PointwiseLayer(kernel, self.linear_fuse.bias, self.batch_norm, self.activation),
            PointwiseLayer(self.classifier.weight, self.classifier.bias),
        )
        return fusion_head(
            encoder_hidden_states,
            weights,
            drop=self.dropout if self.dropout.training else None,
        )

    def _projections(self) -> Any:
        # The second is their name in the earlier layout.
        return self.linear_projections if 'linear_projections' in self._modules else self.linear_c

    def _is_plain(self, projections: Any) -> bool:
        return (
            all(
                is_plain(each, _PROJECTIONS) and is_plain(each.proj, LINEARS)
                for each in projections
            )
            and is_pointwise(self.linear_fuse)
            and is_plain(self.batch_norm, MAP_NORMS)
            and is_plain(self.activation, ACTIVATIONS)
            and is_plain(self.dropout, DROPS)
            and is_pointwise(self.classifier)
        )
