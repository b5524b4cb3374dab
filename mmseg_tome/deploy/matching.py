"""Which tokens a forward pass merged, and the same forward pass with the matches of another.

Two programs that compute the same round differently, and where two destinations are as similar to
a token but for rounding, they may choose differently. That moves a few tokens, and with them the
output, by more than rounding does. Held fixed, matches no longer hide whether the rest is the same;
and how similar the destinations were says whether a difference was a near-tie at all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional as F

from ..merging import BipartiteSoftMatching


@contextmanager
def recorded_slots() -> Iterator[list[Tensor]]:
    """Collect the slot of every token ``[B, N]``, for every matching of a forward pass."""
    slots: list[Tensor] = []
    original = BipartiteSoftMatching.plan

    def plan(algorithm: BipartiteSoftMatching, tokens: Tensor, hw: tuple[int, int]) -> Any:
        found: Any = original(algorithm, tokens, hw)
        if hasattr(found, 'slot'):  # not where nothing is merged
            slots.append(found.slot)
        return found

    with mock.patch.object(BipartiteSoftMatching, 'plan', plan):
        yield slots


@dataclass
class Differences:
    """How other matches differ from a model's own.

    Args:
        tokens: Number of tokens that were matched.
        moved: Number of those that went elsewhere.
        lost: Most cosine similarity that one of them lost by that; near 0 for near-ties.
    """

    tokens: int = 0
    moved: int = 0
    lost: float = 0.0
    _unused: list[Tensor] = field(default_factory=list)


@contextmanager
def replayed_slots(slots: Sequence[Tensor]) -> Iterator[Differences]:
    """Merge by slots that :func:`recorded_slots` returned, or another runtime.

    Yields:
        How they differ from the model's own, once a forward pass is through.
    """
    found = Differences(_unused=list(slots))
    original = BipartiteSoftMatching.plan

    def plan(algorithm: BipartiteSoftMatching, tokens: Tensor, hw: tuple[int, int]) -> Any:
        own: Any = original(algorithm, tokens, hw)
        if not hasattr(own, 'slot'):
            return own
        slot = found._unused.pop(0).to(own.slot)
        found.tokens += slot.numel()
        for image, ours, theirs in zip(tokens, own.slot, slot, strict=True):
            moved, lost = _compare(algorithm, image, hw, ours, theirs)
            found.moved += moved
            found.lost = max(found.lost, lost)
        return replace(own, slot=slot, members=None)

    with mock.patch.object(BipartiteSoftMatching, 'plan', plan):
        yield found


def _compare(
    algorithm: BipartiteSoftMatching,
    tokens: Tensor,
    hw: tuple[int, int],
    own: Tensor,
    other: Tensor,
) -> tuple[int, float]:
    """How many tokens ``[N, C]`` went elsewhere, and the most similarity that this lost."""
    own_dst, other_dst = (_destination(algorithm, hw, slot) for slot in (own, other))
    moved = (own_dst != other_dst).nonzero().flatten()
    if not len(moved):
        return 0, 0.0
    unit = F.normalize(tokens.double(), dim=-1)

    def similarity(index: Tensor, dst: Tensor) -> Tensor:
        return (unit[index] * unit[dst[index].clamp(min=0)]).sum(1)

    merged, others = ((dst >= 0).nonzero().flatten() for dst in (own_dst, other_dst))
    # What the last source that was merged had: a token that stays has at most that.
    last = similarity(merged, own_dst).min()
    others_last = similarity(others, other_dst).min()
    before = torch.where(own_dst[moved] >= 0, similarity(moved, own_dst), last)
    after = torch.where(other_dst[moved] >= 0, similarity(moved, other_dst), others_last)
    return len(moved), float((before - after).abs().max())


def _destination(algorithm: BipartiteSoftMatching, hw: tuple[int, int], slot: Tensor) -> Tensor:
    """The place of the token that each was merged into, ``[N]``; -1 for those that stay."""
    (h, w), (sy, sx) = hw, (algorithm.sy, algorithm.sx)
    rows = torch.arange(h // sy, device=slot.device) * sy * w
    places = (rows[:, None] + torch.arange(w // sx, device=slot.device) * sx).flatten()
    kept = int(slot[places].min())  # sources that stay have the first slots
    found = torch.where(slot >= kept, places[(slot - kept).clamp(min=0)], -1)
    found[places] = -1
    return found
