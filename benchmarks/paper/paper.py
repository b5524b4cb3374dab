"""The numbers that the Segformer++ paper reports. None of them was measured by this project.

They are read from ``benchmarks/results/paper.csv``.
"""

from collections.abc import Mapping

from ..docs.results import FOLDER, read

SOURCE = (
    'Kienzle, Kantonis, Schön, Lienhart: Segformer++: Efficient Token-Merging Strategies for '
    'High-Resolution Semantic Segmentation, IEEE MIPR 2024, arXiv 2405.14467'
)
MACHINE = 'one A100, fp32'  # Sec. IV-A

PRUNING = 'pruning [22]'
"""Bai et al., ICASSP 2022: a pruned SegFormer, re-trained; the paper quotes it in Table II."""

SPEED_UP = 'speed-up over none'
"""Time without merging over time with it (Eq. 8), by steps per second where that is trained."""

Rows = Mapping[str, Mapping[str, float]]
"""A row per strategy, by name; a number that the paper does not give is left out."""

_ROWS = read(FOLDER / 'paper.csv')
_DATASETS = {'cityscapes': 'Cityscapes', 'ade20k': 'ADE20K', 'jbd': 'JBD', 'coco': 'COCO'}
# As the paper's columns are headed, and what their units are worth.
_COLUMNS = {
    'images_per_second': ('FPS', 1),
    'steps_per_second': ('steps/s', 1),
    'peak_bytes': ('GB', 1e9),
}


def _table(number: str) -> Mapping[str, Rows]:
    """A table by what its parts are of, such as 'B5, Cityscapes'."""
    parts: dict[str, dict[str, dict[str, float]]] = {}
    for row in _ROWS:
        if row['note'] == f'Table {number}':
            name = row['model'].upper()
            if row['dataset']:
                name += f', {_DATASETS[row["dataset"]]}'
            column, unit = _COLUMNS.get(row['metric'], (row['metric'], 1))
            if not row['dataset']:  # random tensors, a column for every size
                column = f'{row["width"]}x{row["height"]}'
            strategy = parts.setdefault(name, {}).setdefault(row['strategy'], {})
            strategy[column] = float(row['value']) / unit
    return parts


TABLE_2 = _table('II')
"""Table II: one checkpoint, every strategy, without retraining; crops of 1024x1024."""

TABLE_3 = _table('III')
"""Table III: every strategy trained; batch 4 on Cityscapes, 8 on ADE20K."""

TABLE_4 = _table('IV')
"""Table IV: pose, every strategy trained; batch 16; PCK in percent."""

TABLE_5 = _table('V')
"""Table V: speed-up over the unmerged model on random tensors, the best batch size of each."""
