"""Fig. 1: segmentations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmcv
from mmengine.config import Config
from mmengine.dataset import Compose

from mmseg_tome.analysis.comparison import Comparison, Predictor
from mmseg_tome.analysis.image_files import find_images

from ..pictures.segmentation import draw_segmentations
from ..pictures.segmentation_sample import SegmentationSample, take_image
from .figures import Figure
from .summary import NONE


class SegmentationFigure(Figure[SegmentationSample]):
    """A picture per image."""

    name = 'figure1'

    def of_test_set(
        self, comparison: Comparison, strategies: Sequence[str], indices: Sequence[int]
    ) -> dict[str, list[SegmentationSample]]:
        return {
            Path(comparison.dataset.get_data_info(index)['img_path']).stem: [
                take_image(comparison, index, strategies)
            ]
            for index in indices
        }

    def of_images(
        self, predictor: Predictor, cfg: Config, strategies: Sequence[str], paths: Sequence[Path]
    ) -> dict[str, list[SegmentationSample]]:
        steps = [s for s in cfg.test_dataloader.dataset.pipeline if s['type'] != 'LoadAnnotations']
        pipeline = Compose(steps)
        samples = {}
        for path in find_images(paths):
            results = predictor.predict_data(pipeline(dict(img_path=str(path))), strategies)
            labels = {name: r.pred_sem_seg.data[0].cpu().numpy() for name, r in results.items()}
            image = mmcv.imread(str(path), channel_order='rgb')
            samples[path.stem] = [SegmentationSample(image, None, labels)]
        return samples

    def draw(
        self, samples: Sequence[SegmentationSample], meta: Mapping[str, Any], path: Path
    ) -> None:
        draw_segmentations(samples, meta['classes'], meta['palette'], path, NONE)

    def compare(self, sample: SegmentationSample, strategy: str) -> dict[str, float]:
        labels = sample.predictions[strategy]
        row = {'% differs from none': 100 * (labels != sample.predictions[NONE]).mean()}
        if sample.truth is not None:
            known = sample.truth != 255
            row['% right'] = 100 * (labels == sample.truth)[known].mean()
        return row
