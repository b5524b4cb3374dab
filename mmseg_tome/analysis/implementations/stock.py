"""What this project is compared with: mmseg's own modules, and the published merging on them."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from ...strategies import PRESETS
from ..variants import drawn_segmentor
from .base import Implementation

#: The strategies of the paper.
PUBLISHED = ('none', 'hq', 'fast', 'n2d_2x2', 'downsample')


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
class Plain(Implementation):
    """mmseg's own modules, merging by its definition: the reference of what was not published."""

    name: ClassVar[str] = 'plain'
    about: ClassVar[str] = "mmseg's own modules, merging by its definition in plain PyTorch"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not PRESETS[self.strategy].stages:
            raise ValueError(f"'{self}': nothing is merged; take 'stock'")

    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        from .by_definition import make_by_definition

        model = drawn_segmentor(variant, scope, stock=True)
        make_by_definition(getattr(model, 'backbone', model), PRESETS[self.strategy].stages)
        return model


@dataclass(frozen=True)
class Published(Implementation):
    """mmseg's own modules with the merging that was published, which calls tomesd.

    Raises:
        ValueError: If the strategy was not published.
    """

    name: ClassVar[str] = 'published'
    about: ClassVar[str] = "mmseg's own modules, merging by tomesd: the published code"
    fused: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strategy not in PUBLISHED:
            raise ValueError(
                f"'{self}': this strategy was not published; published are {', '.join(PUBLISHED)}"
            )

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
