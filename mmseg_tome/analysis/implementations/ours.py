"""This project."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ...apply import apply_tome
from ...strategies import AUTO
from ..variants import drawn_segmentor
from .base import Implementation
from .stock import PUBLISHED, Plain, Published, Stock


@dataclass(frozen=True)
class Ours(Implementation):
    """This project's modules."""

    name: ClassVar[str] = 'ours'
    about: ClassVar[str] = 'this project'

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        return apply_tome(drawn_segmentor(variant, scope), self.strategy)

    def reference(self) -> Implementation | None:
        if self.strategy == AUTO:
            return None  # where it merges depends on the machine
        if self.strategy == 'none':
            return Stock()
        return (Published if self.strategy in PUBLISHED else Plain)(self.strategy)
