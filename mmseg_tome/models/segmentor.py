"""The segmentor: images in windows, and from scores to classes in little time. Needs mmseg."""

import itertools
from collections.abc import Sequence

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import EncoderDecoder as StockEncoderDecoder
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn import functional as F

from .sliding import Windows


class EncoderDecoder(StockEncoderDecoder):
    """mmseg's ``EncoderDecoder``, whose predictions are the same and take less time.

    Two steps of stock take longer than they need, about a fifth of a merged model's time: scores
    are resized to the size of the image even if they have it, which changes no value, and
    ``argmax`` over the first dimension is four times slower on a CPU than ``max``.

    With ``test_cfg=dict(mode='slide', crop_size=…, stride=…)`` the windows of an image go through
    in batches. ``window_batch`` in ``test_cfg`` says how many at once; by default one of 512x512
    pixels or more on a CPU, and elsewhere as many as have four megapixels together.
    """

    def slide_inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Average the scores of overlapping windows.

        Memory is that of the result and of one batch of windows, where stock needs the result
        twice: it pads the scores of every window to the whole image, and divides into a copy.

        Args:
            inputs: Images ``[B, C, H, W]``.
            batch_img_metas: What is known of each image.

        Returns:
            Scores ``[B, K, H, W]``.

        Raises:
            SettingError: If ``crop_size``, ``stride`` or ``window_batch`` is missing or not
                allowed, or there are pixels that no window covers.
        """
        windows = Windows.over(inputs, self.test_cfg)
        height, width = windows.size
        scores = inputs.new_zeros(len(inputs), self.out_channels, *inputs.shape[2:])
        places = itertools.product(windows.tops, windows.lefts, range(len(inputs)))
        while batch := list(itertools.islice(places, windows.batch)):
            parts = [
                (i, ..., slice(top, top + height), slice(left, left + width))
                for top, left, i in batch
            ]
            self._add_windows(scores, inputs, parts, [batch_img_metas[i] for *_, i in batch])
        return scores.div_(windows.counts(inputs))

    def _add_windows(
        self, scores: Tensor, inputs: Tensor, parts: list[tuple], img_metas: list[dict]
    ) -> None:
        """Add the scores of some windows; a function of its own, so that theirs are gone after."""
        crops = torch.stack([inputs[part] for part in parts])
        # A torch.Size says to heads that scores are wanted at this size.
        metas = [{**meta, 'img_shape': crops.shape[2:]} for meta in img_metas]
        for part, found in zip(parts, self.encode_decode(crops, metas), strict=True):
            scores[part] += found

    def postprocess_result(
        self, seg_logits: Tensor, data_samples: Sequence[SegDataSample] | None = None
    ) -> Sequence[SegDataSample]:
        """Turn scores ``[B, K, H, W]`` into one sample per image with scores and classes.

        Args:
            seg_logits: Scores at the size of the padded images.
            data_samples: What the images were loaded with, or None to leave the scores as they are.

        Returns:
            The samples, with ``seg_logits`` ``[K, h, w]`` and ``pred_sem_seg`` ``[1, h, w]`` at the
            images' original sizes.
        """
        if seg_logits.shape[1] == 1:  # a threshold takes the place of the largest score
            return super().postprocess_result(seg_logits, data_samples)
        if data_samples is None:
            data_samples = [SegDataSample() for _ in seg_logits]
            scores: Sequence[Tensor] = list(seg_logits)
        else:
            scores = [
                self._restore(one[None], sample.metainfo)
                for one, sample in zip(seg_logits, data_samples, strict=True)
            ]
        for sample, one in zip(data_samples, scores, strict=True):
            sample.set_data(
                {
                    'seg_logits': PixelData(data=one),
                    'pred_sem_seg': PixelData(data=one.max(dim=0, keepdim=True).indices),
                }
            )
        return data_samples

    def _restore(self, scores: Tensor, meta: dict) -> Tensor:
        """Undo padding, flipping and resizing: ``[1, K, H, W]`` to ``[K, h, w]``."""
        padding = meta.get('img_padding_size', meta.get('padding_size', (0, 0, 0, 0)))
        left, right, top, bottom = padding
        scores = scores[..., top : scores.shape[2] - bottom, left : scores.shape[3] - right]
        if meta.get('flip'):
            scores = scores.flip({'horizontal': 3, 'vertical': 2}[meta['flip_direction']])
        size = tuple(meta['ori_shape'][:2])
        if scores.shape[2:] != size:
            scores = F.interpolate(scores, size, mode='bilinear', align_corners=self.align_corners)
        return scores[0]
