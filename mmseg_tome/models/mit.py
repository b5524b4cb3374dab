"""The Mix Transformer (MiT) of SegFormer with token merging."""

import math
import warnings
from collections.abc import Sequence
from functools import partial

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule, ModuleList
from mmengine.model.weight_init import constant_init, normal_init, trunc_normal_init
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ..map_sizes import check_down_sample, smallest_side
from ..normalize import normalize
from ..ops import to_map
from ..plain import TOKEN_NORMS, as_defined, is_plain
from ..strategies import Strategy, TomeCfg, parse_tome_cfg
from .attention import EfficientMultiheadAttention, attention_of
from .cuda_graphs import CudaGraphs
from .mix_ffn import MixFFN
from .patch_embed import PatchEmbed
from .token_counts import StageTokens, TokenLog, count_tokens

MIX_FFNS = as_defined(MixFFN)


class SettingError(ValueError, AssertionError):
    """An argument is not allowed; an AssertionError as well, because mmseg's class asserts."""


class TransformerEncoderLayer(BaseModule):
    """One block: norm, attention, norm, MixFFN, each pair with a shortcut.

    Args:
        embed_dims: Channels of the tokens.
        num_heads: Number of attention heads.
        feedforward_channels: Hidden channels of the MixFFN.
        drop_rate: Dropout rate after attention and in the MixFFN.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Rate of stochastic depth.
        qkv_bias: Whether queries, keys and values have a bias.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.
        sr_ratio: Spatial-reduction ratio of the keys and values.
        with_cp: Whether to trade compute for memory by checkpointing the block.
        inner_norm_cfg: Config of the norm after the spatial reduction; by default ``norm_cfg``.
    """

    def __init__(
        self,
        embed_dims: int,
        num_heads: int,
        feedforward_channels: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        act_cfg: dict = dict(type='GELU'),  # noqa: B006 - never changed
        norm_cfg: dict = dict(type='LN'),  # noqa: B006 - never changed
        sr_ratio: int = 1,
        with_cp: bool = False,
        inner_norm_cfg: dict | None = None,
    ) -> None:
        super().__init__()
        drop_path = dict(type='DropPath', drop_prob=drop_path_rate)
        self.norm1 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.attn = EfficientMultiheadAttention(
            embed_dims,
            num_heads,
            attn_drop=attn_drop_rate,
            proj_drop=drop_rate,
            dropout_layer=drop_path,
            qkv_bias=qkv_bias,
            norm_cfg=inner_norm_cfg or norm_cfg,
            sr_ratio=sr_ratio,
        )
        self.norm2 = build_norm_layer(norm_cfg, embed_dims)[1]
        self.ffn = MixFFN(
            embed_dims,
            feedforward_channels,
            ffn_drop=drop_rate,
            dropout_layer=drop_path,
            act_cfg=act_cfg,
        )
        self.with_cp = with_cp

    def forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        """Transform tokens ``[B, h * w, C]``."""
        if self.with_cp and x.requires_grad:
            return checkpoint(self._forward, x, hw_shape, use_reentrant=False)
        return self._forward(x, hw_shape)

    def _forward(self, x: Tensor, hw_shape: tuple[int, int]) -> Tensor:
        x = self.attn(normalize(self.norm1, x), hw_shape, identity=x)
        if is_plain(self.ffn, MIX_FFNS) and is_plain(self.norm2, TOKEN_NORMS):
            return self.ffn(x, hw_shape, norm=partial(normalize, self.norm2))
        return self.ffn(self.norm2(x), hw_shape, identity=x)  # as stock calls it


class MixVisionTransformer(BaseModule):
    """The backbone of SegFormer, with the merging strategies of Segformer++.

    Takes the place of mmseg's class of the same name: the same arguments and four more, the same
    names and shapes of parameters, and with ``tome_cfg=None`` the same output.

    Args:
        in_channels: Channels of the image.
        embed_dims: Channels per head; stage ``i`` has ``embed_dims * num_heads[i]`` channels.
        num_stages: Number of stages.
        num_layers: Number of blocks of each stage.
        num_heads: Number of attention heads of each stage.
        patch_sizes: Side of a patch of each stage's patch embedding.
        strides: Stride of each stage's patch embedding.
        sr_ratios: Spatial-reduction ratio of each stage.
        out_indices: The stages whose maps are returned.
        mlp_ratio: Hidden channels of the MixFFN over its input's.
        qkv_bias: Whether queries, keys and values have a bias.
        drop_rate: Dropout rate after attention and in the MixFFN.
        attn_drop_rate: Dropout rate of the attention weights.
        drop_path_rate: Rate of stochastic depth of the last block, growing linearly from 0.
        act_cfg: Config of the activation.
        norm_cfg: Config of the norms.
        pretrained: Path of pretrained weights; deprecated in favor of ``init_cfg``.
        init_cfg: Initialization config.
        with_cp: Whether to trade compute for memory by checkpointing each block.
        tome_cfg: What is merged where: the name of a preset, a list with one dict per stage, the
            path of a YAML or JSON file with such a list, or None. See
            :func:`mmseg_tome.strategies.parse_tome_cfg`.
        down_sample: The published switch for ``tome_cfg='downsample'``.
        inner_norm_cfg: Config of the norms of patch embeddings and after spatial reduction; by
            default ``norm_cfg``. NVlabs' models have ``dict(type='LN', eps=1e-5)`` here.
        cuda_graphs: Whether inference on a GPU is recorded once per image size and replayed, see
            :class:`mmseg_tome.models.cuda_graphs.CudaGraphs`.

    Raises:
        ValueError: If an argument is not allowed. Where mmseg's class asserts, it is a
            :class:`SettingError`, which is an AssertionError too.

    Source: SegFormer (Xie et al. 2021); Segformer++ Sec. III-C, Table I.
    """

    # Class-wide defaults, so that a stock backbone turned into this class merges nothing.
    strategy: Strategy | None = None
    cuda_graphs: bool = False
    _graphs: CudaGraphs | None = None

    def __init__(
        self,
        in_channels: int = 3,
        embed_dims: int = 64,
        num_stages: int = 4,
        num_layers: Sequence[int] = (3, 4, 6, 3),
        num_heads: Sequence[int] = (1, 2, 4, 8),
        patch_sizes: Sequence[int] = (7, 3, 3, 3),
        strides: Sequence[int] = (4, 2, 2, 2),
        sr_ratios: Sequence[int] = (8, 4, 2, 1),
        out_indices: Sequence[int] = (0, 1, 2, 3),
        mlp_ratio: int = 4,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_cfg: dict = dict(type='GELU'),  # noqa: B006 - never changed
        norm_cfg: dict = dict(type='LN', eps=1e-6),  # noqa: B006 - never changed
        pretrained: str | None = None,
        init_cfg: dict | list | None = None,
        with_cp: bool = False,
        tome_cfg: TomeCfg = None,
        down_sample: bool = False,
        inner_norm_cfg: dict | None = None,
        cuda_graphs: bool = False,
    ) -> None:
        if init_cfg and pretrained:
            raise SettingError('init_cfg and pretrained cannot be set at the same time')
        if isinstance(pretrained, str):
            warnings.warn('pretrained is deprecated, use init_cfg instead', stacklevel=2)
            init_cfg = dict(type='Pretrained', checkpoint=pretrained)
        elif pretrained is not None:
            raise TypeError(f'pretrained = {pretrained!r} is not allowed: give a path or None')
        super().__init__(init_cfg=init_cfg)
        _check_stages(
            num_stages,
            num_layers=num_layers,
            num_heads=num_heads,
            patch_sizes=patch_sizes,
            strides=strides,
            sr_ratios=sr_ratios,
        )
        self.embed_dims = embed_dims
        self.num_stages = num_stages
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.patch_sizes = patch_sizes
        self.strides = strides
        self.sr_ratios = sr_ratios
        self.with_cp = with_cp
        self.out_indices = out_indices
        self.cuda_graphs = cuda_graphs
        if max(out_indices) >= num_stages:
            raise SettingError(
                f'out_indices = {out_indices} is not allowed: the last stage is {num_stages - 1}'
            )
        # Before the layers: a wrong setting should not wait for their initialization.
        strategy = parse_tome_cfg(tome_cfg, num_stages, down_sample)

        drop_path_rates = iter(torch.linspace(0, drop_path_rate, sum(num_layers)).tolist())
        inner_norm_cfg = inner_norm_cfg or norm_cfg
        self.layers = ModuleList()
        for i in range(num_stages):
            channels = embed_dims * num_heads[i]
            patch_embed = PatchEmbed(
                in_channels,
                channels,
                patch_sizes[i],
                strides[i],
                patch_sizes[i] // 2,
                inner_norm_cfg,
            )
            blocks = ModuleList(
                TransformerEncoderLayer(
                    channels,
                    num_heads[i],
                    mlp_ratio * channels,
                    drop_rate=drop_rate,
                    attn_drop_rate=attn_drop_rate,
                    drop_path_rate=next(drop_path_rates),
                    qkv_bias=qkv_bias,
                    act_cfg=act_cfg,
                    norm_cfg=norm_cfg,
                    sr_ratio=sr_ratios[i],
                    with_cp=with_cp,
                    inner_norm_cfg=inner_norm_cfg,
                )
                for _ in range(num_layers[i])
            )
            norm = build_norm_layer(norm_cfg, channels)[1]
            self.layers.append(ModuleList([patch_embed, blocks, norm]))
            in_channels = channels
        self.set_strategy(strategy)

    def set_strategy(self, strategy: Strategy) -> None:
        """Switch every block to a strategy, and log it with its token counts."""
        self.strategy = strategy
        for (_, blocks, _), stage in zip(self.layers, strategy.stages, strict=True):
            for block in blocks:
                attn = attention_of(block)
                attn.q_merging = stage.q
                attn.kv_merging = stage.kv
                attn.kv_weighted = stage.kv_weighted
                attn.only_if_faster = stage.only_if_faster
        self._token_log = TokenLog(self, strategy)

    def token_counts(self, hw: tuple[int, int], batch: int = 1) -> list[StageTokens]:
        """Count the tokens of each stage for images of ``hw`` (height, width) pixels.

        The batch matters to ``tome_cfg='auto'`` alone, as does the device.
        """
        return count_tokens(self, hw, batch)

    def init_weights(self) -> None:
        """Initialize as stock does: from ``init_cfg`` if set, else by layer type."""
        if self.init_cfg is not None:
            super().init_weights()
            return
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_init(module, std=0.02, bias=0.0)
            elif isinstance(module, nn.LayerNorm):
                constant_init(module, val=1.0, bias=0.0)
            elif isinstance(module, nn.Conv2d):
                fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
                normal_init(module, mean=0, std=math.sqrt(2.0 / fan_out), bias=0)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Compute the feature maps of an image.

        Args:
            x: Image, ``[B, in_channels, H, W]``.

        Returns:
            One map ``[B, C_i, h_i, w_i]`` per stage in ``out_indices``, in channels-last memory.
        """
        if self.strategy is not None:
            self._token_log.on_forward(self, x)
            if self.strategy.down_sample:
                check_down_sample(x, smallest_side(self.patch_sizes, self.strides, self.sr_ratios))
                x = F.interpolate(x, scale_factor=0.5, mode='nearest')
        if not self.cuda_graphs:
            return self._compute(x)
        if self._graphs is None:
            self._graphs = CudaGraphs()
        return self._graphs(self, self._compute, x)

    def _compute(self, x: Tensor) -> list[Tensor]:
        outs = []
        for i, (patch_embed, blocks, norm) in enumerate(self.layers):
            tokens, hw = patch_embed(x)
            for block in blocks:
                tokens = block(tokens, hw)
            x = to_map(normalize(norm, tokens), hw)
            if i in self.out_indices:
                outs.append(x)
        return outs


def _check_stages(num_stages: int, **settings: Sequence[int]) -> None:
    for name, value in settings.items():
        if len(value) != num_stages:
            raise SettingError(
                f'{name} = {value} has {len(value)} entries but num_stages = {num_stages}: '
                'give one entry per stage'
            )
