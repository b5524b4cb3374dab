"""Where a GPU's time goes."""

from ..cells import Cell, fixed
from ..table import Table

_EIGHT = {'experiment': 'kernel-times', 'model': 'b5', 'batch': 8}
# Before and after kernels were measured and mended.
BEFORE, NOW = 'de29a68', '0049020'
_KINDS = [
    'matrix products',
    'attention',
    'depth-wise convolution and GELU',
    'LayerNorm',
    'resizing and norms of the head',
    'other convolutions',
    'pooling and its undoing',
    'matching',
    'slots',
    'merging and unmerging',
    'sums, copies and all else',
]
_MS = fixed(2, 8000)  # of all eight images
_PRESETS = ('none', 'hq', 'hq_weighted', 'n2d_2x2', 'balanced')

TABLES = {
    'kernel-times': Table(
        _EIGHT,
        {
            f'{preset}, {when}': Cell({'strategy': preset, 'commit': commit}, show=_MS)
            for when, commit, presets in (
                ('before', BEFORE, ('none', 'n2d_2x2', 'balanced')),
                ('now', NOW, _PRESETS),
            )
            for preset in presets
        },
        rows={
            '**as a CUDA graph**': {'metric': 'seconds_per_image', 'implementation': 'graphed'},
            '**launched by Python**': {'metric': 'seconds_per_image', 'implementation': 'ours'},
            **{kind: {'metric': 'kernel_seconds_per_image', 'note': kind} for kind in _KINDS},
        },
        head=('ms of 8 images',),
        caption=('setting', 'precision', 'command'),
    ),
    'kernel-times-batch-1': Table(
        {'experiment': 'kernel-times', 'batch': 1, 'metric': 'seconds_per_image'},
        {
            'launched by Python, ms': Cell({'implementation': 'ours'}, show=fixed(1, 1000)),
            'as a CUDA graph, ms': Cell({'implementation': 'graphed'}, show=fixed(2, 1000)),
            'ratio': Cell(
                {'implementation': 'graphed'}, over={'implementation': 'ours'}, show=fixed(1)
            ),
        },
        by=('model', 'strategy'),
        head=('model', 'preset'),
        caption=('setting', 'precision'),
    ),
}
