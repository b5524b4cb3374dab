"""What a GPU does during an inference, and how long: by kind of kernel.

    python -m benchmarks.gpu.kernel_times --model b5 --batch 8 --out outputs/kernel-times

Each model runs as usual, and replayed as a CUDA graph, which waits for no Python. The times of
kernels are those that PyTorch's profiler sees in one run as usual.
"""

import argparse
import re
import shlex
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from torch.profiler import ProfilerActivity, profile

from mmseg_tome.analysis.implementations import Graphed, Ours
from mmseg_tome.analysis.progress import Progress
from mmseg_tome.analysis.provenance import caption, provenance
from mmseg_tome.analysis.report import write_report
from mmseg_tome.analysis.results import Result
from mmseg_tome.analysis.timing import interleaved_times
from mmseg_tome.analysis.workload import Workload, torch_settings
from mmseg_tome.cli.options import positive, size
from mmseg_tome.strategies import PRESETS

# Kinds of kernels by what is in their names, the first that fits; PyTorch's, cuDNN's and cuBLAS's
# have others on other GPUs.
KINDS = {
    'attention': r'sdpa|flash|fmha|_attend',
    'LayerNorm': r'layer_norm|^_normalize',
    'depth-wise convolution and GELU': r'^_convolve|depthwise|GeluCUDA',
    'resizing and norms of the head': r'upsample_bilinear|batch_norm|^_add_levels',
    'pooling and its undoing': r'avg_pool|upsample_nearest|^_(un)?pool',
    'matching': r'^_best_(local_)?match|^_inverse_norms',
    'slots': r'^_select|^_group',
    'merging and unmerging': r'^_reduce$|^_gather',
    'other convolutions': r'fprop|implicit_gemm|convolve_sgemm|conv2d',
    'matrix products': r'nvjet|gemm|cublas',
}
OTHERS = 'sums, copies and all else'
SECONDS, KERNELS, LAUNCHES = 'seconds_per_image', 'kernel_seconds_per_image', 'launches'


def kind_of(kernel: str) -> str:
    """What a kernel does, by its name."""
    return next((kind for kind, part in KINDS.items() if re.search(part, kernel)), OTHERS)


def measure(workload: Workload, strategy: str, repeats: int) -> Iterator[Result]:
    """Measure one model on random images.

    Yields:
        ``seconds_per_image``, eager (``'ours'``) and replayed (``'graphed'``); of the eager one
        ``launches``, and ``kernel_seconds_per_image`` by kind of kernel (the note).
    """
    batch = int(workload.batch)
    new = partial(Result, 'kernel-times', strategy=strategy, **workload.columns())
    images = workload.cast(torch.randn(batch, 3, workload.height, workload.width))
    model = workload.cast(Ours(strategy).build(workload.variant))
    with torch_settings(workload.dtype):
        for one in (Ours(strategy), Graphed(strategy)):
            run = one.inference(model, images)
            (times,) = interleaved_times({'run': run}, repeats, warmup=3).values()
            seconds = statistics.median(times) / batch
            yield new(SECONDS, seconds, unit='s', samples=repeats, implementation=one.name)
        times, launches = _kernels_of(Ours(strategy).inference(model, images))
    yield new(LAUNCHES, launches, implementation='ours')
    for kind, seconds in times.items():
        yield new(KERNELS, seconds / batch, unit='s', implementation='ours', note=kind)


def _kernels_of(run: Callable[[], object]) -> tuple[Counter[str], int]:
    """Seconds by kind of kernel, and the number of kernels."""
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        run()
        torch.cuda.synchronize()
    times: Counter[str] = Counter()
    launches = 0
    for event in profiled.events():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            times[kind_of(event.name)] += event.device_time * 1e-6
            launches += 1
    return times, launches


def table(results: list[Result]) -> pd.DataFrame:
    """A column per strategy, of milliseconds of the batch; launches below."""
    columns: dict[str, dict[str, float]] = {}
    for result in results:
        rows = columns.setdefault(result.strategy, {})
        name = result.note or f'{result.implementation}: {result.metric}'
        scale = 1 if result.metric == LAUNCHES else 1000 * int(result.batch)
        rows[name] = round(scale * result.value, 3)
    return pd.DataFrame(columns).fillna(0).rename_axis('ms per batch').reset_index()


def main() -> None:
    """Measures all strategies, prints a table and writes the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--model', default='b5', help='b0 to b5 (default: b5)')
    add('--size', type=size(128), default=(1024, 1024), metavar='WxH')
    add('--batch', type=positive, default=8, help='images at once (default: 8)')
    add('--dtype', default='bf16', choices=['fp32', 'tf32', 'fp16', 'bf16'])
    add(
        '--strategies',
        nargs='+',
        default=['none', 'hq', 'hq_weighted', 'n2d_2x2', 'balanced'],
        choices=PRESETS,
        metavar='PRESET',
    )
    add('--repeats', type=positive, default=10)
    add('--out', type=Path, default=Path('outputs/kernel-times'), help='a new folder')
    args = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error('this PyTorch sees no CUDA device')
    if (args.out / 'kernel-times.csv').exists():
        parser.error(f'{args.out / "kernel-times.csv"} is there already: give another --out')
    width, height = args.size
    workload = Workload(args.model, height, width, args.batch, args.dtype, 'cuda')
    rows: list[Result] = []
    with Progress() as progress, progress.step('models', len(args.strategies)) as bar:
        for strategy in args.strategies:
            rows += measure(workload, strategy, args.repeats)
            bar.advance()
    where = provenance('cuda')
    command = shlex.join(['python', '-m', 'benchmarks.gpu.kernel_times', *sys.argv[1:]])
    rows = [row.at(where, command=command) for row in rows]
    shown = table(rows)
    print(shown.to_markdown(index=False))
    written = write_report(args.out, 'kernel-times', ['# Kernels', caption([where]), shown], rows)
    print('Written:', *written)


if __name__ == '__main__':
    main()
