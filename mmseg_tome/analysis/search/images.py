"""Images, prepared once and kept: those that are searched on, and those that are held out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import DATASETS

from ..image_files import find_images

HOLDOUTS = {'alternate': 'every second image', 'last': 'the last half of the images'}
_LARGEST_BYTE = 255


@dataclass(frozen=True)
class Images:
    """Images as a model takes them.

    Args:
        samples: What the test pipeline makes of each: ``inputs`` and ``data_samples``.
        paths: The image file of each; for pose, several people may share one.
    """

    samples: Sequence[dict]
    paths: Sequence[str]

    def __len__(self) -> int:
        return len(self.samples)

    def select(self, indices: Sequence[int]) -> 'Images':
        """Some of them."""
        return Images([self.samples[i] for i in indices], [self.paths[i] for i in indices])

    def batches(self, size: int) -> Iterator[list[dict]]:
        """At most ``size`` at once, in order; those of one batch have inputs of one shape."""
        batch: list[dict] = []
        for sample in self.samples:
            full = len(batch) == size
            if batch and (full or batch[0]['inputs'].shape != sample['inputs'].shape):
                yield batch
                batch = []
            batch.append(sample)
        if batch:
            yield batch

    def sizes(self) -> list[str]:
        """The sizes of the inputs in pixels, each once, such as ``480x360``."""
        shapes = {tuple(sample['inputs'].shape[-2:]) for sample in self.samples}
        return [f'{w}x{h}' for h, w in sorted(shapes)]

    def with_labels(self, labels: Sequence[torch.Tensor]) -> 'Images':
        """The same images with other ground truth, ``[1, H, W]`` each."""
        from mmengine.structures import PixelData

        labeled = []
        for sample, label in zip(self.samples, labels, strict=True):
            data_sample = sample['data_samples'].clone()
            data_sample.gt_sem_seg = PixelData(data=_shrink(label))
            labeled.append({**sample, 'data_samples': data_sample})
        return replace(self, samples=labeled)


@dataclass(frozen=True)
class Split:
    """Images in two parts that have none in common.

    Args:
        searched: Those that settings are chosen by.
        held_out: Those that the chosen ones are judged by.
    """

    searched: Images
    held_out: Images

    def __len__(self) -> int:
        return len(self.searched) + len(self.held_out)


@dataclass(frozen=True)
class Source:
    """Where images come from, before they are read.

    Args:
        paths: The image file of every sample.
        read: Runs the test pipeline on a sample, by its index.
        meta: Meta information of the data set; empty without one.
        truth: The file with the ground truth of every sample, which several may share; empty
            without ground truth.
    """

    paths: Sequence[str]
    read: Callable[[int], dict]
    meta: dict
    truth: Sequence[str] = ()

    def files(self, indices: Sequence[int]) -> list[str]:
        """All files that these samples are read from, each once."""
        return sorted({each[i] for each in (self.paths, self.truth) if each for i in indices})


def labeled_source(cfg: Config) -> Source:
    """The test set of a config.

    Raises:
        FileNotFoundError: If there is none where the config says.
    """
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    if len(dataset) == 0:
        root = cfg.test_dataloader.dataset.get('data_root')
        raise FileNotFoundError(
            'the test set of the config has no images: '
            f'test_dataloader.dataset.data_root = {root!r}'
        )
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    truth = [info.get('seg_map_path') or dataset.ann_file for info in infos]
    paths = [info['img_path'] for info in infos]
    return Source(paths, lambda i: dataset[i], dataset.metainfo, truth if all(truth) else ())


def unlabeled_source(cfg: Config, folder: Path) -> Source:
    """The images directly in a folder, prepared as the test set of a config.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If one is not an image.
    """
    steps = cfg.test_dataloader.dataset.pipeline
    pipeline = Compose([step for step in steps if step['type'] != 'LoadAnnotations'])
    paths = [str(path) for path in find_images([folder])]
    return Source(paths, lambda i: pipeline(dict(img_path=paths[i])), {})


def split(
    paths: Sequence[str], holdout: str, at_most: int | None = None
) -> tuple[list[int], list[int]]:
    """Choose the samples to search on and those to hold out; no image is in both.

    Args:
        paths: The image file of every sample, in order.
        holdout: A key of :data:`HOLDOUTS`.
        at_most: Number of images that are used at all, evenly over the set; None for all.

    Returns:
        Indices to search on, and indices to hold out.

    Raises:
        ValueError: If there are fewer than two images.
    """
    images = list(dict.fromkeys(paths))
    images = [images[i] for i in evenly(len(images), at_most)]
    if len(images) < 2:
        raise ValueError(f'{len(images)} image is too few: one is searched on, another held out')
    middle = (len(images) + 1) // 2
    held_out = set(images[1::2] if holdout == 'alternate' else images[middle:])
    searched = set(images) - held_out
    return (
        [i for i, path in enumerate(paths) if path in searched],
        [i for i, path in enumerate(paths) if path in held_out],
    )


def load(
    source: Source, indices: Sequence[int], on_image: Callable[[], None] = lambda: None
) -> Images:
    """Read images and run the test pipeline on them."""
    samples = []
    for index in indices:
        sample = source.read(index)
        truth = getattr(sample['data_samples'], 'gt_sem_seg', None)
        if truth is not None:
            truth.data = _shrink(truth.data)
        samples.append({'inputs': sample['inputs'], 'data_samples': sample['data_samples']})
        on_image()
    return Images(samples, [source.paths[i] for i in indices])


def _shrink(labels: torch.Tensor) -> torch.Tensor:
    """A byte a pixel, where classes fit: whole sets are kept in memory."""
    return labels.to(torch.uint8) if labels.max() <= _LARGEST_BYTE else labels


def evenly(total: int, count: int | None = None) -> list[int]:
    """The places of ``count`` samples at most, evenly over a set of ``total``; None for all."""
    count = total if count is None else min(count, total)
    return [i * total // count for i in range(count)]
