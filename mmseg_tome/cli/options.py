"""Options that several commands have."""

import argparse
import re
import sys


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
