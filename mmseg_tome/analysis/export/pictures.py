"""Pictures that an exported model is compared on: the config's test set, or generated ones."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from ..search.images import Source, evenly, labeled_source, unlabeled_source


@dataclass(frozen=True)
class Pictures:
    """Where pictures come from.

    Args:
        source: Samples of a test set or a folder; None for generated pictures.
        count: How many to take, evenly over the set.
        about: A few words on them.
    """

    source: Source | None
    count: int
    about: str

    def indices(self) -> list[int]:
        """The places of the samples that are taken."""
        total = self.count if self.source is None else len(self.source.paths)
        return evenly(total, self.count)

    def at(self, size: tuple[int, int]) -> Iterator[torch.Tensor]:
        """Pictures as they are read, ``[1, H, W, 3]`` in uint8, resized to width and height."""
        for index in self.indices():
            if self.source is None:
                yield torch.from_numpy(generate(index, size))[None]
                continue
            image = self.source.read(index)['inputs'].permute(1, 2, 0).numpy()
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
            yield torch.from_numpy(image)[None]


def find_pictures(cfg: Config, count: int) -> Pictures:
    """Take the test set of a config where it is there, else generate pictures."""
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmseg')):
        try:
            source = labeled_source(cfg)
        except (OSError, ValueError, KeyError, AttributeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            return Pictures(None, count, f'generated pictures (no test set: {reason})')
    count = min(count, len(source.paths))
    return Pictures(source, count, f'{count} of {len(source.paths)} images of the test set')


def training_pictures(cfg: Config, count: int) -> Pictures:
    """Take the training set of a config, prepared as the test set.

    Raises:
        ValueError: If it is not there.
    """
    if 'train_dataloader' not in cfg:
        raise ValueError('--calibrate config: the config has no train_dataloader, give a folder')
    cfg = copy.deepcopy(cfg)
    pipeline = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset = cfg.train_dataloader.dataset
    cfg.test_dataloader.dataset.pipeline = pipeline
    found = find_pictures(cfg, count)
    if found.source is None:
        raise ValueError(f'--calibrate config: the training set is not there ({found.about})')
    return found


def pictures_in(cfg: Config, folder: Path, count: int) -> Pictures:
    """Take the images directly in a folder, prepared as the test set.

    Raises:
        FileNotFoundError: If there are none.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmseg')):
        source = unlabeled_source(cfg, folder)
    count = min(count, len(source.paths))
    return Pictures(source, count, f'{count} of {len(source.paths)} images in {folder}')


def generate(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Draw a picture of smooth regions, edges and noise, ``[H, W, 3]`` in uint8."""
    width, height = size
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 256, (height // 32 + 2, width // 32 + 2, 3)).astype(np.float32)
    image = cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC)
    for _ in range(12):
        x, y = rng.integers(0, (width, height))
        w, h = rng.integers(4, (max(5, width // 3), max(5, height // 3)))
        image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    image = image + rng.normal(0, 6, image.shape)
    return image.clip(0, 255).astype(np.uint8)
