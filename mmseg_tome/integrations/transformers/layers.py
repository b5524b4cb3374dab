"""The layers of a stage, for transformers whose model is made of stages (since 5.9)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch import Tensor, nn
from transformers.models.segformer import modeling_segformer as stock

from ...merging import attend_merged, merged_attention
from ...normalize import normalize
from ...ops import to_map, to_tokens
from ...plain import as_defined
from .attention import (
    MergingAttention,
    are_plain_projections,
    projection_weights,
    refuse_matrix,
)
from .ffn import FFNLayers, TokenMixFFN, is_fused

# Those of which ours is the same by other means, and which take a bias for every key.
_IMPLEMENTATIONS = ('eager', 'sdpa')
# Earlier versions lack these classes; there this module is imported, and not used.
_SequenceReduction: Any = getattr(stock, 'SegformerSequenceReduction', nn.Module)
_MixMLP: Any = getattr(stock, 'SegformerMixMLP', nn.Module)
_DepthWiseConv: Any = getattr(stock, 'SegformerDepthWiseConv', nn.Identity)


class SegformerSequenceReduction(_SequenceReduction):
    """Spatial reduction of transformers, without copies between tokens and maps."""

    def forward(self, hidden_states: Tensor, height: int, width: int) -> Tensor:
        """Reduce tokens ``[B, h * w, C]`` to ``[B, h' * w', C]``."""
        reduced = self.sequence_reduction(to_map(hidden_states, (height, width)))
        return normalize(self.layer_norm, to_tokens(reduced))


class SegformerAttention(MergingAttention, stock.SegformerAttention):
    """Attention of transformers, with queries and keys/values merged on the way in.

    Computes what its ``attn_implementation`` does: eager and SDPA by this project's attention,
    others by calling them with what is left of the tokens.
    """

    def forward(
        self,
        hidden_states: Tensor,
        height: int,
        width: int,
        attention_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend among tokens ``[B, h * w, C]``.

        Returns:
            Tokens of that shape, and the attention matrix where ``output_attentions`` asks for it.

        Raises:
            ValueError: If tokens are merged, and a mask or the attention matrix asks for all.
        """
        hw, ratio = (height, width), self.sequence_reduction_ratio
        kv_hw = (height // ratio, width // ratio)
        mergings = self.mergings(hidden_states, hw, kv_hw, self.num_attention_heads)
        for name, is_given in (
            ('output_attentions = True', self._outputs_attentions(kwargs)),
            ('attention_mask', attention_mask is not None),
        ):
            if is_given:
                refuse_matrix(mergings, name)
                return super().forward(hidden_states, height, width, attention_mask, **kwargs)
        kv = hidden_states if ratio == 1 else self.sequence_reduction(hidden_states, height, width)
        maps = hidden_states, hw, kv, kv_hw
        if self._is_plain():
            dropout_p = self.attention_dropout if self.training else 0.0
            weights = projection_weights(self.q_proj, self.k_proj, self.v_proj, self.o_proj)
            out = merged_attention(
                *(*maps, weights, self.num_attention_heads, *mergings),
                dropout_p=dropout_p,
                kv_weighted=self.kv_weighted,
            )
            return out, None

        def call(q: Tensor, kv: Tensor, key_bias: Tensor | None) -> Tensor:
            return self._call(q, kv, key_bias, **kwargs)

        return attend_merged(call, *maps, *mergings, kv_weighted=self.kv_weighted), None

    def _outputs_attentions(self, kwargs: dict[str, Any]) -> bool:
        configured = getattr(self.config, 'output_attentions', False)
        return bool(kwargs.get('output_attentions', configured))

    def _is_plain(self) -> bool:
        return (
            self.config._attn_implementation in _IMPLEMENTATIONS
            and self.scaling == self.head_dim**-0.5
            and are_plain_projections(self.q_proj, self.k_proj, self.v_proj, self.o_proj)
        )

    def _call(self, q: Tensor, kv: Tensor, key_bias: Tensor | None, **kwargs: Any) -> Tensor:
        """Attend by the layers, as stock: ``[B, N, C]`` and ``[B, M, C]`` to ``[B, N, C]``."""
        name = self.config._attn_implementation
        if key_bias is not None and name not in _IMPLEMENTATIONS:
            raise ValueError(
                f'attn_implementation = {name!r} takes no weights of keys, which this strategy '
                f'gives them: choose one of {", ".join(_IMPLEMENTATIONS)}, or a strategy without '
                'kv_weighted'
            )
        heads = (
            layer(x).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
            for layer, x in ((self.q_proj, q), (self.k_proj, kv), (self.v_proj, kv))
        )
        attend = stock.ALL_ATTENTION_FUNCTIONS.get_interface(name, stock.eager_attention_forward)
        out, _ = attend(
            self,
            *heads,
            None if key_bias is None else key_bias[:, None, None].to(q.dtype),
            dropout=self.attention_dropout if self.training else 0.0,
            scaling=self.scaling,
            **kwargs,
        )
        return self.o_proj(out.flatten(2).contiguous())


class SegformerMixMLP(TokenMixFFN, _MixMLP):
    """MixFFN of transformers, on tokens from end to end."""

    wrappers = as_defined(_DepthWiseConv)

    def layers(self) -> FFNLayers:
        """The layers, by the names of this layout."""
        return FFNLayers(self.fc1, self.dwconv.dwconv, self.activation_fn, self.dropout, self.fc2)


_MLPS = as_defined(SegformerMixMLP)


class SegformerLayer(stock.SegformerLayer):
    """Block of transformers, with norm, MixFFN and shortcut in one where that is the same."""

    def forward(self, hidden_states: Tensor, height: int, width: int, **kwargs: Any) -> Tensor:
        """Transform tokens ``[B, h * w, C]``."""
        if not is_fused(self.mlp, _MLPS, self.layernorm_after, self.drop_path):
            return super().forward(hidden_states, height, width, **kwargs)
        normed = normalize(self.layernorm_before, hidden_states)
        attended, _ = self.attention(normed, height, width, **kwargs)
        x = self.drop_path(self.hidden_dropout(attended)) + hidden_states
        norm = partial(normalize, self.layernorm_after)
        return self.mlp(x, height, width, norm=norm, shortcut=x)


#: Those of a stage; attention is what merges.
CLASSES = (
    SegformerAttention,
    SegformerSequenceReduction,
    SegformerMixMLP,
    SegformerLayer,
)


def stages(encoder: Any) -> Iterator[tuple[Any, Any]]:
    """Patch embeddings and blocks of every stage of a ``SegformerModel``."""
    for stage in encoder.stages:
        yield stage.patch_embeddings, stage.blocks
