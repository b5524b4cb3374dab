"""Token-merging algorithms on plain tensors ``[B, N, C]``. Imports torch alone.

An algorithm is a small frozen object with its settings. ``plan(tokens, hw)`` decides what is merged
and returns a plan; ``plan.merge(x)`` shortens a sequence, ``plan.unmerge(y)`` lengthens it again.
"""

from .attention import attend_merged, merged_attention
from .base import Merging, Plan
from .bipartite import BipartiteSoftMatching
from .cost import is_faster, saved_operations, threshold
from .neighbor import NeighborPooling1d, NeighborPooling2d

__all__ = [
    'BipartiteSoftMatching',
    'Merging',
    'NeighborPooling1d',
    'NeighborPooling2d',
    'Plan',
    'attend_merged',
    'is_faster',
    'merged_attention',
    'saved_operations',
    'threshold',
]
