"""The first layer for images of more or fewer channels than a model was trained with."""

import torch
from torch import Tensor


def adapt_channels(weight: Tensor, number: int) -> Tensor:
    """Inflate or average the input channels of a convolution.

    With more channels, the first ones keep their kernels and the others get the average of those;
    with fewer, each gets the average. All are scaled so that a picture whose channels are alike
    gives what it gave before.

    Args:
        weight: Kernel, ``[D, C, k, k]``.
        number: Channels from now on, at least 1.

    Returns:
        Kernel, ``[D, number, k, k]``; the same if it has that many.
    """
    channels = weight.shape[1]
    if number == channels:
        return weight
    average = weight.mean(dim=1, keepdim=True)
    if number > channels:
        weight = torch.cat([weight, average.expand(-1, number - channels, -1, -1)], dim=1)
    else:
        weight = average.expand(-1, number, -1, -1)
    return weight * (channels / number)
