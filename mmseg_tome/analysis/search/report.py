"""What was found, in words, tables, a picture, and files that ``tome_cfg`` takes."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from .. import report
from .about import About
from .baselines import BaselineComparison, Choice
from .bootstrap import INTERVAL
from .held_out import UNMERGED, Setting
from .loop import Search
from .plot import draw_front
from .rates_file import write_rates
from .sensitivity import single_stage_candidates
from .space import describe, key_of
from .tables import points_table, results, trials_table
from .trials import Trial

Parts = list[str | pd.DataFrame]


def write_report(
    folder: Path,
    about: About,
    search: Search,
    settings: Sequence[Setting],
    comparisons: Sequence[BaselineComparison],
) -> Path:
    """Write everything into a new folder.

    Args:
        folder: It must not be there yet.
        about: What the results are of.
        search: What was measured in the search.
        settings: The presets and the front, on the held-out images.
        comparisons: Whether the presets are beaten.

    Returns:
        The report, ``report.md``; beside it are ``report.csv``, ``trials.csv``, ``points.csv``,
        ``front.png`` and a YAML file for every point of the front and every choice.
    """
    folder.mkdir(parents=True)
    trials = search.study.trials
    choices = [choice for comparison in comparisons for choice in comparison.choices]
    trials_table(trials).to_csv(folder / 'trials.csv', index=False)
    points_table(settings).to_csv(folder / 'points.csv', index=False)
    _write_rates_files(folder, about, settings, choices)
    titles = (
        f'{len(trials)} trials, {about.num_searched} images',
        f'presets and front, {about.num_held_out} held-out images, timed in turns',
    )
    chosen = [choice.setting.name for choice in choices]
    draw = partial(draw_front, trials, settings, chosen, titles)
    parts = [
        f'# Rates for {about.config} at {about.inputs}',
        *(part for comparison in comparisons for part in _comparison_parts(comparison)),
        '## Presets and front',
        '![quality over time](front.png)',
        *_points_parts(settings, about),
        _settings_text(settings),
        *_sensitivity_parts(search),
        _trials_text(trials),
        '## How it was measured',
        '\n'.join(f'- {k}: {v}' for k, v in about.facts().items()),
    ]
    rows = results(about, settings, choices)
    return report.write_report(folder, 'report', parts, rows, draw, plot='front')[0]


def _write_rates_files(
    folder: Path, about: About, settings: Sequence[Setting], choices: Sequence[Choice]
) -> None:
    files = {one.name: (one, one.name) for one in settings if not one.is_preset}
    files |= {choice.name: (choice.setting, f'{choice.name}: {choice.why}') for choice in choices}
    for name, (one, title) in files.items():
        assert one.stages is not None  # what was found is a list
        write_rates(folder / f'{name}.yaml', one.stages, _comment(one, title, about))


def _comparison_parts(comparison: BaselineComparison) -> Parts:
    parts: Parts = [f'## {comparison.question}', comparison.verdict]
    if comparison.presets:
        names = ' and '.join(one.name for one in comparison.presets)
        baseline = comparison.baseline.name
        parts.append(f'On the held-out images, the preset {names} beats {baseline} too.')
    if comparison.choices:
        parts.append(pd.DataFrame(_choice_row(choice) for choice in comparison.choices))
    return parts


def _choice_row(choice: Choice) -> dict[str, Any]:
    one, baseline, objective = choice.setting, choice.baseline, choice.setting.objective
    difference = one.held_out_quality - baseline.held_out_quality
    percent = f'{INTERVAL[1] - INTERVAL[0]:.0f} %'
    return {
        'chosen as': choice.why,
        'setting': one.name,
        f'time, {baseline.name}': f'{one.time:.3f}, {baseline.time:.3f}',
        f'{objective} searched on, {baseline.name}': (f'{one.quality:.2f}, {baseline.quality:.2f}'),
        f'{objective} held out, {baseline.name}': (
            f'{one.held_out_quality:.2f}, {baseline.held_out_quality:.2f}'
        ),
        f'difference held out ({percent} of resamples)': (
            f'{difference:+.2f} ({choice.interval[0]:+.2f} to {choice.interval[1]:+.2f})'
        ),
        'file': f'{choice.name}.yaml',
    }


def _points_parts(settings: Sequence[Setting], about: About) -> Parts:
    unmerged = next(one for one in settings if one.name == UNMERGED)
    table = pd.DataFrame(
        {
            'setting': one.name,
            'ms per image': f'{1000 * one.timing.seconds:.1f}',
            'time over none (quartiles)': (
                f'{one.time:.3f} ({one.timing.low:.3f} to {one.timing.high:.3f})'
            ),
            f'{one.objective} searched on': f'{one.quality:.2f}',
            **{f'{name} held out': f'{value:.2f}' for name, value in one.held_out.items()},
            'over none': f'{one.held_out_quality - unmerged.held_out_quality:+.2f}',
        }
        for one in sorted(settings, key=lambda one: -one.time)
    )
    note = (
        f'`over none`: of {unmerged.objective}, on the held-out images. '
        f'{about.provenance["device"]}, {about.provenance["date"]}.'
    )
    return [table, note]


def _settings_text(settings: Sequence[Setting]) -> str:
    found = [one for one in settings if not one.is_preset]
    if not found:
        return 'The front has no point beside the presets.'
    lines = [f'- [{one.name}]({one.name}.yaml): {one.description}' for one in found]
    head = 'Settings, as `stage: side mode rate grid` (sx × sy) or `window` (height × width):'
    return head + '\n\n' + '\n'.join(lines)


def _sensitivity_parts(search: Search) -> Parts:
    effects = search.effects()
    candidates = single_stage_candidates(search.sr_ratios)
    measured = [stages for stages in candidates if key_of(stages) in effects]
    if not measured:
        return []
    table = pd.DataFrame(
        {
            'stage and setting': describe(stages),
            search.objective: f'{effects[key_of(stages)][0]:+.2f}',
            'time': f'{100 * effects[key_of(stages)][1]:+.1f} %',
        }
        for stages in measured
    )
    missing = len(candidates) - len(measured)
    note = [f'{missing} more were left when the search ended.'] if missing else []
    head = 'Against the unmerged model, on the images searched on:'
    return ['## Each stage alone', head, table, *note]


def _trials_text(trials: Sequence[Trial]) -> str:
    origins = Counter(trial.origin.split()[0] for trial in trials)
    names = {
        'preset': 'presets',
        'stage': 'single stages',
        'sum': 'sums of single stages',
        'search': 'proposed by the search',
    }
    counts = ', '.join(f'{n} {names[origin]}' for origin, n in origins.items())
    pruned = sum(trial.pruned for trial in trials)
    return (
        f'## Trials\n\n{len(trials)}: {counts}. Of {pruned} of them, only every third image was '
        'predicted: on these, something faster was better by a point or more, and their quality is '
        'an estimate. All of them are in [trials.csv](trials.csv).'
    )


def _comment(setting: Setting, title: str, about: About) -> str:
    where = about.provenance
    return (
        f'{title}\n'
        f'Found by `python -m mmseg_tome search` on {where["date"]} '
        f'(commit {where["commit"] or "unknown"}) for {about.config},\n'
        f'{about.checkpoint}, inputs of {about.inputs}, on {where["device"]}.\n'
        f'{setting.description}\n'
        f'Time {setting.time:.3f} of unmerged; {about.objective} {setting.quality:.2f} on '
        f'{about.num_searched} images searched on, {setting.held_out_quality:.2f} on '
        f'{about.num_held_out} held-out images.\n'
        'Use: --cfg-options model.backbone.tome_cfg=THIS_FILE, or tome_cfg=... in a config.'
    )
