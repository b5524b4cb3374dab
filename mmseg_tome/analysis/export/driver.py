"""From a config and a checkpoint to a file that has been compared with the model."""

import copy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mmengine.model import BaseModel

from ...apply import apply_tome
from ...deploy import loader
from ...deploy.export import FORMATS, Settings, export_model
from ...deploy.graph import Normalize, head_of, normalization
from ...deploy.runtimes import Runtime, RuntimeOptions, open_exported
from ...deploy.verify import BOUNDS, Comparison, compare, first_difference, reference_graph
from ...strategies import PRESETS, TomeCfg
from ..loading import load_config, load_model
from ..progress import Progress
from ..provenance import commit, package_versions
from .pictures import Pictures, find_pictures, pictures_in, training_pictures
from .quality import main_metric, scores

#: What a file is renamed to that is not what the model is.
WRONG = '.differs'


@dataclass(frozen=True)
class Verdict:
    """What is known of a file.

    Args:
        comparisons: With the model, at several sizes.
        metrics: Of the model and of the file, by the config's evaluator; empty without labels.
        problems: One sentence each on what is beyond a bound.
        notes: One sentence each on what was not compared, and why.
        is_checkpoint: Whether the config can be tested with it.
    """

    comparisons: list[Comparison]
    metrics: dict[str, dict[str, float]]
    problems: list[str]
    notes: list[str]
    is_checkpoint: bool = True


class Exporter:
    """Exports one trained model.

    Args:
        config: The user's config.
        checkpoint: Its weights.
        strategy: What is merged; None for what the config says.
        cfg_options: As after ``--cfg-options``.

    Raises:
        ValueError: If the config or the checkpoint cannot be used.
        FileNotFoundError: If one of them is not there.
    """

    def __init__(
        self,
        config: Path,
        checkpoint: Path,
        strategy: TomeCfg = None,
        cfg_options: dict[str, Any] | None = None,
    ) -> None:
        self.config, self.checkpoint = config, checkpoint
        self.cfg = load_config(config, cfg_options)
        # Weights of a pretrained backbone are in the checkpoint.
        self.cfg.model.backbone.init_cfg = None
        self.model = load_model(self.cfg, checkpoint)
        self._takes_strategy_of_file = strategy is None
        if strategy is not None:
            apply_tome(self.model, strategy)

    def default_size(self) -> tuple[int, int]:
        """Width and height of the images that the config tests on.

        Raises:
            ValueError: If it does not say.
        """
        test_cfg = self.cfg.model.get('test_cfg') or {}
        if test_cfg.get('mode') == 'slide':
            height, width = test_cfg['crop_size']
            return int(width), int(height)
        codec = (self.cfg.model.get('head') or {}).get('decoder')
        if codec:
            width, height = codec['input_size']
            return int(width), int(height)
        for step in self.cfg.get('test_pipeline') or ():
            if step['type'] == 'Resize' and step.get('scale'):
                width, height = step['scale']
                return int(width), int(height)
        raise ValueError(f'{self.config} does not say the size of its images: give --size WxH')

    def write(
        self,
        path: Path,
        settings: Settings,
        calibrate: str | None = None,
        calibration_images: int = 100,
    ) -> None:
        """Write the file; see :func:`mmseg_tome.deploy.export.export_model`.

        Args:
            path: The file.
            settings: What it is exported as.
            calibrate: For int8: a folder with images, or ``'config'`` for the training set.
            calibration_images: How many of them, at most.

        Raises:
            ValueError: If one of int8 and ``calibrate`` is given without the other.
        """
        if (settings.precision == 'int8') != (calibrate is not None):
            raise ValueError(
                '--precision int8 and --calibrate belong together: give a folder with images, or '
                "--calibrate config for the config's training set"
            )
        calibration = []
        if calibrate is not None:
            pictures = (
                training_pictures(self.cfg, calibration_images)
                if calibrate == 'config'
                else pictures_in(self.cfg, Path(calibrate), calibration_images)
            )
            batches = (
                picture.repeat(settings.batch, 1, 1, 1) for picture in pictures.at(settings.size)
            )
            prepare = Normalize(*normalization(self.model))
            calibration = [
                (each if settings.normalize else prepare(each)).numpy() for each in batches
            ]
        meta = getattr(self.model, 'dataset_meta', None) or {}
        names = meta.get('classes') or ()
        if len(names) != getattr(head_of(self.model), 'out_channels', None):
            names = ()
        source = dict(
            config=self.config.name,
            checkpoint=self.checkpoint.name,
            commit=commit(),
            versions=package_versions(),
            date=str(date.today()),
        )
        palette = meta.get('palette') or ()
        export_model(self.model, path, settings, names, palette, source, calibration)

    def verify(
        self,
        path: Path,
        images: int,
        options: RuntimeOptions,
        progress: Progress,
        max_drop: float | None = None,
    ) -> Verdict:
        """Compare a file with the model on pictures, and by the config's metrics."""
        runtime = open_exported(path, options)
        metadata = runtime.metadata
        if self._takes_strategy_of_file and metadata.strategy in PRESETS:
            apply_tome(self.model, metadata.strategy)
        bound = BOUNDS[runtime.metadata.precision]
        pictures = find_pictures(self.cfg, images)
        reference = reference_graph(self.model, runtime)
        comparisons, problems, notes = [], [], [f'Compared on {pictures.about}.']
        about = f'{path}: {metadata.output} in {metadata.precision}, tome_cfg {metadata.strategy!r}'
        notes.append(f'{about}; takes {metadata.describe_input()}.')
        sizes = self._sizes(runtime)
        total = len(sizes) * len(pictures.indices())
        with progress.step('compare with PyTorch', total) as step:
            for size in sizes:
                worst: Comparison | None = None
                for picture in pictures.at(size):
                    inputs = self._inputs(runtime, picture)
                    found = compare(reference, runtime, inputs)
                    if problem := found.problem(bound):
                        problems.append(problem)
                        if part := first_difference(reference, runtime, inputs, bound):
                            problems.append(part)
                        break
                    if worst is None or found.relative > worst.relative:
                        worst = found
                    step.advance()
                if worst is not None:
                    comparisons.append(worst)
        metrics = self._metrics(path, runtime, pictures, progress, notes)
        if max_drop is not None:
            problems += _drop(metrics, max_drop, notes)
        return Verdict(
            comparisons, metrics, problems, notes, is_checkpoint=metadata.output != 'keypoints'
        )

    def _sizes(self, runtime: Runtime) -> list[tuple[int, int]]:
        """Width and height: that of the file, or several where it takes any."""
        metadata = runtime.metadata
        if metadata.width and metadata.height:
            return [(metadata.width, metadata.height)]
        width, height = self.default_size()
        # The second has odd maps, and cells that are not whole.
        sizes = [(width, height), (width * 3 // 4 + 5, height // 2 + 7), (height, width)]
        return [(max(w, metadata.least), max(h, metadata.least)) for w, h in sizes]

    def _inputs(self, runtime: Runtime, picture: Any) -> Any:
        metadata = runtime.metadata
        batch = picture.repeat(metadata.batch or 1, 1, 1, 1)
        if metadata.normalize:
            return batch
        return Normalize(metadata.mean, metadata.std, metadata.bgr_to_rgb)(batch)

    def _metrics(
        self,
        path: Path,
        runtime: Runtime,
        pictures: Pictures,
        progress: Progress,
        notes: list[str],
    ) -> dict[str, dict[str, float]]:
        if pictures.source is None or not pictures.source.truth or 'test_evaluator' not in self.cfg:
            notes.append('No metrics: there is no labeled test set.')
            return {}
        if runtime.metadata.output == 'keypoints':
            notes.append('No metrics: the evaluator takes what the codec decodes from heatmaps.')
            return {}
        exported = with_runtime(self.model, path, runtime.options)
        models = {'model': self.model, 'file': exported}
        try:
            with progress.step('score both', 2 * len(pictures.indices())) as step:
                return scores(self.cfg, models, pictures, step.advance)
        except ValueError as error:
            notes.append(f'No metrics: {error}')
            return {}


def with_runtime(model: BaseModel, path: Path, options: RuntimeOptions) -> BaseModel:
    """A copy of a model that is computed by a file.

    Args:
        model: What the file was exported from, ready for inference.
        path: The file.
        options: How its runtime computes.
    """
    exported = copy.deepcopy(model)
    test_cfg = copy.deepcopy(getattr(exported, 'test_cfg', None) or {})
    test_cfg[loader.OPTIONS] = vars(options)
    exported.test_cfg = test_cfg
    loader.into(exported, str(path))
    return exported


def _drop(metrics: dict[str, dict[str, float]], max_drop: float, notes: list[str]) -> list[str]:
    if not metrics:
        notes.append('The drop in quality is not known: that needs a labeled test set.')
        return []
    name = main_metric(list(metrics['model']))
    drop = metrics['model'][name] - metrics['file'][name]
    if drop <= max_drop:
        return []
    return [f'its {name} is {drop:.2f} below that of the model, and {max_drop:g} is allowed']


def rename_wrong(path: Path) -> Path:
    """Give a file that is not what the model is a name that says so."""
    renamed = path.with_stem(path.stem + WRONG)
    path.replace(renamed)
    if path.suffix == FORMATS['openvino']:
        path.with_suffix('.bin').replace(renamed.with_suffix('.bin'))
    return renamed
