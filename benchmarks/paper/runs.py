"""Training and testing as ordinary ``mim`` runs, whose results are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from mmengine.config import Config

from mmseg_tome.analysis.file_identity import file_hash
from mmseg_tome.analysis.fingerprint import Fingerprint, Kind, fingerprint
from mmseg_tome.analysis.provenance import provenance_of_run
from mmseg_tome.analysis.store import Entry

from ..mim_runs import read_metrics, run_mim
from .checkpoints import checkpoint_options, copy_weights
from .context import ORIGIN, RunContext
from .data_check import Data, check_data
from .recipe import SEED, TOME_CFG, Recipe
from .strategies import strategies_content

TRAIN = Kind('train run', reads='train')
TEST = Kind('test run', reads='test')


@dataclass(frozen=True)
class Runs:
    """Training and testing of a recipe.

    Args:
        context: Where results are kept.
        recipe: Config and options of all runs.
    """

    context: RunContext
    recipe: Recipe
    _data: dict[str, Data] = field(default_factory=dict, init=False, repr=False)

    def data(self, split: str) -> Data:
        """The data of a split, looked at once.

        Raises:
            FileNotFoundError: If it is not there, or empty.
        """
        if split not in self._data:
            self._data[split] = check_data(self.recipe.resolved(), split)
        return self._data[split]

    def fingerprint(
        self, kind: Kind, cfg: Config, device: str | None = None, **settings
    ) -> Fingerprint:
        """All that a result depends on, the data of the split that its kind reads among it."""
        return fingerprint(kind, cfg, self.data(kind.reads).identity, settings, device)

    def measure(
        self,
        kind: Kind,
        what: str,
        strategies: Mapping[str, str],
        compute: Callable[[Config, Callable[[], None]], dict],
        **settings,
    ) -> dict:
        """Time strategies and stock in this process, or take what was measured before.

        Args:
            kind: Of the result.
            what: What is timed, such as ``'training steps'``.
            strategies: ``tome_cfg`` by name.
            compute: Called with the config, and a function to call after every timed pass.
            settings: What else the result depends on.

        Returns:
            What ``compute`` returns, and its ``origin``.
        """
        context, cfg = self.context, self.recipe.resolved()
        settings |= {'strategies': strategies_content(strategies), 'repeats': context.repeats}
        return context.measure(
            f'speed/{what.replace(" ", "-")}',
            self.fingerprint(kind, cfg, context.device, **settings),
            f'time {what}',
            (len(strategies) + 1) * (context.repeats + 1),
            partial(compute, cfg),
        )

    def checkpoint_path(self, name: str) -> Path:
        """Where the weights of a training are, once it is finished."""
        return self.context.out / 'checkpoints' / f'{name}.pth'

    def train(self, name: str, tome_cfg: str, seed: int) -> dict:
        """Train by the config's schedule, going on from the last checkpoint of an earlier start.

        Args:
            name: Of the run.
            tome_cfg: The strategy.
            seed: Of the random generators.

        Returns:
            ``checkpoint`` (the path of the weights), ``sha256`` of it, and its ``origin``.
        """
        options = [f'{TOME_CFG}={tome_cfg}', f'{SEED}={seed}']
        # Recipes may have checkpoints at the end alone, and validations that no table shows.
        defaults = [*checkpoint_options(self.recipe.resolved()), 'train_cfg.val_begin=1000000000']
        recipe = Recipe(self.recipe.config, (*defaults, *self.recipe.options), self.recipe.launch)
        cfg = recipe.resolved(*options)
        # The number of GPUs is a factor of the batch.
        key = self.fingerprint(TRAIN, cfg, launch=recipe.launch)
        entry = self.context.entry(f'train/{name}', key)
        path = self.checkpoint_path(name)

        def compute(lock: int) -> dict:
            work_dir = entry.folder / 'work_dir'
            resume = ['--resume'] if (work_dir / 'last_checkpoint').exists() else []
            # With both, mmengine would go on from the one in load_from.
            restart = ['load_from=None'] if resume and cfg.get('load_from') else []
            arguments = ['--work-dir', str(work_dir), *resume]
            arguments += ['--cfg-options', *recipe.options, *options, *restart]
            epochs = cfg.train_cfg.get('max_epochs', 1)
            origin = self._mim('train', arguments, entry, lock, epochs)
            trained = Path((work_dir / 'last_checkpoint').read_text().strip())
            path.parent.mkdir(exist_ok=True)
            copy_weights(trained, path)
            return {'checkpoint': path.name, 'sha256': file_hash(path), ORIGIN: origin}

        result = entry.reuse_or_compute(compute)
        if not path.is_file() or file_hash(path) != result['sha256']:
            raise FileNotFoundError(
                f'{path} is not there any more, or changed, since {entry.name} was trained: put it '
                f'back, or remove {entry.folder} to train again'
            )
        return result

    def test(self, name: str, tome_cfg: str, checkpoint: Path) -> dict:
        """Test a checkpoint with a strategy.

        Args:
            name: Of the run.
            tome_cfg: The strategy.
            checkpoint: The weights.

        Returns:
            ``metrics`` by name, and their ``origin``.
        """
        options = [f'{TOME_CFG}={tome_cfg}', *_per_class_options(self.recipe.resolved())]
        cfg = self.recipe.resolved(*options)
        key = self.fingerprint(TEST, cfg, checkpoint=file_hash(checkpoint))
        entry = self.context.entry(f'test/{name}', key)

        def compute(lock: int) -> dict:
            work_dir = entry.folder / 'work_dir'
            arguments = ['--checkpoint', str(checkpoint), '--work-dir', str(work_dir)]
            arguments += ['--cfg-options', *self.recipe.options, *options]
            origin = self._mim('test', arguments, entry, lock)
            return {'metrics': read_metrics(work_dir), ORIGIN: origin}

        return entry.reuse_or_compute(compute)

    def _mim(
        self, what: str, arguments: list[str], entry: Entry, lock: int, epochs: int = 1
    ) -> dict:
        """Run it, and say where."""
        log = entry.folder / f'{datetime.now():%Y%m%d-%H%M%S-%f}.log'
        run_mim(
            [what, self.recipe.package, str(self.recipe.config), *self.recipe.launch, *arguments],
            log,
            self.context.progress,
            f'{what} {entry.folder.name}',
            epochs=epochs,
            pass_fds=[lock],
        )
        return self.context.origin(provenance_of_run(log), entry.fingerprint)


def _per_class_options(cfg: Config) -> list[str]:
    """Have the IoU of every small class reported."""
    evaluator = cfg.test_evaluator
    if isinstance(evaluator, dict):
        return ['test_evaluator.per_class=True'] * (evaluator.type == 'SmallIoUMetric')
    return [
        f'test_evaluator.{i}.per_class=True'
        for i, one in enumerate(evaluator)
        if one.type == 'SmallIoUMetric'
    ]
