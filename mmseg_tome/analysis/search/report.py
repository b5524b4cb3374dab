"""What was found, in words, tables, a picture, and files that ``tome_cfg`` takes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .answers import INTERVAL, Answer, Choice
from .evaluate import Row
from .plot import draw_front
from .rates_file import write_rates
from .sensitivity import alone
from .space import describe, key_of
from .study import Trial


def write_report(
    folder: Path,
    about: Mapping[str, Any],
    trials: Sequence[Trial],
    rows: Sequence[Row],
    answers: Sequence[Answer],
    effects: Mapping[str, tuple[float, float]],
    sr_ratios: Sequence[int],
) -> Path:
    """Write everything into a new folder.

    Args:
        folder: It must not be there yet.
        about: What the figures are of: model, data, device, versions, date, commit.
        trials: What was measured in the search.
        rows: The presets and the front, on the held-out images.
        answers: Whether the presets are beaten.
        effects: Change of quality and time by stage; see :meth:`Search.effects`.
        sr_ratios: Of the backbone's stages.

    Returns:
        The report, ``report.md``; beside it are ``trials.csv``, ``points.csv``, ``front.png`` and a
        YAML file for every point of the front and every choice.
    """
    folder.mkdir(parents=True)
    trials_table(trials).to_csv(folder / 'trials.csv', index=False)
    points_table(rows).to_csv(folder / 'points.csv', index=False)
    choices = [choice for answer in answers for choice in answer.choices]
    titles = (
        f'{len(trials)} trials, {about["images searched on"]} images',
        f'presets and front, {about["images held out"]} held-out images, timed in turns',
    )
    chosen = [choice.row.name for choice in choices]
    draw_front(trials, rows, chosen, titles, folder / 'front.png')
    for row in rows:
        if not row.is_preset:
            write_rates(folder / f'{row.name}.yaml', row.stages, _comment(row, row.name, about))
    for choice in choices:
        comment = _comment(choice.row, f'{choice.name}: {choice.why}', about)
        write_rates(folder / f'{choice.name}.yaml', choice.row.stages, comment)
    report = folder / 'report.md'
    parts = [
        f'# Rates for {about["config"]} at {about["inputs"]}',
        *(_answer_text(answer) for answer in answers),
        '## Presets and front\n\n![quality over time](front.png)\n\n' + _points_text(rows, about),
        _settings_text(rows),
        _sensitivity_text(effects, sr_ratios, rows[0].objective),
        _trials_text(trials),
        '## How it was measured\n\n' + '\n'.join(f'- {k}: {v}' for k, v in about.items()),
    ]
    report.write_text('\n\n'.join(part for part in parts if part) + '\n', encoding='utf-8')
    return report


def trials_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """All trials, in the order in which they were measured."""
    return pd.DataFrame(
        {
            'number': trial.number,
            'origin': trial.origin,
            'setting': describe(trial.stages),
            'quality': trial.quality,
            'pruned': trial.pruned,
            'time_over_unmerged': trial.time,
            'seconds_per_image': trial.seconds,
            **trial.metrics,
            'commit': trial.commit,
            'tome_cfg': json.dumps(trial.stages),
        }
        for trial in trials
    )


def points_table(rows: Sequence[Row]) -> pd.DataFrame:
    """What is reported: the presets and the front."""
    return pd.DataFrame(
        {
            'name': row.name,
            'setting': describe(row.stages) if row.stages is not None else row.name,
            'time_over_unmerged': row.time,
            'lower_quartile': row.timing.low,
            'upper_quartile': row.timing.high,
            'seconds_per_image': row.timing.seconds,
            **{f'{name}_searched': value for name, value in row.metrics.items()},
            **{f'{name}_held_out': value for name, value in row.held_out.items()},
            'tome_cfg': json.dumps(row.stages) if row.stages is not None else row.name,
        }
        for row in rows
    )


def verdict(answer: Answer) -> str:
    """The answer in a sentence."""
    rival = answer.rival.name
    if not answer.choices:
        return f'No: on the images searched on, no setting that was measured beats {rival}.'
    if answer.is_yes:
        held = [choice.row.name for choice in answer.choices if choice.holds]
        names = ' and '.join(dict.fromkeys(held))
        text = f'Yes: {names}, chosen on the images searched on, beats {rival} on held-out images.'
        if not any(choice.holds and choice.is_clear for choice in answer.choices):
            text += (
                ' But drawn again, these images could say the opposite: the interval contains 0.'
            )
        return text
    text = (
        f'No: what was chosen on the images searched on does not beat {rival} on held-out images.'
    )
    if answer.others:
        names = ', '.join(row.name for row in answer.others)
        text += f' Of the front, {names} would, but they are known only by looking at these images.'
    return text


def _answer_text(answer: Answer) -> str:
    lines = [f'## {answer.question}', verdict(answer)]
    if answer.presets:
        names = ' and '.join(row.name for row in answer.presets)
        lines.append(f'On the held-out images, the preset {names} beats {answer.rival.name} too.')
    if answer.choices:
        table = pd.DataFrame(_choice_row(choice) for choice in answer.choices)
        lines.append(table.to_markdown(index=False, disable_numparse=True))
    return '\n\n'.join(lines)


def _choice_row(choice: Choice) -> dict[str, Any]:
    row, rival, name = choice.row, choice.rival, choice.row.objective
    difference = row.held_out_quality - rival.held_out_quality
    percent = f'{INTERVAL[1] - INTERVAL[0]:.0f} %'
    return {
        'chosen as': choice.why,
        'setting': row.name,
        f'time, {rival.name}': f'{row.time:.3f}, {rival.time:.3f}',
        f'{name} searched on, {rival.name}': f'{row.quality:.2f}, {rival.quality:.2f}',
        f'{name} held out, {rival.name}': (
            f'{row.held_out_quality:.2f}, {rival.held_out_quality:.2f}'
        ),
        f'difference held out ({percent} of resamples)': (
            f'{difference:+.2f} ({choice.interval[0]:+.2f} to {choice.interval[1]:+.2f})'
        ),
        'file': f'{choice.name}.yaml',
    }


def _points_text(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    unmerged = next(row for row in rows if row.name == 'none')
    table = pd.DataFrame(
        {
            'setting': row.name,
            'ms per image': f'{1000 * row.timing.seconds:.1f}',
            'time over none (quartiles)': (
                f'{row.time:.3f} ({row.timing.low:.3f} to {row.timing.high:.3f})'
            ),
            f'{row.objective} searched on': f'{row.quality:.2f}',
            **{f'{name} held out': f'{value:.2f}' for name, value in row.held_out.items()},
            'over none': f'{row.held_out_quality - unmerged.held_out_quality:+.2f}',
        }
        for row in sorted(rows, key=lambda row: -row.time)
    )
    return (
        f'{table.to_markdown(index=False, disable_numparse=True)}\n\n'
        f'`over none`: of {unmerged.objective}, on the held-out images. '
        f'{about["device"]}, {about["date"]}.'
    )


def _settings_text(rows: Sequence[Row]) -> str:
    found = [row for row in rows if not row.is_preset]
    if not found:
        return 'The front has no point beside the presets.'
    lines = [f'- [{row.name}]({row.name}.yaml): {describe(row.stages)}' for row in found]
    head = 'Settings, as `stage: side mode rate grid` (sx × sy) or `window` (height × width):'
    return head + '\n\n' + '\n'.join(lines)


def _sensitivity_text(
    effects: Mapping[str, tuple[float, float]], sr_ratios: Sequence[int], objective: str
) -> str:
    candidates = alone(sr_ratios)
    measured = [stages for stages in candidates if key_of(stages) in effects]
    if not measured:
        return ''
    table = pd.DataFrame(
        {
            'stage and setting': describe(stages),
            objective: f'{effects[key_of(stages)][0]:+.2f}',
            'time': f'{100 * effects[key_of(stages)][1]:+.1f} %',
        }
        for stages in measured
    )
    missing = len(candidates) - len(measured)
    note = f'\n\n{missing} more were left when the search ended.' if missing else ''
    return (
        '## Each stage alone\n\nAgainst the unmerged model, on the images searched on:\n\n'
        + table.to_markdown(index=False, disable_numparse=True)
        + note
    )


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


def _comment(row: Row, title: str, about: Mapping[str, Any]) -> str:
    name = row.objective
    return (
        f'{title}\n'
        f'Found by tools/search_rates.py on {about["date"]} (commit {about["commit"] or "unknown"})'
        f' for {about["config"]},\n'
        f'{about["checkpoint"]}, inputs of {about["inputs"]}, on {about["device"]}.\n'
        f'{describe(row.stages)}\n'
        f'Time {row.time:.3f} of unmerged; {name} {row.quality:.2f} on '
        f'{about["images searched on"]} images searched on, {row.held_out_quality:.2f} on '
        f'{about["images held out"]} held out.\n'
        'Use: --cfg-options model.backbone.tome_cfg=THIS_FILE, or tome_cfg=... in a config.'
    )
