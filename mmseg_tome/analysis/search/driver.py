"""From files and options to a report."""

import hashlib
import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from rich.progress import Progress
from torch import nn

from ...version import __version__
from ..provenance import device_name, provenance
from ..quiet import quiet_logs
from .answers import Answer, answer
from .bench import Bench
from .evaluate import Row, candidates, measure, num_steps
from .folder import digest, open_folder
from .images import HOLDOUTS, Images, Source, labelled_source, load, split, unlabelled_source
from .loading import is_pose, load_config, load_model, only_backbone
from .loop import Budget, Search
from .report import write_report
from .scoring import Scorer, agreement_scorer, labelled_scorer
from .study import Study


@dataclass(frozen=True)
class Options:
    """What is searched for.

    Args:
        config: Config of the model and its test set.
        checkpoint: Weights of the model.
        cfg_options: Changes to the config.
        size: Width and height that test images are scaled to; None for the config's.
        unlabelled: Folder of images to search on instead of the config's test set.
        metric: What quality is; None for mIoU, PCK@0.1 or agreement.
        holdout: How images are held out; see :func:`split`.
        images: Number of images used at all; None for all.
        device: Where to run.
        repeats: Timed passes of a candidate in the search.
        final_repeats: Timed passes of what is reported.
        batch: Images at once.
        seed: For what is proposed.
    """

    config: Path
    checkpoint: Path
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    unlabelled: Path | None = None
    metric: str | None = None
    holdout: str = 'alternate'
    images: int | None = None
    device: str = 'cpu'
    repeats: int = 7
    final_repeats: int = 21
    batch: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Found:
    """What a search leaves behind.

    Args:
        report: The written report.
        rows: The presets and the front.
        answers: Whether presets are beaten.
        trials: Number of trials.
    """

    report: Path
    rows: list[Row]
    answers: list[Answer]
    trials: int


def search_rates(options: Options, out: Path, budget: Budget, bars: Progress) -> Found:
    """Search, or go on with a search, and write a report into a new folder below ``out``.

    Args:
        options: What is searched for.
        out: Folder of the search.
        budget: How long to search, when everything is loaded.
        bars: The display that progress is shown on.

    Raises:
        ValueError: If something in the options or files is not allowed, or ``out`` holds a search
            with other options.
        FileNotFoundError: If a file, folder or data set is not there.
    """
    with quiet_logs():
        cfg = load_config(options.config, options.cfg_options, options.size)
        if is_pose(cfg) and options.unlabelled:
            raise ValueError('--unlabelled: pose estimators need boxes; search on a labelled set')
        with redirect_stdout(io.StringIO()):  # what OpenMMLab prints would get between the bars
            model = load_model(cfg, options.checkpoint, options.device)
            source, scorer, objective = _open(cfg, options, model)
        halves = _read(source, options, bars)
        bench = Bench(model, scorer, halves[0].samples[0], options.repeats, options.batch)
        if options.unlabelled:
            halves = _label(bench, halves, bars)
        objective = _check_metric(bench, halves[0], options.metric or objective)
        open_folder(out, _fingerprint(options, cfg.pretty_text, objective, halves))
        sr_ratios = tuple(only_backbone(model).sr_ratios)
        study = Study(out, len(sr_ratios), options.seed)
        search = Search(bench, study, halves[0], objective, sr_ratios)
        _run(search, budget, bars)
        return _report(search, bench, halves, options, out, bars, downsampling=not is_pose(cfg))


def _open(cfg: Config, options: Options, model: nn.Module) -> tuple[Source, Scorer, str]:
    """Where images come from, how they are scored, and by which metric if none is asked for."""
    if options.unlabelled:
        source = unlabelled_source(cfg, options.unlabelled)
        return source, *agreement_scorer(model.decode_head.num_classes)
    source = labelled_source(cfg)
    return source, *labelled_scorer(cfg, source.meta)


def _read(source: Source, options: Options, bars: Progress) -> tuple[Images, Images]:
    """Images to search on, and held-out images."""
    halves = split(source.paths, options.holdout, options.images)
    task = bars.add_task('read images', total=sum(map(len, halves)))
    searched, held_out = (load(source, half, lambda: bars.advance(task)) for half in halves)
    return searched, held_out


def _label(bench: Bench, halves: tuple[Images, Images], bars: Progress) -> tuple[Images, Images]:
    task = bars.add_task('predict unmerged', total=sum(map(len, halves)))
    searched, held_out = (bench.label(half, lambda: bars.advance(task)) for half in halves)
    return searched, held_out


def _check_metric(bench: Bench, images: Images, metric: str) -> str:
    """Before long work starts: whether the metric is among those that are computed."""
    names = list(bench.score(bench.results(None, images.select([0]))))
    if metric not in names:
        raise ValueError(f'--metric {metric} is not computed here; computed are {", ".join(names)}')
    return metric


def _fingerprint(
    options: Options, config: str, objective: str, halves: tuple[Images, Images]
) -> dict[str, Any]:
    """Everything that the figures depend on."""
    searched, held_out = halves
    return {
        'config': options.config.stem,
        'options': {key: str(value) for key, value in options.cfg_options.items()},
        'content of the config': hashlib.sha256(config.encode()).hexdigest()[:16],
        'checkpoint': digest(options.checkpoint),
        'metric': objective,
        'labels': 'unmerged predictions' if options.unlabelled else 'ground truth',
        'holdout': options.holdout,
        'images searched on': f'{len(searched)}, {searched.digest()}',
        'images held out': f'{len(held_out)}, {held_out.digest()}',
        'inputs': searched.sizes(),
        'batch': options.batch,
        'repeats': options.repeats,
        'seed': options.seed,
        'device': device_name(options.device),
        'threads': torch.get_num_threads() if options.device == 'cpu' else 0,
        'torch': torch.__version__,
        'mmseg_tome': __version__,
    }


def _run(search: Search, budget: Budget, bars: Progress) -> None:
    task = bars.add_task('search', total=1.0)

    def show(used: float) -> None:
        count = len(search.study.trials)
        bars.update(
            task,
            completed=used,
            description=f'search: {count} trials, {len(search.front())} in front',
        )

    search.run(budget, show)
    bars.update(task, completed=1.0)


def _report(
    search: Search,
    bench: Bench,
    halves: tuple[Images, Images],
    options: Options,
    out: Path,
    bars: Progress,
    downsampling: bool,
) -> Found:
    searched, held_out = halves
    reported = candidates(search, downsampling)
    task = bars.add_task(
        f'time and test {len(reported)} settings',
        total=num_steps(reported, held_out, options.final_repeats),
    )
    rows = measure(
        bench,
        search,
        reported,
        searched,
        held_out,
        options.final_repeats,
        lambda: bars.advance(task),
    )
    answers = answer(rows, bench.score)
    trials = search.study.trials
    report = write_report(
        out / f'report-{datetime.now():%Y%m%d-%H%M%S}',
        _about(options, search, halves),
        trials,
        rows,
        answers,
        search.effects(),
        search.sr_ratios,
    )
    return Found(report, rows, answers, len(trials))


def _about(options: Options, search: Search, halves: tuple[Images, Images]) -> dict[str, Any]:
    searched, held_out = halves
    commits = sorted({trial.commit for trial in search.study.trials if trial.commit})
    return {
        'config': options.config.stem,
        'checkpoint': f'{options.checkpoint.name} (SHA-256 {digest(options.checkpoint)}...)',
        'options': ' '.join(f'{k}={v}' for k, v in options.cfg_options.items()) or 'none',
        'quality': f'{search.objective}, '
        + ('against unmerged predictions' if options.unlabelled else 'against ground truth'),
        'images searched on': len(searched),
        'images held out': len(held_out),
        'held out': HOLDOUTS[options.holdout],
        'inputs': ', '.join(searched.sizes()),
        'batch': options.batch,
        'timed': f'inference up to the result at the size of the labels, fp32, '
        f'{options.repeats} passes in the search, {options.final_repeats} in the report, each '
        'beside one of the unmerged model; median',
        **provenance(options.device),
        'commits of the trials': ', '.join(commits),
    }
