"""From files and options to a model that candidates are measured on, and to its images."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass

from mmengine.config import Config
from mmengine.model import BaseModel

from ...strategies import PRESETS
from ..file_identity import data_identity, file_hash
from ..fingerprint import Fingerprint, Kind, fingerprint
from ..loading import load_model, only_backbone
from ..progress import Progress
from .evaluator import Evaluator
from .images import Images, Source, Split, labeled_source, load, split, unlabeled_source
from .options import Options
from .scoring import Scorer, agreement_scorer, default_metric, labeled_scorer

# What a trial depends on: how it is measured, and how it is written down. Not what is tried next.
KIND = Kind(
    'search',
    (
        'mmseg_tome.analysis.loading',
        'mmseg_tome.analysis.search.space',
        'mmseg_tome.analysis.search.trials',
    ),
    reads='test',
)


@dataclass(frozen=True)
class Prepared:
    """All that a search needs before it starts.

    Args:
        cfg: The config.
        evaluator: Measures candidates.
        images: What they are measured on.
        objective: The metric that is quality.
        sr_ratios: Of the backbone's stages.
        key: All that trials depend on.
    """

    cfg: Config
    evaluator: Evaluator
    images: Split
    objective: str
    sr_ratios: tuple[int, ...]
    key: Fingerprint


def prepare(options: Options, progress: Progress) -> Prepared:
    """Load the model and the images, and check that what is asked for can be measured.

    Raises:
        ValueError: If something in the options or files is not allowed.
        FileNotFoundError: If a file, folder or data set is not there.
    """
    cfg = options.read_config()
    # What OpenMMLab prints would get between the bars.
    with progress.step('load model'), redirect_stdout(io.StringIO()):
        model = _load(cfg, options)
        source, scorer = _open(cfg, options, model)
    indices = split(source.paths, options.holdout, options.images)
    images = _read(source, indices, progress)
    first = images.searched.samples[0]
    evaluator = Evaluator(model, scorer, first, options.repeats, options.batch)
    if options.unlabeled:
        images = _label(evaluator, images, progress)
    objective = _check_metric(evaluator, images.searched, options.metric)
    data = {
        name: data_identity(source.files(part))
        for name, part in zip(('images searched on', 'held-out images'), indices, strict=True)
    }
    settings = {
        'checkpoint': file_hash(options.checkpoint),
        'metric': objective,
        'labels': 'unmerged predictions' if options.unlabeled else 'ground truth',
        'holdout': options.holdout,
        'inputs': ', '.join(images.searched.sizes()),
        'batch': options.batch,
        'repeats': options.repeats,
        'seed': options.seed,
    }
    key = fingerprint(KIND, cfg, data, settings, options.device)
    sr_ratios = tuple(only_backbone(model).sr_ratios)
    return Prepared(cfg, evaluator, images, objective, sr_ratios, key)


def _load(cfg: Config, options: Options) -> BaseModel:
    model = load_model(cfg, options.checkpoint, options.device)
    stages = only_backbone(model).num_stages
    expected = len(PRESETS['hq'].stages)
    if stages != expected:
        raise ValueError(f'the MiT has {stages} stages, but the presets are for {expected}')
    return model


def _open(cfg: Config, options: Options, model: BaseModel) -> tuple[Source, Scorer]:
    """Where images come from, and how predictions of them are scored."""
    if options.unlabeled:
        scorer = agreement_scorer(model.decode_head.num_classes)
        return unlabeled_source(cfg, options.unlabeled), scorer
    source = labeled_source(cfg)
    return source, labeled_scorer(cfg, source.meta)


def _read(source: Source, indices: tuple[list[int], list[int]], progress: Progress) -> Split:
    with progress.step('read images', sum(map(len, indices))) as step:
        return Split(*(load(source, part, step.advance) for part in indices))


def _label(evaluator: Evaluator, images: Split, progress: Progress) -> Split:
    with progress.step('predict unmerged', len(images)) as step:
        parts = (images.searched, images.held_out)
        return Split(*(evaluator.label(part, step.advance) for part in parts))


def _check_metric(evaluator: Evaluator, images: Images, metric: str | None) -> str:
    """Before long work starts: whether the metric is among those that are computed."""
    names = list(evaluator.score(evaluator.results(None, images.select([0]))))
    if metric is None:
        return default_metric(names)
    if metric not in names:
        raise ValueError(f'--metric {metric} is not computed here; computed are {", ".join(names)}')
    return metric
