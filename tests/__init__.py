"""Patches the OpenMMLab stack before any test module, also in a spawned process, imports it."""

import os

import torch

if not torch.cuda.is_available():
    # Kernels then run in Triton's interpreter, which must be asked for before triton is imported,
    # and torchvision imports it.
    os.environ['TRITON_INTERPRET'] = '1'

import mmseg_tome  # noqa: F401
