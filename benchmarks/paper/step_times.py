"""The measurement behind the complexity table: formulas, counts and times of every step."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.layer_profile import profile_in_turns
from mmseg_tome.analysis.loading import drawn_segmentor
from mmseg_tome.apply import apply_tome


def measure_steps(
    variant: str,
    size: tuple[int, int],
    strategies: Sequence[str],
    repeats: int,
    device: str = 'cpu',
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Evaluate the paper's formulas, count operations, and time steps of all strategies in turns.

    Args:
        variant: ``'b0'`` to ``'b5'``.
        size: Width and height of the image in pixels.
        strategies: Names of presets.
        repeats: Timed passes of each, after one of warm-up.
        device: Where to run.
        on_step: Called after every pass.

    Returns:
        ``formulas``, as :func:`complexity.paper_formulas` returns them, and ``steps``, as
        :func:`profile_in_turns` does: rows by strategy; ``limit``, the rate of large products.
    """
    width, height = size
    models = {name: apply_tome(drawn_segmentor(variant), name) for name in strategies}
    formulas = {
        name: complexity.paper_formulas(model.backbone, (height, width)).to_dict('records')
        for name, model in models.items()
    }
    parts = {name: (model.to(device).backbone, model.head) for name, model in models.items()}
    image = torch.randn(1, 3, height, width, device=device)
    profiles = profile_in_turns(parts, image, repeats, on_step)
    steps = {name: frame.to_dict('records') for name, frame in profiles.items()}
    limit = next(iter(profiles.values())).attrs['limit']
    return {'formulas': formulas, 'steps': steps, 'limit': limit}
