"""This project."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ...apply import apply_tome
from ..variants import drawn_segmentor
from .base import Implementation
from .stock import Published, Stock


@dataclass(frozen=True)
class Ours(Implementation):
    """This project's modules."""

    name: ClassVar[str] = 'ours'
    about: ClassVar[str] = 'this project'

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        return apply_tome(drawn_segmentor(variant, scope), self.strategy)

    def reference(self) -> Implementation:
        return Stock() if self.strategy == 'none' else Published(self.strategy)
