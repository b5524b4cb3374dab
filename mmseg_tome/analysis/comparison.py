"""One trained segmentor under several strategies: what it predicts and how long it takes."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from torch import nn

from ..apply import apply_tome
from .timing import interleaved_times, medians

STOCK = 'stock'


@dataclass(frozen=True)
class Sample:
    """An image, its ground truth, and the predictions of several strategies.

    Args:
        image: ``[H, W, 3]``, RGB, uint8.
        truth: Class of every pixel, ``[H, W]``, 255 where there is none.
        predictions: Class of every pixel by strategy, ``[H, W]`` each.
    """

    image: np.ndarray
    truth: np.ndarray
    predictions: dict[str, np.ndarray]


class Comparison:
    """A segmentor and the images of its test set, for comparing strategies in one process.

    Args:
        cfg: Config of the model and its test set.
        checkpoint: Weights of the model.
        device: Where to run.
    """

    def __init__(self, cfg: Config, checkpoint: str | Path, device: str = 'cpu') -> None:
        self.model = _load(cfg, checkpoint, device)
        self._stock = _load(_with_stock_classes(cfg), checkpoint, device)
        self.dataset = DATASETS.build(cfg.test_dataloader.dataset)

    @torch.inference_mode()
    def samples(self, indices: Sequence[int], strategies: Sequence[str]) -> list[Sample]:
        """Predict images of the test set with every strategy."""
        models = self._models(strategies)
        return [self._sample(index, models) for index in indices]

    @torch.inference_mode()
    def seconds_per_image(
        self,
        strategies: Sequence[str],
        repeats: int,
        on_step: Callable[[], None] = lambda: None,
    ) -> dict[str, float]:
        """Time inference on the first image: backbone, head, resizing and arg-max, batch 1.

        Args:
            strategies: What to time beside the stock model, which is always timed.
            repeats: Number of timed passes of each, in turns after one warm-up turn.
            on_step: Called after every pass, for a progress bar.

        Returns:
            Median seconds by strategy, and those of the stock model under ``'stock'``.
        """
        data = self.dataset[0]
        batch = self.model.data_preprocessor(
            {'inputs': [data['inputs']], 'data_samples': [data['data_samples']]}
        )
        models = {STOCK: self._stock, **self._models(strategies)}
        functions = {
            name: lambda model=model: model(**batch, mode='predict')
            for name, model in models.items()
        }
        return medians(interleaved_times(functions, repeats, on_step=on_step))

    def _models(self, strategies: Sequence[str]) -> dict[str, nn.Module]:
        """One copy of the model for every strategy."""
        return {s: apply_tome(copy.deepcopy(self.model), s) for s in strategies}

    def _sample(self, index: int, models: Mapping[str, nn.Module]) -> Sample:
        data = self.dataset[index]
        batch = {'inputs': [data['inputs']], 'data_samples': [data['data_samples']]}
        predictions = {}
        for name, model in models.items():
            (result,) = model.test_step(copy.deepcopy(batch))
            predictions[name] = result.pred_sem_seg.data[0].cpu().numpy()
        truth = data['data_samples'].gt_sem_seg.data[0].numpy()
        # The pipeline resizes the image but not the ground truth, which predictions are resized to.
        image = torch.nn.functional.interpolate(data['inputs'][None].float(), truth.shape)[0]
        image = image.byte().permute(1, 2, 0).numpy()[..., ::-1]  # BGR, as mmcv reads
        return Sample(image, truth, predictions)


def _load(cfg: Config, checkpoint: str | Path, device: str) -> nn.Module:
    from mmseg.apis import init_model

    return init_model(cfg.copy(), str(checkpoint), device)


def _with_stock_classes(cfg: Config) -> Config:
    """The same model built of mmseg's own classes."""
    cfg = cfg.copy()
    cfg.model.backbone.pop('tome_cfg', None)
    cfg.model.backbone.type = 'mmseg.models.backbones.mit.MixVisionTransformer'
    cfg.model.decode_head.type = 'mmseg.models.decode_heads.segformer_head.SegformerHead'
    return cfg
