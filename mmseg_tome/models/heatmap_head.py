"""The head of SegFormer for keypoint heatmaps. Needs mmpose."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmpose.models.heads import HeatmapHead
from torch import Tensor, nn

from .fusion import run_fusion_head


class SegformerHeatmapHead(HeatmapHead):
    """Predicts a heatmap per keypoint from the fused maps of all stages.

    The layers and the names of their parameters are those of the published checkpoints: one 1x1
    convolution per level, one that fuses the levels at the first one's size, and one to heatmaps.
    Losses, codecs, flip test, ``output_heatmaps`` and training accuracy are those of mmpose's
    ``HeatmapHead``, by its code.

    Args:
        in_channels: Channels of each level, the finest first.
        num_keypoints: Number of keypoints ``K``. A ``UDPHeatmap`` of type ``'combined'`` has three
            maps for each, which count as one keypoint here.
        channels: Channels that each level is projected to, and of the fused map.
        loss: Config of the loss.
        decoder: Config of the codec; without one, ``predict`` is not possible.
        interpolate_mode: How levels are resized, as in ``F.interpolate``.
        norm_cfg: Config of the norms; None for none.
        init_cfg: Initialization config; by default all convolutions are drawn with std 0.001.

    Raises:
        ValueError: In ``loss`` and ``predict``, if the heatmaps are not of the codec's size, as
            with ``tome_cfg='downsample'``.

    Source: Segformer++ Sec. IV-A; sizes and names are those of the published configurations.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_keypoints: int,
        channels: int = 256,
        loss: dict = dict(type='KeypointMSELoss', use_target_weight=True),  # noqa: B006
        decoder: dict | None = None,
        interpolate_mode: str = 'bilinear',
        norm_cfg: dict | None = dict(type='SyncBN'),  # noqa: B006 - never changed
        init_cfg: dict | list | None = None,
    ) -> None:
        combined = decoder is not None and decoder.get('heatmap_type') == 'combined'
        super().__init__(
            in_channels=channels,
            out_channels=3 * num_keypoints if combined else num_keypoints,
            deconv_out_channels=None,
            loss=loss,
            decoder=decoder,
            init_cfg=init_cfg,
        )
        self.in_channels = in_channels
        self.interpolate_mode = interpolate_mode
        self.convs = nn.ModuleList(
            ConvModule(level, channels, 1, norm_cfg=norm_cfg) for level in in_channels
        )
        self.fusion_conv = ConvModule(channels * len(in_channels), channels, 1, norm_cfg=norm_cfg)
        # A ConvModule draws its weights anew after its parent has, unless it believes it is done.
        self.fusion_conv.is_init = True

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Predict heatmaps ``[B, K, h, w]`` at the size of the first level.

        They leave in the form that mmpose's flip test and codecs can read: one map after another
        in memory, and not in a half precision, since numpy has no bfloat16.
        """
        heatmaps = run_fusion_head(
            feats, self.convs, self.fusion_conv, self.final_layer, mode=self.interpolate_mode
        ).contiguous()
        return heatmaps.float() if heatmaps.dtype in (torch.float16, torch.bfloat16) else heatmaps

    def loss(self, feats: Sequence[Tensor], batch_data_samples, train_cfg: dict = {}) -> dict:  # noqa: B006
        """Compute ``loss_kpt`` and, unless ``compute_acc=False``, the accuracy ``acc_pose``."""
        self._check_size(feats[0])
        return super().loss(feats, batch_data_samples, train_cfg)

    def decode(self, batch_outputs: Tensor) -> list:
        """Decode heatmaps ``[B, K, h, w]`` into one ``InstanceData`` of keypoints per image."""
        self._check_size(batch_outputs)
        return super().decode(batch_outputs)

    def _check_size(self, feature_map: Tensor) -> None:
        expected = getattr(self.decoder, 'heatmap_size', None)
        height, width = feature_map.shape[2:]
        if expected is not None and tuple(expected) != (width, height):
            raise ValueError(
                f'The heatmaps are {width}x{height} (width x height), but the codec has '
                f'heatmap_size = {tuple(expected)}: keypoints would be found in wrong places. '
                "tome_cfg = 'downsample' halves the input and so the heatmaps: choose another "
                f'strategy, or train with a codec of heatmap_size = ({width}, {height})'
            )
