"""Time and quality of candidates: one trained model, beside itself without merging."""

import copy
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from mmengine.model import BaseModel

from ...apply import apply_tome
from ...strategies import TomeCfg
from ..results import quartiles
from ..timing import interleaved_times
from .images import Images
from .scoring import Scorer


@dataclass(frozen=True)
class Timing:
    """How long inference takes.

    Args:
        ratio: Time over that of the unmerged model; the median over pairs of passes that followed
            each other.
        low: Lower quartile of these ratios.
        high: Upper quartile.
        seconds: Median time per image.
    """

    ratio: float
    low: float
    high: float
    seconds: float


class Evaluator:
    """Measures what merging does to a model's time and quality.

    Args:
        model: Ready for inference.
        scorer: The metrics.
        timed: Image that is timed.
        repeats: Timed passes of a candidate, each beside one of the unmerged model.
        batch: Images at once, when timed and when predicted.
    """

    def __init__(
        self, model: BaseModel, scorer: Scorer, timed: dict, repeats: int, batch: int = 1
    ) -> None:
        apply_tome(model, None)
        self._unmerged = model
        self._candidate = _twin(model)
        self._scorer = scorer
        self._timed = timed
        self._repeats = repeats
        self._batch = batch

    @torch.inference_mode()
    def time(self, tome_cfg: TomeCfg) -> Timing:
        """Time a candidate in turns with the unmerged model."""
        apply_tome(self._candidate, tome_cfg)
        models = {'unmerged': self._unmerged, 'candidate': self._candidate}
        return self._time(models, 'unmerged', self._repeats)['candidate']

    @torch.inference_mode()
    def time_together(
        self,
        candidates: Mapping[str, TomeCfg],
        reference: str,
        repeats: int,
        on_step: Callable[[], None] = lambda: None,
    ) -> dict[str, Timing]:
        """Time several candidates in turns; ratios are to one of them."""
        models = {name: _twin(self._unmerged) for name in candidates}
        for name, tome_cfg in candidates.items():
            apply_tome(models[name], tome_cfg)
        return self._time(models, reference, repeats, on_step)

    def _time(
        self,
        models: Mapping[str, BaseModel],
        reference: str,
        repeats: int,
        on_step: Callable[[], None] = lambda: None,
    ) -> dict[str, Timing]:
        # From the network's input on: reading and scaling images is the same for all.
        batch = self._unmerged.data_preprocessor(collate([self._timed] * self._batch))
        runs = {
            name: lambda model=model: model(**batch, mode='predict')
            for name, model in models.items()
        }
        times = interleaved_times(runs, repeats, on_step=on_step)
        return {name: _timing(times[name], times[reference], self._batch) for name in models}

    @torch.inference_mode()
    def label(self, images: Images, on_image: Callable[[], None] = lambda: None) -> Images:
        """Take what the unmerged model predicts for the images' ground truth."""
        labels = []
        for batch in images.batches(self._batch):
            for sample in self._unmerged.test_step(collate(batch)):
                labels.append(sample.pred_sem_seg.data.cpu())
                on_image()
        return images.with_labels(labels)

    @torch.inference_mode()
    def results(
        self, tome_cfg: TomeCfg, images: Images, on_image: Callable[[], None] = lambda: None
    ) -> list[tuple]:
        """What the metrics need of a candidate's predictions, image by image."""
        apply_tome(self._candidate, tome_cfg)
        results: list[tuple] = []
        for batch in images.batches(self._batch):
            samples = self._candidate.test_step(collate(batch))
            results += self._scorer.process([sample.to_dict() for sample in samples])
            for _ in batch:
                on_image()
        return results

    def score(self, results: Sequence[tuple]) -> dict[str, float]:
        """All metrics over the images of these results, in percent."""
        return self._scorer.compute(results)


def _twin(model: BaseModel) -> BaseModel:
    """A copy that shares the weights."""
    tensors = chain(model.parameters(), model.buffers())
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


def collate(samples: Sequence[dict]) -> dict:
    """Make a batch of samples as the frameworks' test steps take them.

    They are copied: models write their predictions into the samples that they are given.
    """
    return {
        'inputs': [sample['inputs'] for sample in samples],
        'data_samples': [sample['data_samples'].clone() for sample in samples],
    }


def _timing(times: Sequence[float], reference: Sequence[float], batch: int) -> Timing:
    ratios = quartiles([time / other for time, other in zip(times, reference, strict=True)])
    seconds = statistics.median(times) / batch
    return Timing(ratios['value'], ratios['low'], ratios['high'], seconds)
