"""TensorRT engines of SegFormer beside PyTorch on a GPU: right first, then timed.

    python -m benchmarks.gpu.engines --models b0 b5 --strategies none hq hq_weighted

Times are of one image, with its copy to the GPU and that of the scores back, for either.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import torch

from mmseg_tome.analysis.implementations import Ours
from mmseg_tome.analysis.timing import interleaved_times
from mmseg_tome.cli.options import size
from mmseg_tome.deploy.export import PRECISIONS, Settings, export_model
from mmseg_tome.deploy.missing import MissingRuntimeError
from mmseg_tome.deploy.runtimes import open_exported
from mmseg_tome.deploy.verify import BOUNDS, compare, reference_graph


def measure(variant: str, strategy: str, precision: str, hw: tuple[int, int], repeats: int) -> str:
    """Builds an engine, compares it with PyTorch, and times both in turns; one line of a table.

    Raises:
        MissingRuntimeError: If TensorRT is not installed.
    """
    model = Ours(strategy).build(variant)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model.engine'
        settings = Settings('tensorrt', (hw[1], hw[0]), precision=precision)
        export_model(model, path, settings)
        engine = open_exported(path)
    images = torch.randn(1, 3, *hw, generator=torch.Generator().manual_seed(0))
    found = compare(reference_graph(model, engine), engine, images)
    if problem := found.problem(BOUNDS[precision]):
        return f'| {variant} | {strategy} | {precision} | {problem} | | |'
    dtype = torch.float16 if precision == 'fp16' else torch.float32
    on_gpu = model.cuda().to(dtype)

    @torch.inference_mode()
    def in_torch() -> None:
        on_gpu(images.cuda().to(dtype)).cpu()

    runs = {'torch': in_torch, 'engine': lambda: engine(images.numpy())}
    times = interleaved_times(runs, repeats)
    ours, theirs = (1000 * statistics.median(times[name]) for name in runs)
    return (
        f'| {variant} | {strategy} | {precision} | {found.relative:.1e} | {ours:.2f} | '
        f'{theirs:.2f} |'
    )


def main() -> None:
    """Prints a table of all combinations."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--models', nargs='+', default=['b0', 'b5'])
    add('--strategies', nargs='+', default=['none', 'hq', 'hq_weighted', 'balanced', 'n2d_2x2'])
    add('--precisions', nargs='+', default=PRECISIONS['tensorrt'], choices=PRECISIONS['tensorrt'])
    add('--size', type=size(128), default=(1024, 1024), metavar='WxH')
    add('--repeats', type=int, default=30)
    args = parser.parse_args()
    width, height = args.size
    print('| model | strategy | precision | relative difference | PyTorch ms | TensorRT ms |')
    print('| --- | --- | --- | ---: | ---: | ---: |')
    try:
        for variant in args.models:
            for strategy in args.strategies:
                for precision in args.precisions:
                    line = measure(variant, strategy, precision, (height, width), args.repeats)
                    print(line, flush=True)
    except MissingRuntimeError as error:
        parser.exit(2, f'error: {error}\n')


if __name__ == '__main__':
    main()
