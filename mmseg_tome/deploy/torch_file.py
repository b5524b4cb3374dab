"""Graphs as programs of ``torch.export``: ``.pt2``."""

from pathlib import Path

import torch

from .metadata import KEY, Metadata
from .tracing import Traced

FILE = f'{KEY}.json'


def save(traced: Traced, path: Path, metadata: Metadata) -> None:
    """Write a program with its metadata."""
    torch.export.save(traced.program, path, extra_files={FILE: metadata.to_json()})
