"""What every implementation can do: be built, be called, and name what it must compute."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ...merging import BipartiteSoftMatching
from ...strategies import AUTO, PRESETS, parse_tome_cfg

#: By name, in the order in which the classes are defined.
IMPLEMENTATIONS: dict[str, type['Implementation']] = {}


@dataclass(frozen=True)
class Implementation(ABC):
    """One way to compute SegFormer with a strategy. Subclasses say which.

    Args:
        strategy: A key of :data:`mmseg_tome.PRESETS`, or ``'auto'``.

    Raises:
        ValueError: If there is no such strategy.
    """

    strategy: str = 'none'
    name: ClassVar[str]
    about: ClassVar[str]
    #: Whether another program computes it, by its own arithmetic in low precisions.
    is_exported: ClassVar[bool] = False
    #: Whether it computes in INT8, and so only about what its reference does.
    is_quantized: ClassVar[bool] = False

    def __init_subclass__(cls, abstract: bool = False) -> None:
        if not abstract:
            IMPLEMENTATIONS[cls.name] = cls

    def __post_init__(self) -> None:
        if self.strategy not in (*PRESETS, AUTO):
            raise ValueError(
                f"'{self}': there is no strategy {self.strategy!r}; "
                f'allowed: {", ".join(PRESETS)}, {AUTO}'
            )

    def __str__(self) -> str:
        return f'{self.name} {self.strategy}'

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages that it imports, beside this project's own requirements."""
        return ('mmseg',)

    @property
    def matches(self) -> bool:
        """Whether the strategy matches tokens, which may decide near-ties otherwise."""
        stages = parse_tome_cfg(self.strategy).stages
        sides = [side for stage in stages for side in (stage.q, stage.kv)]
        return any(isinstance(side, BipartiteSoftMatching) for side in sides)

    def columns(self) -> dict[str, Any]:
        """The columns of a :class:`~mmseg_tome.analysis.results.Result` that describe it."""
        return {'implementation': self.name, 'strategy': self.strategy}

    def unavailable_reason(self, device: str = 'cpu', mode: str = 'inference') -> str | None:
        """One sentence on why this machine cannot measure it; None if it can."""
        missing = [package for package in self.needs if find_spec(package) is None]
        if not missing:
            return None
        return (
            f'{self} needs {" and ".join(missing)}, which is not installed; fix it with: '
            f'pip install {" ".join(_DISTRIBUTIONS.get(name, name) for name in missing)}'
        )

    @abstractmethod
    def build(self, variant: str, scope: str = 'model') -> nn.Module:
        """Build SegFormer for Cityscapes with the variant's drawn weights, in fp32, for inference.

        Args:
            variant: ``'b0'`` to ``'b5'``.
            scope: See :class:`mmseg_tome.analysis.workload.Workload`. Of the backbone alone, the
                output is a list of four maps; of predictions, a list of scores per image.
        """

    def inference(self, model: nn.Module, images: Tensor) -> Callable[[], Tensor | list[Tensor]]:
        """How an inference is called, once it is compiled or recorded.

        Args:
            model: What :meth:`build` returned, on its device and in its dtype.
            images: ``[B, 3, H, W]``.
        """

        def infer() -> Tensor | list[Tensor]:
            with torch.inference_mode():
                return model(images)

        return infer

    def reference(self) -> 'Implementation | None':
        """What it must compute the same as, up to rounding; None where it is itself a reference."""
        return None


_DISTRIBUTIONS = {
    'mmseg': "'mmseg_tome[seg]'",
    'transformers': "'mmseg_tome[transformers]'",
}


def implementation(text: str) -> Implementation:
    """Read an implementation and its strategy, such as ``'ours hq'``.

    Raises:
        ValueError: If there is no such implementation or strategy.
    """
    name, _, strategy = text.partition(' ')
    if name not in IMPLEMENTATIONS:
        raise ValueError(
            f'{text!r}: there is no implementation {name!r}; allowed: {", ".join(IMPLEMENTATIONS)}'
        )
    return IMPLEMENTATIONS[name](strategy or 'none')
