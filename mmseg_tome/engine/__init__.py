"""Hooks, registered in MMEngine's `HOOKS` and so available to MMSegmentation and MMPose."""

from .random_state_hook import RandomStateHook

__all__ = ['RandomStateHook']
