"""Keep the random generators in checkpoints, so that a resumed run is the uninterrupted one."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

CHECKPOINT_KEY = 'random_state'


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Saves the states of the random generators in checkpoints and restores them on resume.

    With it and a fixed seed (`randomness = dict(seed=…)`), N iterations and M resumed ones give
    the losses of N+M uninterrupted ones, to the bit where the device's arithmetic is
    reproducible. What MMEngine lacks for that, and what is done here:

    - Dropout, drop path and, with `num_workers=0`, augmentation draw from the process's global
      generators. Their states are stored with each checkpoint.
    - `IterBasedTrainLoop` reads all batches up to the position again on resume. With
      `num_workers=0` that draws from the same generators, so they are restored after it, just
      before the first new batch is read. With workers it is what brings the workers'
      generators, seeded from the fixed seed, to where they were.
    - A validation draws from the generators too, if only for its data loader's base seed, and
      follows the checkpoint of the same iteration. They are put back after each validation.
      With `save_best` MMEngine saves checkpoints during one, the regular one a second time;
      these hold the states from before it.

    Batches repeat only if sampler and workers get the seed of the first run. A run without a
    fixed seed draws a new one; the hook then warns, and names the one to set.

    Limits: epoch-based training is exact with `num_workers=0` or `persistent_workers=False`;
    persistent workers' generators live on from epoch to epoch and are out of reach. Of several
    processes, the first one's states are stored. With `diff_rank_seed=False`, MMEngine's default,
    all draw alike and all restore them; otherwise only the first does.
    """

    priority = 'NORMAL'

    def __init__(self) -> None:
        self._loaded: dict[str, Any] | None = None
        self._before_val: dict[str, Any] | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Stores the states in the checkpoint, as tensors and numbers only."""
        checkpoint[CHECKPOINT_KEY] = self._before_val or get_random_state()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Takes the states from the checkpoint; whether this is a resume shows later."""
        self._loaded = {
            'states': checkpoint.get(CHECKPOINT_KEY),
            'seed': checkpoint.get('meta', {}).get('seed'),
            'current_seed': runner.seed,
        }

    def before_train(self, runner: Runner) -> None:
        """Arranges the restoring, if training goes on from a checkpoint."""
        loaded, self._loaded = self._loaded, None
        if loaded is None or (runner.iter == 0 and runner.epoch == 0):
            return  # a fresh start, perhaps from loaded weights
        if loaded['states'] is None:
            _warn(
                f'The checkpoint holds no {CHECKPOINT_KEY!r}: it was saved without '
                'RandomStateHook. Training goes on with other random numbers than an '
                'uninterrupted run.'
            )
            return
        if loaded['seed'] != loaded['current_seed']:
            _warn(
                f'The checkpoint is of a run with seed {loaded["seed"]}, but samplers and data '
                f'loaders of this one were built with {loaded["current_seed"]}: it reads other '
                'batches than an uninterrupted run. For an exact continuation set '
                f'`randomness=dict(seed={loaded["seed"]})` (on the command line: --cfg-options '
                f'randomness.seed={loaded["seed"]}).'
            )
        if get_rank() > 0 and runner._randomness_cfg.get('diff_rank_seed', False):
            return
        self._restore_before_next_batch(runner, loaded['states'])

    def before_val(self, runner: Runner) -> None:
        """Notes the states, so that validating leaves no trace in them."""
        self._before_val = get_random_state()

    def after_val(self, runner: Runner) -> None:
        """Puts the states back."""
        if self._before_val is not None:
            set_random_state(self._before_val)
            self._before_val = None

    @staticmethod
    def _restore_before_next_batch(runner: Runner, states: dict[str, Any]) -> None:
        loop = runner.train_loop
        if not hasattr(loop, 'dataloader_iterator'):  # epoch-based: nothing is read again
            if loop.dataloader.num_workers > 0 and loop.dataloader.persistent_workers:
                _warn(
                    'persistent_workers=True: the generators of data loading workers start '
                    'anew, so augmentation differs from an uninterrupted run. For an exact '
                    'continuation train with train_dataloader.persistent_workers=False.'
                )
            set_random_state(states)
            return

        original = loop.dataloader_iterator

        def restore() -> None:
            loop.dataloader_iterator = original
            set_random_state(states)

        loop.dataloader_iterator = _CallBeforeBatch(original, runner.iter, restore)


class _CallBeforeBatch:
    """Passes on the batches of `iterator`, calling `function` before the one at `position`."""

    def __init__(self, iterator: Iterator, position: int, function: Callable[[], None]) -> None:
        self._iterator = iterator
        self._remaining = position
        self._function = function

    def __next__(self) -> Any:
        if self._remaining == 0:
            self._function()
        self._remaining -= 1
        return next(self._iterator)


def get_random_state() -> dict[str, Any]:
    """States of Python's, NumPy's and PyTorch's generators (with CUDA, the current device's).

    Returns:
        Nested dict of tensors, numbers and None, which `torch.load(weights_only=True)` accepts.
    """
    version, internal, gauss_next = random.getstate()
    state: Any = np.random.get_state()
    _, keys, position, has_gauss, cached_gaussian = state
    return {
        'python': {
            'version': version,
            'internal': torch.tensor(internal, dtype=torch.int64),
            'gauss_next': gauss_next,
        },
        'numpy': {
            'keys': torch.from_numpy(keys.astype(np.int64)),
            'position': int(position),
            'has_gauss': int(has_gauss),
            'cached_gaussian': float(cached_gaussian),
        },
        'torch': torch.get_rng_state(),
        # Asking would start CUDA in a process that trains on the CPU.
        'cuda': torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Restores what `get_random_state` returned; tensors may have moved to another device."""
    python, numpy = state['python'], state['numpy']
    random.setstate((python['version'], tuple(python['internal'].tolist()), python['gauss_next']))
    keys = numpy['keys'].cpu().numpy().astype(np.uint32)
    np.random.set_state(
        ('MT19937', keys, numpy['position'], numpy['has_gauss'], numpy['cached_gaussian'])
    )
    torch.set_rng_state(state['torch'].cpu())
    if state['cuda'] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)
