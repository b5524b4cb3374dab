"""A recipe of a few lines, and a `mim` that computes nothing."""

import json
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.paper import runs as runs_module
from benchmarks.paper.context import RunContext
from benchmarks.paper.data_check import Data
from benchmarks.paper.recipe import make_recipe
from benchmarks.paper.runs import Runs
from mmseg_tome.analysis.progress import Progress

CONFIG = """
default_scope = 'mmseg'
custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)
model = dict(
    type='EncoderDecoder',
    backbone=dict(type='MixVisionTransformer', tome_cfg='none'),
)
train_dataloader = dict(batch_size=2, dataset=dict(type='CityscapesDataset'))
test_dataloader = dict(dataset=dict(type='CityscapesDataset'))
test_evaluator = dict(type='SmallIoUMetric')
train_cfg = dict(type='IterBasedTrainLoop', max_iters=100, val_interval=100)
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=100))
randomness = dict(seed=0)
"""
DATA = Data(samples=101, identity='101 files', height=64, width=128)


def write_config(folder: Path, text: str = CONFIG) -> Path:
    path = folder / 'segformer_mit-b0_none_tiny.py'
    path.write_text(text)
    return path


class FakeMim:
    """Stands in for `run_mim`, without data; a training fails where `interrupt_at` says."""

    def __init__(self, monkeypatch):
        self.commands: list[list[str]] = []
        self.interrupt_at: int | None = None
        monkeypatch.setattr(runs_module, 'run_mim', self.run)
        monkeypatch.setattr(runs_module, 'check_data', lambda cfg, split: DATA)

    def run(self, arguments, log, progress, description, epochs=1, pass_fds=()):
        self.commands.append(arguments)
        log.write_text('      GPU 0: NVIDIA Test\n')
        work_dir = Path(arguments[arguments.index('--work-dir') + 1])
        options = self.options(-1)
        if arguments[0] == 'train':
            work_dir.mkdir(exist_ok=True)
            self._save(work_dir, 50)
            if self.interrupt_at == len(self.commands):
                raise KeyboardInterrupt
            self._save(work_dir, 100)
        else:
            worse = {'none': 0, 'hq': 1}.get(options['model.backbone.tome_cfg'], 2)
            metrics = {'mIoU': 60.0 - worse, 'mIoU_small': 40.0 - worse, 'IoU/pole': 20.0}
            (work_dir / '20260101_000000').mkdir(parents=True)
            result = work_dir / '20260101_000000' / '20260101_000000.json'
            result.write_text(json.dumps(metrics))

    def options(self, number: int) -> dict[str, str]:
        """Of one of the commands."""
        command = self.commands[number]
        pairs = command[command.index('--cfg-options') + 1 :]
        return dict(pair.split('=', 1) for pair in pairs)

    def _save(self, work_dir: Path, iterations: int) -> None:
        path = work_dir / f'iter_{iterations}.pth'
        # No two trainings give the same weights.
        weights = {'a': torch.full((2,), float(iterations)), 'b': torch.tensor(len(self.commands))}
        content = {'state_dict': weights, 'optimizer': torch.zeros(9), 'meta': {'iter': iterations}}
        torch.save(content, path)
        (work_dir / 'last_checkpoint').write_text(str(path))


def make_runs(folder: Path, config: Path, options=(), launch=(), **kwargs) -> tuple[Runs, list]:
    """Runs into folder / 'out', and the lines that they print."""
    context, said = make_context(folder, **kwargs)
    return Runs(context, make_recipe(str(config), options, launch)), said


def make_context(folder: Path, **kwargs) -> tuple[RunContext, list]:
    """A context of folder / 'out', and the lines that it prints."""
    context = RunContext(folder / 'out', Progress(Console(quiet=True)), **kwargs)
    said = []
    object.__setattr__(context, 'say', said.append)
    return context, said
