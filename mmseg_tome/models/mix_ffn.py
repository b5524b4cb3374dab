"""The parts of a Mix Transformer block beside attention: patch embedding and MixFFN."""

from collections.abc import Callable
from functools import partial

import torch
from mmcv.cnn import Conv2d, build_activation_layer, build_norm_layer
from mmcv.cnn.bricks.drop import build_dropout
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn
from torch.nn import functional as F

from ..ops import FFNWeights, mix_ffn, mix_ffn_in_strips, strips_pay, to_tokens


class PatchEmbed(BaseModule):
    """Overlapping patch embedding: a strided convolution and a norm.

    Args:
        in_channels: Channels of the input map.
        embed_dims: Channels of the tokens.
        kernel_size: Side of a patch.
        stride: Distance of neighboring patches.
        padding: Zeros added on each side.
        norm_cfg: Config of the norm.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int,
        kernel_size: int,
        stride: int,
        padding: int,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        self.projection = nn.Conv2d(in_channels, embed_dims, kernel_size, stride, padding)
        self.norm = build_norm_layer(norm_cfg, embed_dims)[1]

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Embed a map ``[B, C, H, W]``.

        Returns:
            Tokens ``[B, h * w, embed_dims]`` and ``(h, w)``.
        """
        x = self.projection(x)
        return self.norm(to_tokens(x)), (x.shape[2], x.shape[3])


class MixFFN(BaseModule):
    """Feed-forward network with a depth-wise 3x3 convolution between its two linears.

    Works on tokens from end to end: the 1x1 convolutions, whose weights keep stock's shapes, are
    applied as linears, and the 3x3 convolution sees the same memory as a channels-last map.

    Args:
        embed_dims: Channels of the tokens.
        feedforward_channels: Channels of the hidden layer.
        act_cfg: Config of the activation.
        ffn_drop: Dropout rate after the activation and after the second linear.
        dropout_layer: Config of the layer before the shortcut is added, such as DropPath.
        init_cfg: Initialization config.
    """

    # Class-wide default, so that a stock module turned into this class has it too.
    recompute: bool = True

    def __init__(
        self,
        embed_dims: int,
        feedforward_channels: int,
        act_cfg: dict = dict(type='GELU'),  # noqa: B006 - never changed
        ffn_drop: float = 0.0,
        dropout_layer: dict | None = None,
        init_cfg: dict | list | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dims = embed_dims
        self.feedforward_channels = feedforward_channels
        self.act_cfg = act_cfg
        self.activate = build_activation_layer(act_cfg)
        drop = nn.Dropout(ffn_drop)
        # The indices in this list are the names in checkpoints.
        self.layers = Sequential(
            Conv2d(embed_dims, feedforward_channels, 1),
            Conv2d(
                feedforward_channels,
                feedforward_channels,
                3,
                padding=1,
                groups=feedforward_channels,
            ),
            self.activate,
            drop,
            Conv2d(feedforward_channels, embed_dims, 1),
            drop,
        )
        self.dropout_layer = build_dropout(dropout_layer) if dropout_layer else nn.Identity()

    def forward(
        self,
        x: Tensor,
        hw_shape: tuple[int, int],
        identity: Tensor | None = None,
        norm: nn.Module | None = None,
    ) -> Tensor:
        """Transform tokens ``[B, h * w, C]``, after a norm if given, and add ``identity``.

        ``identity`` is by default ``x`` before the norm.
        """
        fc1, depthwise, activate, drop, fc2, _ = self.layers
        weights = FFNWeights(
            fc1.weight.flatten(1),
            fc1.bias,
            depthwise.weight,
            depthwise.bias,
            fc2.weight.flatten(1),
            fc2.bias,
        )
        identity = x if identity is None else identity
        if strips_pay(x) and not self.training:
            return mix_ffn_in_strips(x, hw_shape, weights, _in_place(activate), norm, identity)
        out = mix_ffn(
            x,
            hw_shape,
            weights,
            _function(activate),
            norm,
            drop=drop,
            recompute=self.recompute and self._can_recompute(),
        )
        return identity + self.dropout_layer(drop(out))

    def _can_recompute(self) -> bool:
        drops = self.training and self.layers[3].p > 0  # would drop others the second time
        # Compilers decide by themselves what to compute again.
        return torch.is_grad_enabled() and not drops and not torch.compiler.is_compiling()


def _function(activate: nn.Module) -> Callable[[Tensor], Tensor]:
    """``F.gelu``, for which there is a kernel, if the activation is no more than that."""
    is_exact = type(activate) is nn.GELU and activate.approximate == 'none'
    return F.gelu if is_exact else activate


def _in_place(activate: nn.Module) -> Callable[[Tensor], Tensor]:
    """The activation in place if it is GELU, for which PyTorch has no module that does it."""
    if type(activate) is nn.GELU:
        return partial(torch.ops.aten.gelu_, approximate=activate.approximate)
    return activate
