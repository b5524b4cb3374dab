"""The layers of a stage, for transformers whose model holds a ``SegformerEncoder`` (before 5.9)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.segformer import modeling_segformer as stock

from ...merging import Merging, attend_merged, merged_attention
from ...normalize import normalize
from ...ops import scaled_dot_product_attention, to_map, to_tokens
from ...plain import DROPOUTS, as_defined, is_plain
from .attention import (
    MergingAttention,
    are_plain_projections,
    projection_weights,
    refuse_matrix,
)
from .ffn import FFNLayers, TokenMixFFN, is_fused

# Later versions lack some of these classes; there this module is imported, and not used.
_Attention: Any = getattr(stock, 'SegformerEfficientSelfAttention', nn.Module)
_MixFFN: Any = getattr(stock, 'SegformerMixFFN', nn.Module)
_OUTPUTS = as_defined(getattr(stock, 'SegformerSelfOutput', nn.Identity))


class SegformerEfficientSelfAttention(MergingAttention, _Attention):
    """Attention of transformers before its last projection, with tokens merged on the way in."""

    def forward(
        self, hidden_states: Tensor, height: int, width: int, output_attentions: bool = False
    ) -> tuple[Tensor, ...]:
        """Attend among tokens ``[B, h * w, C]``.

        Returns:
            Tokens of that shape, and the attention matrix if it is asked for.

        Raises:
            ValueError: If tokens are merged and the attention matrix is asked for.
        """
        hw = (height, width)
        mergings = self._mergings(hidden_states, hw)
        if output_attentions:
            refuse_matrix(mergings, 'output_attentions = True')
            return super().forward(hidden_states, height, width, output_attentions)
        maps = hidden_states, hw, *self._reduce(hidden_states, hw)
        return (attend_merged(self._call, *maps, *mergings, kv_weighted=self.kv_weighted),)

    def attend(self, x: Tensor, hw: tuple[int, int], out: nn.Linear) -> Tensor:
        """Attend among tokens and project the result, by the weights of plain layers."""
        return merged_attention(
            *(x, hw, *self._reduce(x, hw)),
            *(projection_weights(self.query, self.key, self.value, out), self.num_attention_heads),
            *self._mergings(x, hw),
            dropout_p=self.dropout.p if self.dropout.training else 0.0,
            kv_weighted=self.kv_weighted,
        )

    def _mergings(self, x: Tensor, hw: tuple[int, int]) -> tuple[Merging | None, Merging | None]:
        kv_hw = (hw[0] // self.sr_ratio, hw[1] // self.sr_ratio)
        return self.mergings(x, hw, kv_hw, self.num_attention_heads)

    def _reduce(self, x: Tensor, hw: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
        """Reduce a map spatially, ``[B, h * w, C]`` to ``[B, h' * w', C]``; also ``(h', w')``."""
        if self.sr_ratio == 1:
            return x, hw
        reduced = self.sr(to_map(x, hw))
        return normalize(self.layer_norm, to_tokens(reduced)), (reduced.shape[2], reduced.shape[3])

    def _call(self, q: Tensor, kv: Tensor, key_bias: Tensor | None) -> Tensor:
        """Attend by the layers, as stock: ``[B, N, C]`` and ``[B, M, C]`` to ``[B, N, C]``."""
        queries, keys, values = (
            layer(x).unflatten(2, (self.num_attention_heads, -1)).transpose(1, 2)
            for layer, x in ((self.query, q), (self.key, kv), (self.value, kv))
        )
        if is_plain(self.dropout, DROPOUTS):
            p = self.dropout.p if self.dropout.training else 0.0
            out = scaled_dot_product_attention(queries, keys, values, p, key_bias)
        else:
            scores = queries @ keys.mT / self.attention_head_size**0.5
            if key_bias is not None:
                scores = scores + key_bias[:, None, None].to(scores.dtype)
            out = self.dropout(F.softmax(scores, dim=-1)) @ values
        return out.transpose(1, 2).flatten(2)


_ATTENTIONS = as_defined(SegformerEfficientSelfAttention)


class SegformerAttention(stock.SegformerAttention):
    """Attention of transformers, with its last projection on merged tokens where that is plain."""

    def forward(
        self, hidden_states: Tensor, height: int, width: int, output_attentions: bool = False
    ) -> tuple[Tensor, ...]:
        """Attend among tokens ``[B, h * w, C]``; returned with what ``self`` returns beside."""
        if output_attentions or not self._is_plain():
            return super().forward(hidden_states, height, width, output_attentions)
        out = self.self.attend(hidden_states, (height, width), self.output.dense)
        return (self.output.dropout(out),)

    def _is_plain(self) -> bool:
        attention, output = self.self, self.output
        return (
            is_plain(attention, _ATTENTIONS)
            and is_plain(output, _OUTPUTS)
            and is_plain(attention.dropout, DROPOUTS)
            and are_plain_projections(attention.query, attention.key, attention.value, output.dense)
        )


class SegformerMixFFN(TokenMixFFN, _MixFFN):
    """MixFFN of transformers, on tokens from end to end."""

    wrappers = as_defined(getattr(stock, 'SegformerDWConv', nn.Identity))

    def layers(self) -> FFNLayers:
        """The layers, by the names of this layout."""
        return FFNLayers(
            self.dense1, self.dwconv.dwconv, self.intermediate_act_fn, self.dropout, self.dense2
        )


_FFNS = as_defined(SegformerMixFFN)


class SegformerLayer(stock.SegformerLayer):
    """Block of transformers, with norm, MixFFN and shortcut in one where that is the same."""

    def forward(
        self, hidden_states: Tensor, height: int, width: int, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, ...]:
        """Transform tokens ``[B, h * w, C]``; returned with what attention returns beside."""
        if not is_fused(self.mlp, _FFNS, self.layer_norm_2, self.drop_path):
            return super().forward(hidden_states, height, width, *args, **kwargs)
        normed = normalize(self.layer_norm_1, hidden_states)
        attended, *others = self.attention(normed, height, width, *args, **kwargs)
        x = self.drop_path(attended) + hidden_states
        norm = partial(normalize, self.layer_norm_2)
        return self.mlp(x, height, width, norm=norm, shortcut=x), *others


#: Those of a stage; attention is what merges.
CLASSES = (
    SegformerEfficientSelfAttention,
    SegformerAttention,
    SegformerMixFFN,
    SegformerLayer,
)


def stages(encoder: Any) -> Iterator[tuple[Any, Any]]:
    """Patch embeddings and blocks of every stage of a ``SegformerModel``."""
    yield from zip(encoder.encoder.patch_embeddings, encoder.encoder.block, strict=True)
