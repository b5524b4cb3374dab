"""SegFormer's feed-forward network as a module."""

from mmcv.cnn import Conv2d, build_activation_layer
from mmcv.cnn.bricks.drop import build_dropout
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from ..ops import FFNWeights, mix_ffn, to_map, to_tokens
from ..ops.weights import Layer
from .plain import is_idle, is_mix_ffn


class MixFFN(BaseModule):
    """Feed-forward network with a depth-wise 3x3 convolution between its two linears.

    Works on tokens from end to end: the 1x1 convolutions, whose weights keep stock's shapes, are
    applied as linears, and the 3x3 convolution sees the same memory as a channels-last map. Layers
    that are not plain, see :mod:`mmseg_tome.plain`, are called instead.

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
        norm: Layer | None = None,
    ) -> Tensor:
        """Transform tokens ``[B, h * w, C]``, after a norm if given, and add ``identity``.

        ``identity`` is by default ``x`` before the norm, which treats each token by itself and may
        be called for parts of them.
        """
        identity = x if identity is None else identity
        if not is_mix_ffn(self.layers):
            x = x if norm is None else norm(x)
            # One channel after another in memory, as in stock: what is called may rely on it.
            out = self.layers(to_map(x, hw_shape).contiguous())
            return identity + self.dropout_layer(to_tokens(out))
        fc1, depthwise, activate, drop, fc2, last_drop = self.layers
        weights = FFNWeights(
            fc1.weight.flatten(1),
            fc1.bias,
            depthwise.weight,
            depthwise.bias,
            fc2.weight.flatten(1),
            fc2.bias,
        )
        if is_idle(drop) and is_idle(last_drop) and is_idle(self.dropout_layer):
            return mix_ffn(x, hw_shape, weights, activate, norm, identity, recompute=self.recompute)
        p = drop.p if drop.training else 0.0
        out = mix_ffn(x, hw_shape, weights, activate, norm, dropout_p=p, recompute=self.recompute)
        return identity + self.dropout_layer(last_drop(out))
