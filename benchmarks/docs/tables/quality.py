"""What merging costs in quality, what training costs, and what the paper reports of both."""

from collections.abc import Sequence

from ..cells import Cell, fixed, signed, with_interval, with_spread
from ..table import Table
from .performance import EPYC, NONE, STOCK, TIME, XEON, mebibytes, milliseconds, speed_up

STRATEGIES = {name: {'strategy': name} for name in ('none', 'hq', 'fast', 'n2d_2x2', 'downsample')}
MERGING = {name: where for name, where in STRATEGIES.items() if name != 'none'}
OURS = {'implementation': 'ours'}
POSE = {name: where for name, where in STRATEGIES.items() if name != 'downsample'}


_UNMERGED = Cell({'metric': 'mIoU', 'strategy': 'none'}, show=with_spread(fixed(2)))


def value(metric: str) -> Cell:
    """A metric in percent, with its spread over seeds or checkpoints."""
    return Cell({'metric': metric}, show=with_spread(fixed(2)))


def change(metric: str, **where: object) -> Cell:
    """How a metric changes against no merging, run by run, with its spread."""
    return Cell({'metric': f'{metric} change', **where}, show=with_spread(signed()))


def _columns(metrics: Sequence[str], classes: Sequence[str] = ()) -> dict[str, Cell]:
    return {
        **{
            heading: cell
            for name in metrics
            for heading, cell in ((name, value(name)), (f'Δ {name}', change(name)))
        },
        **{name: value(f'IoU/{name}') for name in classes},
    }


_CAMVID = _columns(('mIoU', 'mIoU_small'), ('pole', 'sign symbol', 'fence'))


def _changes(metric: str | None = None) -> dict[str, Cell]:
    asked = {'metric': f'{metric} change'} if metric else {}
    show = with_spread(signed())
    return {f'`{name}`': Cell({**asked, **where}, show=show) for name, where in MERGING.items()}


_WITHOUT_RETRAINING = {
    'mIoU': Cell({'metric': 'mIoU'}),
    'Δ mIoU (95 %)': Cell({'metric': 'mIoU change'}, show=with_interval(signed(), digits=2)),
    'mIoU_small': Cell({'metric': 'mIoU_small'}),
    'Δ mIoU_small (95 %)': Cell(
        {'metric': 'mIoU_small change'}, show=with_interval(signed(), digits=2)
    ),
    'same class as unmerged, %': Cell({'metric': 'agreement'}),
}
_MIOU, _PCK = {'metric': 'mIoU change'}, {'metric': 'PCK@0.1 change'}

TABLES = {
    **{
        f'without-retraining-{dataset}': Table(
            {'experiment': 'without-retraining', 'dataset': dataset},
            _WITHOUT_RETRAINING,
            by=('strategy',),
            head=('strategy',),
            caption=('setting', 'precision'),
        )
        for dataset in ('camvid', 'streets')
    },
    'readme-quality': Table(
        OURS,
        {'mIoU without merging': _UNMERGED, **_changes('mIoU')},
        {
            'without retraining': {'experiment': 'camvid-three-checkpoints'},
            'fine-tuned with the strategy': {'experiment': 'camvid-fine-tuned'},
        },
        head=('CamVid, B0',),
        caption=('setting',),
    ),
    'quality': Table(
        OURS,
        _changes(),
        {
            'CamVid, fine-tuned with the strategy, Δ mIoU, 3 seeds': {
                'experiment': 'camvid-fine-tuned',
                **_MIOU,
            },
            'CamVid, without retraining, Δ mIoU, 3 checkpoints': {
                'experiment': 'camvid-three-checkpoints',
                **_MIOU,
            },
            'CamVid, without retraining, Δ mIoU, the bundled checkpoint': {
                'experiment': 'camvid-bundled',
                **_MIOU,
            },
            'street scenes, without retraining, Δ mIoU': {
                'experiment': 'streets-trained-longer',
                **_MIOU,
            },
            'athletes (pose), trained with the strategy, Δ PCK@0.1, 3 seeds': {
                'experiment': 'athletes-trained',
                **_PCK,
            },
        },
        head=('what was measured',),
        caption=(),
    ),
    'camvid-fine-tuned': Table(
        {'experiment': 'camvid-fine-tuned'},
        _CAMVID,
        STRATEGIES,
        head=('strategy',),
        caption=('setting',),
        note='Trained in bfloat16 autocast, tested in fp32.',
    ),
    'camvid-trained': Table(
        {'experiment': 'camvid-trained'},
        {
            'mIoU, AMD EPYC': Cell({'metric': 'mIoU', **EPYC}),
            'mIoU_small, AMD EPYC': Cell({'metric': 'mIoU_small', **EPYC}),
            'mIoU, Intel Xeon': Cell({'metric': 'mIoU', **XEON}),
            'mIoU_small, Intel Xeon': Cell({'metric': 'mIoU_small', **XEON}),
        },
        POSE,
        head=('strategy',),
        caption=('setting',),
    ),
    'camvid-three-checkpoints': Table(
        {'experiment': 'camvid-three-checkpoints'},
        _CAMVID,
        STRATEGIES,
        head=('strategy',),
        caption=('setting',),
        note='Trained in bfloat16 autocast, tested in fp32.',
    ),
    'camvid-bundled': Table(
        {'experiment': 'camvid-bundled'},
        {
            **_CAMVID,
            'ms': Cell(TIME, show=milliseconds(1)),
            'over stock': speed_up(STOCK),
            'over none': speed_up(NONE),
        },
        {'stock': STOCK, **{name: {**OURS, **where} for name, where in STRATEGIES.items()}},
        head=('strategy',),
        caption=('setting', 'precision'),
    ),
    'paper-table2': Table(
        {'experiment': 'paper', 'note': 'Table II'},
        {
            f'Δ {metric}, {model.upper()}': Cell(
                {'metric': metric, 'model': model}, minus={'strategy': 'none'}, show=signed()
            )
            for metric in ('mIoU', 'mIoU_small')
            for model in ('b5', 'b2')
        },
        MERGING,
        head=('strategy',),
        caption=(),
        note="Quoted from the paper's Table II (Cityscapes, 1024×1024); not measured here.",
    ),
    'streets-trained-longer': Table(
        {'experiment': 'streets-trained-longer'},
        _columns(('mIoU', 'mIoU_small'), ('fence', 'pole', 'traffic light', 'traffic sign')),
        STRATEGIES,
        head=('strategy',),
        caption=('setting',),
    ),
    'streets-bundled': Table(
        {'experiment': 'streets-bundled', 'note': '200 scenes'},
        {'mIoU': value('mIoU'), 'mIoU_small': value('mIoU_small')},
        POSE,
        head=('strategy',),
        caption=('setting', 'precision'),
    ),
    'athletes-trained': Table(
        {'experiment': 'athletes-trained'},
        _columns(('PCK@0.1', 'PCK@0.05')),
        POSE,
        head=('strategy',),
        caption=('setting',),
    ),
    'training-cost': Table(
        {'experiment': 'training-cost'},
        {
            f'{heading}, {dtype}': Cell({'metric': metric, 'dtype': dtype}, show=show)
            for dtype in ('fp32', 'bf16')
            for heading, metric, show in (
                ('steps/s', 'steps_per_second', fixed(3)),
                ('over stock', 'speed-up over stock none', fixed(2)),
                ('over none', 'speed-up over ours none', fixed(2)),
                ('saved MiB', 'saved_bytes', mebibytes),
            )
        },
        {'stock': STOCK, **{name: {**OURS, **where} for name, where in POSE.items()}},
        head=('strategy',),
        caption=('setting',),
        note='bf16: with `optim_wrapper.type=BF16OptimWrapper`.',
    ),
}
