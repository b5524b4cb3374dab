"""Tokens and maps are two views of one memory: channels last."""

from torch import Tensor


def to_map(tokens: Tensor, hw: tuple[int, int]) -> Tensor:
    """View tokens ``[B, h * w, C]`` as a channels-last map ``[B, C, h, w]``, without a copy.

    In this order: to split the positions after moving the channels leaves a single image with a
    batch stride by which convolutions take the map for a transposed one, and copy it.
    """
    unflattened: Tensor = tokens.unflatten(1, hw)
    return unflattened.permute(0, 3, 1, 2)


def to_tokens(feature_map: Tensor) -> Tensor:
    """View a map ``[B, C, h, w]`` as tokens ``[B, h * w, C]``, without a copy if channels-last."""
    return feature_map.permute(0, 2, 3, 1).flatten(1, 2)
