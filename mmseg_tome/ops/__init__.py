"""The few heavy steps of token merging, on plain tensors. Imports torch alone."""

from .match import best_match
from .merge import merge_tokens, unmerge_tokens

__all__ = ['best_match', 'merge_tokens', 'unmerge_tokens']
