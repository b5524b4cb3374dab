"""One trained model under several strategies: what it predicts and how long it takes."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from mmengine.structures import BaseDataElement

from ..apply import apply_tome
from .loading import load_model
from .timing import interleaved_times, medians

STOCK = 'stock'


class Predictor:
    """A model of mmseg or mmpose that predicts with several strategies.

    Args:
        cfg: Config of the model.
        checkpoint: Weights of the model.
        device: Where to run.
    """

    def __init__(self, cfg: Config, checkpoint: str | Path, device: str = 'cpu') -> None:
        self.model = load_model(cfg, checkpoint, device)

    @torch.inference_mode()
    def predict_data(self, data: dict, strategies: Sequence[str]) -> dict[str, BaseDataElement]:
        """Predict what a test pipeline makes of an image, with every strategy.

        Returns:
            Data sample by strategy.
        """
        batch = {'inputs': [data['inputs']], 'data_samples': [data['data_samples']]}
        return {
            strategy: apply_tome(self.model, strategy).test_step(copy.deepcopy(batch))[0]
            for strategy in strategies
        }


class Comparison(Predictor):
    """A model and its test set, for comparing strategies in one process.

    Args:
        cfg: Config of the model and its test set.
        checkpoint: Weights of the model.
        device: Where to run.
    """

    def __init__(self, cfg: Config, checkpoint: str | Path, device: str = 'cpu') -> None:
        super().__init__(cfg, checkpoint, device)
        self._stock = load_model(cfg, checkpoint, device, stock=True)
        self.dataset = DATASETS.build(cfg.test_dataloader.dataset)

    def predict(self, index: int, strategies: Sequence[str]) -> dict[str, BaseDataElement]:
        """Predict one image of the test set with every strategy.

        Returns:
            Data sample by strategy; ground truth and prediction are in it, as `mim test` has them.
        """
        return self.predict_data(self.dataset[index], strategies)

    @torch.inference_mode()
    def seconds_per_image(
        self,
        strategies: Sequence[str],
        repeats: int,
        on_step: Callable[[], None] = lambda: None,
        batch_size: int = 1,
    ) -> dict[str, float]:
        """Time inference on the first image, from the network's input to the result.

        Args:
            strategies: What to time beside the stock model, which is always timed.
            repeats: Number of timed passes of each, in turns after one warm-up turn.
            on_step: Called after every pass, for a progress bar.
            batch_size: How often the image is in a batch.

        Returns:
            Median seconds per image by strategy, and those of the stock model under ``'stock'``.
        """
        data = self.dataset[0]
        samples = [copy.deepcopy(data['data_samples']) for _ in range(batch_size)]
        batch = self.model.data_preprocessor(
            {'inputs': [data['inputs']] * batch_size, 'data_samples': samples}
        )
        models = {STOCK: self._stock}
        models |= {s: apply_tome(copy.deepcopy(self.model), s) for s in strategies}
        functions = {
            name: lambda model=model: model(**batch, mode='predict')
            for name, model in models.items()
        }
        times = medians(interleaved_times(functions, repeats, on_step=on_step))
        return {name: seconds / batch_size for name, seconds in times.items()}
