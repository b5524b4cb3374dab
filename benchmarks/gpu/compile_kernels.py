#!/usr/bin/env python3
"""Compile all Triton kernels for a GPU that need not be there, and print what they take of it.

Needs triton, and no GPU: nothing is launched. Prints the most that any of a few shapes takes.
"""

import argparse
import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
import triton
from rich.console import Console
from rich.table import Table
from triton.backends.compiler import GPUTarget

from mmseg_tome.ops import registry
from mmseg_tome.ops import triton as kernels

# (tokens high, tokens wide, channels, hidden channels): stage 3 of B5 at 1024x1024, stage 1 at
# 3840x2160, and a map of odd sizes.
SHAPES = [(64, 64, 320, 1280), (540, 960, 64, 256), (33, 17, 48, 100)]
# Channels of a head that all of them are a multiple of.
HEAD = 16
DTYPES = ['float32', 'float16', 'bfloat16']
CUOBJDUMP = Path(triton.__file__).parent / 'backends/nvidia/bin/cuobjdump'


class AbsentGPU:
    """Stands in for Triton's driver."""

    def __init__(self, capability: int) -> None:
        self.target = GPUTarget('cuda', capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self.target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


@contextlib.contextmanager
def compiling(capability: int) -> Iterator[list]:
    """Turn launches into compilations; yields the list that compiled kernels are added to."""
    compiled, run = [], triton.JITFunction.run

    def compile_only(self, *args, grid, warmup, **kwargs):
        kernel = run(self, *args, grid=grid, warmup=True, **kwargs)
        compiled.append(kernel)
        return kernel

    triton.JITFunction.run = compile_only
    triton.runtime.driver.set_active(AbsentGPU(capability))
    try:
        yield compiled
    finally:
        triton.JITFunction.run = run


def launch_all(h: int, w: int, c: int, hidden_c: int, dtype: torch.dtype) -> None:
    """Call every kernel op on tensors of these shapes, whose values do not matter."""
    ops, b, n = torch.ops.mmseg_tome, 2, h * w
    tokens = torch.empty(b, n, c, dtype=dtype)
    dst_index = torch.arange((h // 4) * (w // 4))
    src_index = torch.arange(n - dst_index.numel())
    score, match = ops.best_match(tokens, src_index, dst_index)
    for cell, window in ((4, 3), (2, 5)):
        ops.best_local_match(tokens, src_index, h, w, cell, cell, window)
    slot, order, offsets = ops.assign_slots(score, match, src_index, dst_index, int(0.8 * n))
    for mean in (True, False):
        merged = ops.reduce_slots(tokens, slot, order, offsets, mean)
        ops.gather_slots(merged, slot, order, offsets, mean)
    for mean in (True, False):
        pooled = ops.pool_tokens(tokens, h, w, 2, 2, mean)
        ops.unpool_tokens(pooled, h, w, 2, 2, mean)
    if dtype.itemsize == 2:
        queries = tokens.unflatten(2, (c // HEAD, HEAD)).transpose(1, 2)
        keys = queries[:, :, : n // 4]
        ops.attend_weighted(queries, keys, keys, torch.empty(b, n // 4))
    hidden = torch.empty(b, n, hidden_c, dtype=dtype)
    weight, bias = torch.empty(hidden_c, 1, 3, 3), torch.empty(hidden_c)
    ops.depthwise_gelu(hidden, h, w, weight, bias)
    ops.depthwise_gelu_backward(hidden, hidden, h, w, weight, bias)
    for keep, out_dtype in ((False, dtype), (True, torch.float32)):
        ops.layer_norm(tokens, tokens[0, 0], tokens[0, 0], 1e-6, out_dtype, keep)
    first, *others = (torch.empty(b, -(-h // k), -(-w // k), c, dtype=dtype) for k in (1, 2, 4, 8))
    vector = torch.empty(c)
    ops.add_levels(first, [], False, None, [vector] * 4, 1e-5, True)
    ops.add_levels(first, others, False, None, [vector] * 4, 1e-5, True)
    ops.add_levels(first, [*others[1:], first], True, vector, [], 0.0, False)


def resources(kernel) -> tuple[int, ...]:
    """Warps, registers and bytes of stack (mostly spills) per thread, shared memory, wgmma."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / 'kernel.cubin'
        cubin.write_bytes(kernel.asm['cubin'])
        text = subprocess.run(
            [CUOBJDUMP, '--dump-resource-usage', cubin], capture_output=True, text=True, check=True
        ).stdout
    found = dict(item.split(':') for item in text.split() if item.count(':') == 1)
    wgmma = 'wgmma.mma_async' in kernel.asm['ptx']
    return (
        kernel.metadata.num_warps,
        int(found['REG']),
        int(found['STACK']),
        kernel.metadata.shared,
        int(wgmma),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--capability', type=int, default=90, help='compute capability without the dot (H200: 90)'
    )
    parser.add_argument('--dtypes', nargs='+', default=DTYPES, choices=DTYPES)
    arguments = parser.parse_args()
    if kernels.INTERPRETED:
        parser.error('unset TRITON_INTERPRET: the interpreter compiles nothing')
    most: dict[tuple[str, str], list] = {}
    with compiling(arguments.capability) as compiled:
        for shape in SHAPES:
            for dtype in arguments.dtypes:
                compiled.clear()
                launch_all(*shape, getattr(torch, dtype))
                for kernel in compiled:
                    row = most.setdefault((kernel.metadata.name, dtype), [0] * 5)
                    row[:] = map(max, row, resources(kernel))
    table = Table('kernel', 'dtype', 'warps', 'registers', 'stack', 'shared', 'wgmma')
    for (name, dtype), (warps, registers, stack, shared, wgmma) in sorted(most.items()):
        row = name, dtype, warps, registers, stack, shared, 'yes' if wgmma else ''
        table.add_row(*map(str, row))
    Console(width=100).print(table)
    print(f'{sum(registry.kernel_runs.values())} calls compiled for sm_{arguments.capability}')


if __name__ == '__main__':
    main()
