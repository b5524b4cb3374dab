"""What may be asked of the generator, and the errors that say so."""

import os
from dataclasses import asdict, dataclass
from numbers import Integral

SPLITS = ('train', 'val')
MIN_SIZE = (128, 64)
MAX_SIZE = (2048, 1024)
MAX_COUNT = 100_000
MAX_SEED = 2**63 - 1
MAX_WORKERS = 256


def check_split(split: str) -> None:
    """Raise ``ValueError`` unless ``split`` is one of ``SPLITS``."""
    if split not in SPLITS:
        raise ValueError(f'split is {split!r}; it must be one of {", ".join(map(repr, SPLITS))}')


def check_whole(field: str, value: int, low: int, high: int) -> None:
    """Raise ``ValueError`` unless ``value`` is a whole number from ``low`` to ``high``."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f'{field} is {value!r}; it must be a whole number from {low} to {high}')


def check_size(size: tuple[int, int]) -> None:
    """Raise ``ValueError`` unless ``size`` is (width, height) in pixels, within the limits."""
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise ValueError(f'size is {size!r}; it must be two numbers: (width, height) in pixels')
    for field, value, low, high in zip(('width', 'height'), size, MIN_SIZE, MAX_SIZE, strict=True):
        check_whole(f'size ({field})', value, low, high)


def count_workers(workers: int | None) -> int:
    """The number of processes: ``workers``, or as many as this process has cores.

    Raises:
        ValueError: If ``workers`` is neither None nor a whole number from 1 to ``MAX_WORKERS``.
    """
    if workers is None:
        affinity = getattr(os, 'sched_getaffinity', None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        return min(cores, MAX_WORKERS)
    check_whole('workers', workers, 1, MAX_WORKERS)
    return workers


@dataclass(frozen=True)
class Request:
    """A set of generated scenes, by all that decides on its bytes.

    Attributes:
        train: Number of scenes to train on.
        val: Number of scenes to evaluate on.
        width: Width of the images in pixels.
        height: Height of the images in pixels.
        seed: Seed of the whole set.
        version: Version of the generator.
    """

    train: int
    val: int
    width: int
    height: int
    seed: int
    version: int

    def __post_init__(self) -> None:
        check_whole('train', self.train, 0, MAX_COUNT)
        check_whole('val', self.val, 0, MAX_COUNT)
        if not self.train + self.val:
            raise ValueError('train and val are both 0; at least one must be 1 or more')
        check_size((self.width, self.height))
        check_whole('seed', self.seed, 0, MAX_SEED)

    def differences(self, other: dict) -> list[str]:
        """How another set, by its fields, differs from this one; empty if it is the same."""
        return [
            f'{field} {other.get(field)!r} instead of {value!r}'
            for field, value in asdict(self).items()
            if other.get(field) != value
        ]
