"""The Pareto front of quality and time, and what is picked of it."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class Point(Protocol):
    """Quality, more is better; time, less is better."""

    @property
    def quality(self) -> float: ...

    @property
    def time(self) -> float: ...


P = TypeVar('P', bound=Point)


def pareto_front(points: Iterable[P]) -> list[P]:
    """The Pareto front, by time: no other point is as good in both and better in one.

    Of points that are equal in both, the first is kept.
    """
    front: list[P] = []
    for point in sorted(points, key=lambda p: (p.time, -p.quality)):
        if not front or point.quality > front[-1].quality:
            front.append(point)
    return front


def spread(front: Sequence[P], count: int) -> list[P]:
    """At most ``count`` of a front's points, evenly over it, both ends among them."""
    if len(front) <= count:
        return list(front)
    return [front[round(i * (len(front) - 1) / (count - 1))] for i in range(count)]


def best_within(points: Iterable[P], time: float) -> P | None:
    """The best in quality of those that take at most a time; None if there is none."""
    return max((p for p in points if p.time <= time), key=lambda p: p.quality, default=None)


def fastest_with(points: Iterable[P], quality: float) -> P | None:
    """The fastest of those that have at least a quality; None if there is none."""
    return min((p for p in points if p.quality >= quality), key=lambda p: p.time, default=None)
