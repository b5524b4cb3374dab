"""What is searched for, and the config that says on which images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..loading import load_config


@dataclass(frozen=True)
class Options:
    """What is searched for.

    Args:
        config: Config of the model and its test set.
        checkpoint: Weights of the model.
        cfg_options: Changes to the config.
        size: Width and height that test images are scaled to; None for the config's.
        unlabeled: Folder of images to search on instead of the config's test set.
        metric: What quality is; None for mIoU, PCK@0.1 or agreement.
        holdout: How images are held out; see :func:`~mmseg_tome.analysis.search.images.split`.
        images: Number of images used at all; None for all.
        device: Where to run.
        repeats: Timed passes of a candidate in the search.
        final_repeats: Timed passes of what is reported.
        batch: Images at once.
        seed: For what is proposed.
    """

    config: Path
    checkpoint: Path
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    unlabeled: Path | None = None
    metric: str | None = None
    holdout: str = 'alternate'
    images: int | None = None
    device: str = 'cpu'
    repeats: int = 7
    final_repeats: int = 21
    batch: int = 1
    seed: int = 0

    def read_config(self) -> Config:
        """The config with all changes.

        Raises:
            FileNotFoundError: If the file is not there.
            ValueError: If it is not the config of a segmentor or pose estimator with a test set, or
                an option cannot be applied to it.
        """
        needs = ('model', 'test_dataloader', 'test_evaluator')
        cfg = load_config(self.config, self.cfg_options, needs)
        if is_pose(cfg) and self.unlabeled:
            raise ValueError('--unlabeled: pose estimators need boxes; search on a labeled set')
        if self.size is not None:
            self._set_size(cfg, self.size)
        return cfg

    def _set_size(self, cfg: Config, size: tuple[int, int]) -> None:
        if is_pose(cfg):
            raise ValueError(
                f'--size {size[0]}x{size[1]}: the input of a pose estimator is that of its codec; '
                'give a config of that size'
            )
        pipeline = cfg.test_dataloader.dataset.pipeline
        resizes = [step for step in pipeline if step['type'] == 'Resize']
        if len(resizes) != 1:
            raise ValueError(
                f'--size {size[0]}x{size[1]}: the test pipeline of {self.config} has '
                f'{len(resizes)} steps Resize, and not one: leave the size out, or give another '
                'config'
            )
        resizes[0].scale = size


def is_pose(cfg: Config) -> bool:
    """Whether a config is for MMPose."""
    return cfg.get('default_scope') == 'mmpose'
