"""Checkpoints of other formats and frameworks: what reads them, and how their names map to ours."""

from .hook import Loader, install, register_loader

__all__ = ['Loader', 'install', 'register_loader']
