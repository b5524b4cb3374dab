"""Token-merging algorithms on plain tensors ``[B, N, C]``. Imports torch alone.

An algorithm is a small frozen object with its settings. ``plan(tokens, hw)`` decides what is merged
and returns a plan; ``plan.merge(x)`` shortens a sequence, ``plan.unmerge(y)`` lengthens it again.
"""

from .base import Merging, Plan
from .bipartite import BipartiteSoftMatching
from .break_even import saved_operations, threshold
from .neighbour import NeighbourPooling1d, NeighbourPooling2d

__all__ = [
    'BipartiteSoftMatching',
    'Merging',
    'NeighbourPooling1d',
    'NeighbourPooling2d',
    'Plan',
    'saved_operations',
    'threshold',
]
