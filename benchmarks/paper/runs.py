"""Training and testing as ordinary ``mim`` runs, each a cell that is kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import torch
from mmengine.config import Config

from mmseg_tome.analysis.progress import Progress

from ..mim_runs import read_metrics, run_mim
from .cells import Cell, file_hash
from .code_version import code_version
from .provenance import of_run
from .recipe import SEED, TOME_CFG, Recipe

_PARTS = 10  # an interrupted training loses at most this part of itself


@dataclass(frozen=True)
class Workplace:
    """Where cells go, and how work on them is shown.

    Args:
        out: Folder of the table.
        progress: Display that bars are added to.
        any_code: See :class:`Cell`.
    """

    out: Path
    progress: Progress = field(repr=False)
    any_code: bool = False

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self.progress.say(line)

    def cell(self, folder: str, key: dict) -> Cell:
        """A cell of this table."""
        return Cell(self.out / folder, key, self.say, self.any_code)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar for what is computed in this process; yields what is called per step."""
        with self.progress.step(title, total) as step:
            yield step.advance


@dataclass(frozen=True)
class Runs(Workplace):
    """Training and testing of a recipe.

    Args:
        recipe: Config and options of all runs.
    """

    recipe: Recipe = field(kw_only=True)

    def checkpoint_path(self, name: str) -> Path:
        """Where the weights of a training are, once it is finished."""
        return self.out / 'checkpoints' / f'{name}.pth'

    def train(self, name: str, tome_cfg: str, seed: int) -> dict:
        """Train by the config's schedule, going on from the last checkpoint of an earlier start.

        Args:
            name: Of the run.
            tome_cfg: The strategy.
            seed: Of the random generators.

        Returns:
            ``checkpoint`` (the path of the weights), ``sha256`` of it, and where it was made.
        """
        options = [f'{TOME_CFG}={tome_cfg}', f'{SEED}={seed}']
        # Recipes may have checkpoints at the end alone, and validations that no table shows.
        defaults = _checkpoint_options(self.recipe.resolved()) + ['train_cfg.val_begin=1000000000']
        recipe = Recipe(self.recipe.config, (*defaults, *self.recipe.options), self.recipe.launch)
        key = {'run': 'train', **recipe.key(*options, of='train'), 'code': code_version()}
        key['launch'] = recipe.launch  # the number of GPUs is a factor of the batch
        cell = self.cell(f'train/{name}', key)
        cfg = recipe.resolved(*options)
        path = self.checkpoint_path(name)

        def compute(lock: int) -> dict:
            work_dir = cell.folder / 'work_dir'
            resume = ['--resume'] if (work_dir / 'last_checkpoint').exists() else []
            # With both, mmengine would go on from the one in load_from.
            restart = ['load_from=None'] if resume and cfg.get('load_from') else []
            log = self._mim(
                'train',
                ['--work-dir', str(work_dir), *resume, '--cfg-options']
                + [*recipe.options, *options, *restart],
                cell,
                lock,
                f'train {name}',
                epochs=cfg.train_cfg.get('max_epochs', 1),
            )
            trained = Path((work_dir / 'last_checkpoint').read_text().strip())
            path.parent.mkdir(exist_ok=True)
            copy_weights(trained, path)
            return {'checkpoint': path.name, 'sha256': file_hash(path), **of_run(log)}

        result = cell.reuse_or_compute(compute)
        if not path.is_file() or file_hash(path) != result['sha256']:
            raise FileNotFoundError(
                f'{path} is not there any more, or changed, since {cell.name} was trained: put it '
                f'back, or remove {cell.folder} to train again'
            )
        return result

    def test(self, name: str, tome_cfg: str, checkpoint: Path) -> dict:
        """Test a checkpoint with a strategy.

        Args:
            name: Of the run.
            tome_cfg: The strategy.
            checkpoint: The weights.

        Returns:
            ``metrics`` by name, and where they were made.
        """
        options = [f'{TOME_CFG}={tome_cfg}', *_per_class_options(self.recipe.resolved())]
        key = {
            'run': 'test',
            **self.recipe.key(*options, of='test'),
            'checkpoint': file_hash(checkpoint),
            'code': code_version(),
        }
        cell = self.cell(f'test/{name}', key)

        def compute(lock: int) -> dict:
            work_dir = cell.folder / 'work_dir'
            log = self._mim(
                'test',
                ['--checkpoint', str(checkpoint), '--work-dir', str(work_dir)]
                + ['--cfg-options', *self.recipe.options, *options],
                cell,
                lock,
                f'test {name}',
            )
            return {'metrics': read_metrics(work_dir), **of_run(log)}

        return cell.reuse_or_compute(compute)

    def _mim(
        self, what: str, arguments: list[str], cell: Cell, lock: int, title: str, epochs: int = 1
    ) -> Path:
        log = cell.folder / f'{datetime.now():%Y%m%d-%H%M%S-%f}.log'
        run_mim(
            [what, self.recipe.package, str(self.recipe.config), *self.recipe.launch, *arguments],
            log,
            self.progress,
            title,
            epochs=epochs,
            pass_fds=[lock],
        )
        return log


def copy_weights(source: Path, target: Path) -> None:
    """Copy the weights of a checkpoint, without the optimizer's state, into a new file."""
    checkpoint = torch.load(source, map_location='cpu', weights_only=True)
    meta = checkpoint.get('meta', {})
    if target.exists():
        target.rename(target.with_suffix(f'.replaced-{datetime.now():%Y%m%d-%H%M%S-%f}.pth'))
    kept = {key: meta[key] for key in ('dataset_meta', 'iter', 'epoch') if key in meta}
    torch.save({'state_dict': checkpoint['state_dict'], 'meta': kept}, target)


def _checkpoint_options(cfg: Config) -> list[str]:
    """More frequent checkpoints where the config's are rare; only the last is kept."""
    length = cfg.train_cfg.get('max_iters') or cfg.train_cfg.max_epochs
    hook = cfg.default_hooks.checkpoint
    interval = min(hook.get('interval', length), max(1, length // _PARTS))
    prefix = 'default_hooks.checkpoint'
    return [f'{prefix}.interval={interval}', f'{prefix}.max_keep_ckpts=1']


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
