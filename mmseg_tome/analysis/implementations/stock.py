"""What this project is compared with: mmseg's own modules, and the published merging on them."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ..variants import drawn_segmentor
from .base import Implementation


@dataclass(frozen=True)
class Stock(Implementation):
    """mmseg's own modules, unmerged."""

    name: ClassVar[str] = 'stock'
    about: ClassVar[str] = "mmseg's own modules"

    def __post_init__(self) -> None:
        if self.strategy != 'none':
            raise ValueError(
                f"'{self}': stock merges nothing; the published merging is "
                f"'published {self.strategy}'"
            )

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        return drawn_segmentor(variant, scope, stock=True)


@dataclass(frozen=True)
class Published(Implementation):
    """mmseg's own modules with the merging that was published, which calls tomesd."""

    name: ClassVar[str] = 'published'
    about: ClassVar[str] = "mmseg's own modules, merging by tomesd: the published code"
    fused: ClassVar[bool] = False

    @property
    def needs(self) -> tuple[str, ...]:
        """tomesd where tokens are matched, too."""
        return ('mmseg', 'tomesd') if self.matches else ('mmseg',)

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        from .published import make_published

        model = drawn_segmentor(variant, scope, stock=True)
        make_published(getattr(model, 'backbone', model), self.strategy, self.fused)
        return model


@dataclass(frozen=True)
class Fused(Published):
    """The same with fused attention: what stock loses by asking for the attention matrix."""

    name: ClassVar[str] = 'fused'
    about: ClassVar[str] = 'the same with fused attention'
    fused: ClassVar[bool] = True
