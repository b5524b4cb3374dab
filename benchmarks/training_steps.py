"""Training steps of one model under several strategies: time and memory."""

import copy
import gc
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import Runner, set_random_seed
from torch import nn

from mmseg_tome.analysis.comparison import STOCK
from mmseg_tome.analysis.loading import with_stock_classes
from mmseg_tome.analysis.memory import saved_bytes
from mmseg_tome.analysis.timing import interleaved_times


def measure_training_steps(
    cfg: Config,
    strategies: Mapping[str, str],
    repeats: int,
    device: str = 'cpu',
    on_step: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, float | None]]:
    """Measure forward pass, backward pass and optimizer step on a batch of the training set.

    Weights are random. Data loading is left out: it does not depend on the strategy.

    Args:
        cfg: Config of a model of mmseg or mmpose with a MiT, and of its training.
        strategies: ``tome_cfg`` by name.
        repeats: Number of timed steps of each, in turns in one process, after one of warm-up.
        device: Where to run.
        on_step: Called after every timed step, for a progress bar.

    Returns:
        By strategy, and for mmseg's own modules without merging under ``'stock'``: ``steps/s``
        (from the median), ``saved_bytes`` (what autograd keeps for the backward pass) and
        ``peak_bytes`` (of a whole step on CUDA, weights and optimizer included; elsewhere None).
    """
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        batch = _read_batch(cfg)
        configs = {STOCK: with_stock_classes(cfg)}
        for name, tome_cfg in strategies.items():
            configs[name] = copy.deepcopy(cfg)  # `Config.copy` shares what is nested
            configs[name].model.backbone.tome_cfg = tome_cfg
        memory = {name: _memory(_Step(one, batch, device)) for name, one in configs.items()}
        steps = {name: _Step(one, batch, device) for name, one in configs.items()}
    times = interleaved_times(steps, repeats, on_step=on_step)
    return {
        name: {'steps/s': 1 / statistics.median(values), **memory[name]}
        for name, values in times.items()
    }


class _Step:
    """A model with an optimizer, and what a training loop does with a batch."""

    def __init__(self, cfg: Config, batch: Any, device: str) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = revert_sync_batchnorm(MODELS.build(cfg.model)).to(device).train()
        self.optimizer = build_optim_wrapper(self.model, cfg.optim_wrapper)
        self.data = self.model.data_preprocessor(batch(), True)

    def forward(self) -> dict:
        with self.optimizer.optim_context(self.model):  # the precision is the config's
            return self.model(**self.data, mode='loss')

    def __call__(self) -> None:
        self.optimizer.update_params(self.model.parse_losses(self.forward())[0])


def _read_batch(cfg: Config) -> Callable[[], Any]:
    """Return a function that reads the same batch each time: preprocessing may change it."""
    loader = copy.deepcopy(cfg.train_dataloader)
    loader.update(num_workers=0, persistent_workers=False)

    def read() -> Any:
        set_random_seed(0)  # of NumPy and Python too: augmentation draws from them
        return next(iter(Runner.build_dataloader(loader, seed=0)))

    return read


def _memory(step: _Step) -> dict[str, int | None]:
    saved = saved_bytes(step.forward, step.model)
    if next(step.model.parameters()).device.type != 'cuda':
        return {'saved_bytes': saved, 'peak_bytes': None}
    step()  # from the second on, the optimizer has its state
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    step()
    return {'saved_bytes': saved, 'peak_bytes': torch.cuda.max_memory_allocated()}
