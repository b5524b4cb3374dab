"""What a demo measured, as rows that `benchmarks/results` can hold."""

from collections.abc import Mapping

from mmseg_tome.analysis.comparison import STOCK
from mmseg_tome.analysis.results import Result

EXPERIMENTS = {'streets': 'demo', 'athletes': 'demo-pose'}


def demo_rows(
    dataset: str,
    size: tuple[int, int],
    seconds: Mapping[str, float],
    repeats: int,
    metrics: Mapping[str, Mapping[str, float]] | None = None,
    shown: Mapping[str, float] | None = None,
    images: int = 0,
) -> list[Result]:
    """Rows of speed and, with metrics, of quality.

    Args:
        dataset: A key of :data:`demo.tasks.DATASETS`.
        size: Height and width of the model's input in pixels.
        seconds: Seconds per image by strategy, and of the stock model under ``'stock'``.
        repeats: Timed passes behind each of them.
        metrics: Results of ``mim test`` by strategy. The stock model's are those of ``none``: the
            outputs are the same.
        shown: The results to take, and what turns each into percent.
        images: Number of images behind each of them.
    """
    rows = []
    for name, value in seconds.items():
        stock = name == STOCK
        about = {
            'experiment': EXPERIMENTS.get(dataset, f'demo-{dataset}'),
            'model': 'b0',
            'height': size[0],
            'width': size[1],
            'batch': '1',
            'dtype': 'fp32',
            'mode': 'inference',
            'dataset': dataset,
            'implementation': 'stock' if stock else 'ours',
            'strategy': 'none' if stock else name,
        }
        for metric, factor in (shown or {}).items() if metrics else ():
            quality = factor * metrics[about['strategy']][metric]
            rows.append(Result(metric=metric, value=quality, unit='%', samples=images, **about))
        about |= {'metric': 'seconds_per_image', 'unit': 's', 'samples': repeats}
        rows.append(Result(value=value, **about))
    return rows
