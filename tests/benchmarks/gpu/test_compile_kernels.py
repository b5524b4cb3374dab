"""The interpreter takes what the compiler would not: compile for a GPU, here or not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TOOL = Path(__file__).parents[3] / 'benchmarks/gpu/compile_kernels.py'


@pytest.mark.skipif(torch.cuda.is_available(), reason='the other tests compile the kernels')
def test_kernels_compile_for_a_gpu_that_is_not_here():
    environment = {k: v for k, v in os.environ.items() if k != 'TRITON_INTERPRET'}
    done = subprocess.run(
        [sys.executable, TOOL, '--capability', '90', '--dtypes', 'bfloat16'],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert '60 calls compiled for sm_90' in done.stdout
    # The similarities and the attention of low-precision tokens are computed by the tensor cores.
    for kernel in ('_best_match', '_best_local_match', '_attend'):
        (row,) = [line for line in done.stdout.splitlines() if kernel in line]
        assert 'yes' in row
