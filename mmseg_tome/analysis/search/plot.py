"""The front as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from .held_out import Setting
from .pareto import Point, pareto_front
from .trials import Trial

# Okabe and Ito's colors, told apart by color-blind people too; a marker each besides.
PRESET_STYLES = {
    'none': ('o', 'black'),
    'hq': ('s', '#0072B2'),
    'fast': ('D', '#D55E00'),
    'n2d_2x2': ('^', '#009E73'),
    'downsample': ('v', '#CC79A7'),
    'auto': ('P', '#56B4E9'),
}
_FRONT = '#E69F00'
_FAR = 'downsample'  # so much faster and worse that the rest would be a spot


def draw_front(
    trials: Sequence[Trial],
    settings: Sequence[Setting],
    chosen: Sequence[str],
    titles: tuple[str, str],
    path: Path,
) -> None:
    """Draw quality over time: all trials on the left, what is reported on the right.

    Args:
        trials: What was measured in the search.
        settings: What is reported.
        chosen: Names of the settings that were chosen.
        titles: Of both sides: which images.
        path: The PNG file to write.
    """
    figure = Figure((13, 6.2), layout='constrained')
    left, right = figure.subplots(1, 2)
    _draw_trials(left, trials, settings)
    _draw_settings(right, settings, chosen)
    objective = settings[0].objective
    for axis, title in zip((left, right), titles, strict=True):
        axis.set(xlabel='time over that of the unmerged model', ylabel=f'{objective} (%)')
        axis.set_title(title, fontsize=11)
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(alpha=0.25)
    figure.savefig(path, dpi=110)


def _draw_trials(axis: Axes, trials: Sequence[Trial], settings: Sequence[Setting]) -> None:
    measured = [trial for trial in trials if not trial.pruned]
    pruned = [trial for trial in trials if trial.pruned]
    _scatter(axis, measured, marker='.', s=45, color='0.45', label='measured')
    if pruned:
        label = 'pruned: quality estimated'
        _scatter(axis, pruned, marker='x', s=18, color='0.75', label=label)
    front = pareto_front(measured)
    axis.step(
        [p.time for p in front],
        [p.quality for p in front],
        where='post',
        color=_FRONT,
        marker='o',
        markersize=4,
        label='front',
    )
    presets = [(s.name, s.time, s.quality) for s in settings if s.is_preset]
    _limit(axis, [(p.time, p.quality) for p in front], presets)
    _mark_presets(axis, presets)
    (left, right), (bottom, _) = axis.get_xlim(), axis.get_ylim()
    outside = [t for t in trials if not left <= t.time <= right or t.quality < bottom]
    if outside:
        text = f'{len(outside)} trial{"s" if len(outside) > 1 else ""} slower or worse than shown'
        axis.text(0.01, 0.01, text, transform=axis.transAxes, fontsize=8, color='0.4')
    axis.legend(fontsize=8, ncols=2, loc='upper center', bbox_to_anchor=(0.5, -0.12))


def _draw_settings(axis: Axes, settings: Sequence[Setting], chosen: Sequence[str]) -> None:
    found = sorted((s for s in settings if not s.is_preset), key=lambda s: s.time)
    axis.errorbar(
        [s.time for s in found],
        [s.held_out_quality for s in found],
        xerr=[
            [max(s.time - s.timing.low, 0) for s in found],
            [max(s.timing.high - s.time, 0) for s in found],
        ],
        color=_FRONT,
        marker='o',
        markersize=4,
        linestyle='none',  # on other images it need not be a front
        elinewidth=0.8,
        label='front of the search (bars: quartiles)',
    )
    marked = [s for s in found if s.name in chosen]
    for setting in marked:
        axis.annotate(
            setting.name,
            (setting.time, setting.held_out_quality),
            textcoords='offset points',
            xytext=(4, 6),
            fontsize=8,
        )
    axis.scatter(
        [s.time for s in marked],
        [s.held_out_quality for s in marked],
        marker='*',
        s=160,
        color=_FRONT,
        edgecolor='black',
        linewidth=0.6,
        zorder=4,
        label='chosen on the images searched on',
    )
    presets = [(s.name, s.time, s.held_out_quality) for s in settings if s.is_preset]
    _limit(axis, [(s.time, s.held_out_quality) for s in found], presets)
    _mark_presets(axis, presets)
    axis.legend(fontsize=8, ncols=2, loc='upper center', bbox_to_anchor=(0.5, -0.12))


def _limit(
    axis: Axes,
    front: Sequence[tuple[float, float]],
    presets: Sequence[tuple[str, float, float]],
) -> None:
    """Show the range of the front and of the presets that merge, however far others are off."""
    shown = [*front, *((time, quality) for name, time, quality in presets if name != _FAR)]
    times, qualities = zip(*shown, strict=True)
    axis.set_xlim(*_range(times))
    axis.set_ylim(*_range(qualities))


def _range(values: Sequence[float]) -> tuple[float, float]:
    margin = max(0.15 * (max(values) - min(values)), 0.01)
    return min(values) - margin, max(values) + margin


def _mark_presets(axis: Axes, presets: Sequence[tuple[str, float, float]]) -> None:
    """Mark each; one that is outside of the axes at their edge, with its numbers."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for name, time, quality in presets:
        marker, color = PRESET_STYLES.get(name, ('P', 'black'))
        x, y = min(max(time, left), right), min(max(quality, bottom), top)
        label = name
        if (x, y) != (time, quality):
            label += f' at {time:.0%}, {quality:.2f}'
        axis.scatter(
            [x], [y], marker=marker, s=70, color=color, edgecolor='white', zorder=5,
            label=label, clip_on=False,
        )  # fmt: skip


def _scatter(axis: Axes, points: Sequence[Point], **style: Any) -> None:
    axis.scatter([p.time for p in points], [p.quality for p in points], **style)
