"""What can be requested of a generator."""

import os
from dataclasses import asdict, dataclass
from numbers import Integral
from typing import ClassVar

SPLITS = ('train', 'val')
MAX_COUNT = 100_000
MAX_SEED = 2**63 - 1
MAX_WORKERS = 256

Size = tuple[int, int]  # width, height in pixels


def check_split(split: str) -> None:
    """Raise ``ValueError`` unless ``split`` is one of ``SPLITS``."""
    if split not in SPLITS:
        raise ValueError(f'split is {split!r}; it must be one of {", ".join(map(repr, SPLITS))}')


def check_whole(field: str, value: int, low: int, high: int) -> None:
    """Raise ``ValueError`` unless ``value`` is a whole number from ``low`` to ``high``."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f'{field} is {value!r}; it must be a whole number from {low} to {high}')


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
    """A set of generated images, described by everything that determines its bytes.

    Attributes:
        SMALLEST: The smallest (width, height) in pixels.
        LARGEST: The largest.
        train: Number of images to train on.
        val: Number of images to evaluate on.
        width: Width of the images in pixels.
        height: Height of the images in pixels.
        seed: Seed of the whole set.
        version: Version of the generator.
    """

    SMALLEST: ClassVar[Size]
    LARGEST: ClassVar[Size]

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
        self.check_size((self.width, self.height))
        check_whole('seed', self.seed, 0, MAX_SEED)

    @classmethod
    def check_size(cls, size: Size) -> None:
        """Raise ``ValueError`` unless ``size`` is (width, height) in pixels, within the limits."""
        if not isinstance(size, tuple | list) or len(size) != 2:
            raise ValueError(f'size is {size!r}; it must be two numbers: (width, height) in pixels')
        limits = zip(('width', 'height'), size, cls.SMALLEST, cls.LARGEST, strict=True)
        for field, value, low, high in limits:
            check_whole(f'size ({field})', value, low, high)

    def all(self) -> list[tuple[str, int]]:
        """All images of the set, as (split, index)."""
        return [('train', i) for i in range(self.train)] + [('val', i) for i in range(self.val)]

    def differences(self, other: dict) -> list[str]:
        """How another set, by its fields, differs from this one; empty if it is the same."""
        return [
            f'{field} {other.get(field)!r} instead of {value!r}'
            for field, value in asdict(self).items()
            if other.get(field) != value
        ]
