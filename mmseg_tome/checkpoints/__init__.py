"""Checkpoints of other formats and frameworks: what reads them, and how their names map to ours."""

from .conversion import convert
from .hook import Loader, install, register_loader
from .translate import CheckpointError

__all__ = ['CheckpointError', 'Loader', 'convert', 'install', 'register_loader']
