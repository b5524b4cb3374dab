"""Which tokens each block of a MiT merges, recorded while the model predicts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from ...merging import Merging, Plan
from ...models import MixVisionTransformer

SIDES = {'q': 'queries', 'kv': 'keys/values'}


@dataclass(frozen=True)
class TokenMap:
    """What one block merged in one image.

    Args:
        stage: Number of the stage, from 1.
        block: Number of the block within its stage, from 1.
        side: A key of :data:`SIDES`.
        slots: The slot of every token, ``[h, w]``. Tokens of one slot were averaged.
        pixels: Side of the square of the image that a token stands for.
    """

    stage: int
    block: int
    side: str
    slots: np.ndarray
    pixels: int

    @property
    def num_slots(self) -> int:
        """The number of tokens after merging."""
        return len(np.unique(self.slots))

    @property
    def is_merged(self) -> np.ndarray:
        """Whether a token shares its slot with another, ``[h, w]``."""
        return np.bincount(self.slots.ravel())[self.slots] > 1

    def __str__(self) -> str:
        return (
            f'stage {self.stage}, block {self.block}, {SIDES[self.side]}: '
            f'{self.slots.size} → {self.num_slots}'
        )


@contextmanager
def recorded_token_maps(backbone: MixVisionTransformer) -> Iterator[list[TokenMap]]:
    """Record what is merged inside, block by block, into a list.

    The blocks' strategies are wrapped, and nothing else: what the model computes stays the same. A
    forward pass takes one image at a time.
    """
    maps: list[TokenMap] = []
    originals = []
    for stage, (_, blocks, _) in enumerate(backbone.layers):
        stride, ratio = prod(backbone.strides[: stage + 1]), backbone.sr_ratios[stage]
        for number, block in enumerate(blocks):
            place = (maps, stage + 1, number + 1)
            for side, pixels in (('q', stride), ('kv', stride * ratio)):
                merging = getattr(block.attn, f'{side}_merging')
                if merging is not None:
                    originals.append((block.attn, f'{side}_merging', merging))
                    recorder = _Recorder(merging, *place, side, pixels)
                    setattr(block.attn, f'{side}_merging', recorder)
    try:
        yield maps
    finally:
        for attn, name, merging in originals:
            setattr(attn, name, merging)


@dataclass(frozen=True)
class _Recorder:
    """An algorithm that appends to ``maps`` what its plans merge; see :class:`TokenMap`."""

    merging: Merging
    maps: list[TokenMap]
    stage: int
    block: int
    side: str
    pixels: int

    def num_tokens(self, hw: tuple[int, int]) -> int:
        return self.merging.num_tokens(hw)

    def plan(self, tokens: Tensor, hw: tuple[int, int]) -> Plan:
        if len(tokens) != 1:
            raise ValueError(f'{len(tokens)} images at once: token maps are recorded one by one')
        plan = self.merging.plan(tokens, hw)
        slots = slots_of(plan, prod(hw), tokens.device).reshape(hw).cpu().numpy()
        self.maps.append(TokenMap(self.stage, self.block, self.side, slots, self.pixels))
        return plan


@torch.enable_grad()
def slots_of(plan: Plan, num_tokens: int, device: torch.device | str = 'cpu') -> Tensor:
    """Find the slot of every token from what a plan's ``merge`` does, ``[N]``.

    A slot is the mean of its tokens, so its derivative is ``1 / size`` for each of them, and
    ``slot / size`` if it is multiplied by its number. Unmerging numbers instead would be simpler,
    but pooling unmerges by nearest neighbor: where windows do not divide the map, that is not
    quite the windows that were averaged; and keys/values are not unmerged at all.
    """
    tokens = torch.zeros(1, num_tokens, 1, device=device, requires_grad=True)
    merged = plan.merge(tokens)
    numbers = torch.arange(merged.shape[1], device=device, dtype=merged.dtype)[None, :, None]
    (share,) = torch.autograd.grad(merged.sum(), tokens, retain_graph=True)
    (numbered,) = torch.autograd.grad((merged * numbers).sum(), tokens)
    return (numbered / share).round().long().flatten()
