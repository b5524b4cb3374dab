"""Hooks and optimizer wrappers, registered in MMEngine and so available to both frameworks."""

from .bf16_optim_wrapper import BF16OptimWrapper
from .random_state_hook import RandomStateHook

__all__ = ['BF16OptimWrapper', 'RandomStateHook']
