"""The measurement behind the complexity table: formulas, counts and times of every step."""

from collections.abc import Callable, Sequence
from typing import Any

from mmseg_tome.analysis import complexity
from mmseg_tome.analysis.layer_profile import profile
from mmseg_tome.analysis.loading import only_backbone
from mmseg_tome.analysis.variants import drawn_segmentor
from mmseg_tome.analysis.workload import Workload
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
        ``formulas``, rows of :func:`complexity.paper_formulas` by strategy, and ``steps``, rows
        of :func:`profile`.
    """
    workload = Workload(variant, *reversed(size), device=device)
    hw = workload.height, workload.width
    formulas = {
        name: complexity.paper_formulas(
            apply_tome(only_backbone(drawn_segmentor(variant)), name), hw
        ).to_dict('records')
        for name in strategies
    }
    steps = profile(workload, strategies, repeats, on_step).to_dict('records')
    return {'formulas': formulas, 'steps': steps}
