"""Two revisions of this project against each other, in one run: is the newer one slower?"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from .parity import relative_difference
from .revision_process import RevisionProcess, checked_out
from .sources import ROOT
from .variants import drawn_segmentor, variant_config
from .workload import Workload

# Relative, in fp32: larger is no rounding, and no near-tie that is decided otherwise.
_SAME_OUTPUT = 2e-2


@dataclass(frozen=True)
class Comparison:
    """One workload and strategy in both revisions.

    Args:
        workload: What was measured.
        strategy: Name of a preset.
        base: Median seconds per image of the older revision.
        here: The same of this tree.
        slowdown: Median over the turns of this tree's time over the other's.
        difference: Of the outputs in fp32, relative.
    """

    workload: Workload
    strategy: str
    base: float
    here: float
    slowdown: float
    difference: float

    def problem(self, allowed_percent: float) -> str | None:
        """One sentence on what is not allowed, if anything."""
        what = f'{self.workload}, {self.strategy}'
        if not self.difference <= _SAME_OUTPUT:
            return f'{what}: its output differs from that of the base by {self.difference:.2g}'
        percent = 100 * (self.slowdown - 1)
        if not percent <= allowed_percent:
            return f'{what}: {percent:.1f} % slower than the base, {allowed_percent:g} % is allowed'
        return None


def compare_revisions(
    base: str,
    workloads: Sequence[Workload],
    strategies: Sequence[str],
    repeats: int,
    on_step: Callable[[str], None] = lambda what: None,
    tree: Path = ROOT,
) -> Iterator[Comparison]:
    """Time this tree and another revision in turns, with the same weights and images.

    Args:
        base: Of the other revision, as git spells it.
        workloads: What to measure; their batches are numbers.
        strategies: Names of presets that both revisions have.
        repeats: Timed turns, after one of warm-up.
        on_step: Called with a description after every turn.
        tree: This tree: a checkout with its history.

    Raises:
        ValueError: If there is no such revision, or ``tree`` is no checkout.
        RuntimeError: If one of the revisions fails; the message has the end of its output.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        other = stack.enter_context(checked_out(base, tree, folder / 'base'))
        workers = {
            # First, since it is the more likely to fail.
            'here': stack.enter_context(RevisionProcess(tree, folder / 'here.log')),
            'base': stack.enter_context(RevisionProcess(other, folder / 'base.log')),
        }
        for workload in workloads:
            inputs = _write_inputs(workload, folder)
            for strategy in strategies:
                report = partial(on_step, f'{workload}, {strategy}')
                yield _compare(workers, workload, strategy, inputs, repeats, report)


def _compare(
    workers: dict[str, RevisionProcess],
    workload: Workload,
    strategy: str,
    inputs: Path,
    repeats: int,
    on_step: Callable[[], None],
) -> Comparison:
    outputs = {}
    for name, worker in workers.items():
        path = inputs.with_name(f'{name}.outputs')
        worker.ask({'prepare': _job(workload, strategy, inputs, path)})
        outputs[name] = torch.load(path, weights_only=True)
    times: dict[str, list[float]] = {name: [] for name in workers}
    for turn in range(repeats + 1):
        # Whoever is second in one turn is first in the next.
        for name in sorted(workers, reverse=bool(turn % 2)):
            seconds = workers[name].ask({'passes': 1})['seconds']
            if turn:  # the first one warms up
                times[name] += seconds
        on_step()
    ratios = [here / base for here, base in zip(times['here'], times['base'], strict=True)]
    return Comparison(
        workload,
        strategy,
        statistics.median(times['base']) / int(workload.batch),
        statistics.median(times['here']) / int(workload.batch),
        statistics.median(ratios),
        relative_difference([outputs['here']], [outputs['base']]),
    )


def _job(workload: Workload, strategy: str, inputs: Path, outputs: Path) -> dict[str, Any]:
    model = variant_config(workload.variant).model.to_dict()
    return {
        'model': {name: model[name] for name in ('backbone', 'decode_head')},
        'strategy': strategy,
        'inputs': str(inputs),
        'outputs': str(outputs),
        'device': workload.device,
        'dtype': workload.dtype,
        'trains': workload.trains,
        'scope': workload.scope,
    }


def _write_inputs(workload: Workload, folder: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    size = (int(workload.batch), 3, workload.height, workload.width)
    path = folder / 'inputs.pt'
    weights = drawn_segmentor(workload.variant).state_dict()
    torch.save({'weights': weights, 'images': torch.randn(size, generator=generator)}, path)
    return path
