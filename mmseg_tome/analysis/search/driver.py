"""A search from its options to its report."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..progress import Progress
from ..provenance import commit
from ..quiet import quiet_logs
from ..store import Store
from .about import About
from .baselines import BaselineComparison, compare_with_baselines
from .held_out import Setting, evaluate, num_steps, reported_settings
from .loop import Budget, Search
from .options import Options, is_pose
from .prepare import Prepared, prepare
from .report import write_report
from .study import Study
from .trials import TrialRunner

_PERCENT = 100


@dataclass(frozen=True)
class SearchResult:
    """What a search leaves behind.

    Args:
        report: The written report.
        settings: The presets and the front.
        comparisons: Whether presets are beaten.
        trials: Number of trials.
    """

    report: Path
    settings: list[Setting]
    comparisons: list[BaselineComparison]
    trials: int


def search_rates(
    options: Options, out: Path, budget: Budget, progress: Progress, command: str = ''
) -> SearchResult:
    """Search, or go on with a search, and write a report into a new folder below ``out``.

    Args:
        options: What is searched for.
        out: Folder of the search.
        budget: How long to search, when everything is loaded.
        progress: The display.
        command: What the user typed, for the rows of results.

    Raises:
        ValueError: If something in the options or files is not allowed, or ``out`` holds a search
            that was started otherwise, which stays as it is.
        FileNotFoundError: If a file, folder or data set is not there.
        InUseError: If another process searches with the same folder.
    """
    with quiet_logs():
        prepared = prepare(options, progress)
        folder = out.absolute()
        with Store(folder.parent).entry(folder.name, prepared.key).extended('search'):
            search = _search(prepared, options.seed, out, budget, progress)
            settings = _evaluate(prepared, search, options, progress)
            comparisons = compare_with_baselines(settings, prepared.evaluator.score)
            about = About.of(options, prepared, search.study.trials, command)
            report = write_report(
                out / f'report-{datetime.now():%Y%m%d-%H%M%S}',
                about,
                search,
                settings,
                comparisons,
            )
    return SearchResult(report, settings, comparisons, len(search.study.trials))


def _search(prepared: Prepared, seed: int, out: Path, budget: Budget, progress: Progress) -> Search:
    study = Study(out, len(prepared.sr_ratios), seed)
    images = prepared.images.searched
    runner = TrialRunner(prepared.evaluator, images, prepared.objective, commit())
    search = Search(runner, study, prepared.sr_ratios)
    with progress.step('search', _PERCENT) as step:

        def show(used: float) -> None:
            title = f'search: {len(study.trials)} trials, {len(search.front())} in front'
            step.update(_PERCENT * used, description=title)

        search.run(budget, show)
    return search


def _evaluate(
    prepared: Prepared, search: Search, options: Options, progress: Progress
) -> list[Setting]:
    settings = reported_settings(search, with_downsampling=not is_pose(prepared.cfg))
    images, repeats = prepared.images, options.final_repeats
    title = f'time and test {len(settings)} settings'
    with progress.step(title, num_steps(settings, images.held_out, repeats)) as step:
        return evaluate(prepared.evaluator, search, settings, images, repeats, step.advance)
