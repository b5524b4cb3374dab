"""What the MixFFNs of both layouts have in common."""

from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F
from transformers.activations import GELUActivation
from transformers.models.segformer.modeling_segformer import SegformerDropPath

from ...ops import FFNWeights, mix_ffn
from ...ops.weights import Layer
from ...plain import (
    ACTIVATIONS,
    DROPOUTS,
    DROPS,
    LINEARS,
    TOKEN_NORMS,
    Classes,
    as_defined,
    is_depthwise,
    is_idle,
    is_plain,
)

_DROP_PATHS = {**DROPS, **as_defined(SegformerDropPath)}
_ACTIVATIONS = {**ACTIVATIONS, **as_defined(GELUActivation)}


class FFNLayers(NamedTuple):
    """The layers of a MixFFN, of whatever class; ``dropout`` is called in the end too."""

    fc1: Any
    depthwise: Any
    activation: Any
    dropout: Any
    fc2: Any

    def are_plain(self) -> bool:
        """Whether the weights of these layers may be read in place of calling them."""
        return (
            is_plain(self.fc1, LINEARS)
            and is_depthwise(self.depthwise)
            and is_plain(self.fc2, LINEARS)
            and not any(one.bias is None for one in (self.fc1, self.depthwise, self.fc2))
            and is_plain(self.activation, _ACTIVATIONS)
            and is_plain(self.dropout, DROPOUTS)
        )

    def run(
        self,
        x: Tensor,
        hw: tuple[int, int],
        norm: Layer | None = None,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        """Transform tokens ``[B, h * w, C]`` by plain layers, see :func:`mmseg_tome.ops.mix_ffn`.

        Args:
            x: The tokens.
            hw: Height and width of their map.
            norm: What they go through first.
            shortcut: What is added in the end, ``[B, h * w, C]``.
        """
        weights = FFNWeights(
            self.fc1.weight,
            self.fc1.bias,
            self.depthwise.weight,
            self.depthwise.bias,
            self.fc2.weight,
            self.fc2.bias,
        )
        activate = _function(self.activation)
        if is_idle(self.dropout):
            return mix_ffn(x, hw, weights, activate, norm, shortcut, recompute=True)
        p = self.dropout.p
        out = self.dropout(mix_ffn(x, hw, weights, activate, norm, dropout_p=p, recompute=True))
        return out if shortcut is None else shortcut + out


def _function(activation: nn.Module) -> Layer:
    """The exact GELU as PyTorch's function, which there is a kernel for."""
    if type(activation) is GELUActivation and activation.act is F.gelu:
        return F.gelu
    return activation


class TokenMixFFN(nn.Module):
    """MixFFN of transformers, on tokens from end to end; a subclass says what its layers are."""

    #: What the module around the depth-wise convolution is, if it only calls that.
    wrappers: Classes = {}
    dwconv: nn.Module

    def layers(self) -> FFNLayers:
        """The layers, by whatever names they have here."""
        raise NotImplementedError

    def forward(
        self,
        hidden_states: Tensor,
        height: int,
        width: int,
        norm: Layer | None = None,
        shortcut: Tensor | None = None,
    ) -> Tensor:
        """Transform tokens ``[B, h * w, C]``, after a norm and with a shortcut if given."""
        layers = self.layers()
        if is_plain(self.dwconv, self.wrappers) and layers.are_plain():
            return layers.run(hidden_states, (height, width), norm, shortcut)
        normed = hidden_states if norm is None else norm(hidden_states)
        out: Tensor = super().forward(normed, height, width)
        return out if shortcut is None else out + shortcut


def is_fused(mlp: nn.Module, ours: Classes, norm: nn.Module, drop_path: nn.Module) -> bool:
    """Whether a block's norm, MixFFN and shortcut may be computed as one.

    Args:
        mlp: The MixFFN of the block.
        ours: The class of converted ones.
        norm: What precedes it.
        drop_path: What follows it.
    """
    return is_plain(mlp, ours) and is_plain(norm, TOKEN_NORMS) and is_idle(drop_path, _DROP_PATHS)
