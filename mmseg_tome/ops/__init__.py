"""The few heavy steps of token merging, on plain tensors. Imports torch alone."""

from .fuse import fuse_levels
from .match import best_match
from .merge import merge_tokens, unmerge_tokens

__all__ = ['best_match', 'fuse_levels', 'merge_tokens', 'unmerge_tokens']
