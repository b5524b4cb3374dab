"""Options that several commands have."""

import argparse
import re
import sys
from collections.abc import Callable


def size(least: int = 1) -> Callable[[str], tuple[int, int]]:
    """Such as ``1024x512``, at least so many pixels wide and high; as (1024, 512)."""

    def read(text: str) -> tuple[int, int]:
        match = re.fullmatch(r'(\d+)x(\d+)', text)
        if not match or min(map(int, match.groups())) < least:
            raise argparse.ArgumentTypeError(
                f'{text!r}: give WxH in pixels, at least {least}x{least}'
            )
        return int(match[1]), int(match[2])

    return read


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r}: give a whole number of at least 1')
    return int(text)


def device(text: str) -> str:
    """``cpu``, ``cuda`` or ``cuda:1``."""
    if not re.fullmatch(r'cpu|cuda(:\d+)?', text):
        raise argparse.ArgumentTypeError(f'{text!r}: give cpu, cuda or cuda:1')
    return text


def has_device(name: str) -> bool:
    """Whether this machine has a device of that name; if not, says so on standard error."""
    import torch

    number = int(name.partition(':')[2] or 0)
    if name == 'cpu' or number < torch.cuda.device_count():
        return True
    print(f'error: --device {name}: this PyTorch sees no such GPU', file=sys.stderr)
    return False
