"""What merging costs in quality, what training costs, and what the paper reports of both."""

from collections.abc import Sequence

from ..cells import Cell, Row, fixed, signed, with_interval, with_spread
from ..table import Table
from .performance import EPYC, NONE, STOCK, TIME, XEON, mebibytes, milliseconds, speed_up

STRATEGIES = {name: {'strategy': name} for name in ('none', 'hq', 'fast', 'n2d_2x2', 'downsample')}
MERGING = {name: where for name, where in STRATEGIES.items() if name != 'none'}
OURS = {'implementation': 'ours'}
POSE = {name: where for name, where in STRATEGIES.items() if name != 'downsample'}
WEIGHTED = {
    name: {'strategy': name} for name in ('none', 'hq_weighted', 'fast_weighted', 'balanced')
}
# Published, with weighted keys, and by pooling.
_ALL = ('hq', 'fast', 'hq_weighted', 'fast_weighted', 'balanced', 'n2d_2x2', 'downsample')


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


def _over_seeds(row: Row) -> str:
    """With the spread over seeds or checkpoints; the interval of one checkpoint is elsewhere."""
    show = signed() if row['experiment'] == 'without-retraining' else with_spread(signed())
    return show(row)


def _without_retraining(metrics: Sequence[str], same: str) -> dict[str, Cell]:
    return {
        **{
            heading: cell
            for name in metrics
            for heading, cell in (
                (name, Cell({'metric': name})),
                (
                    f'Δ {name} (95 %)',
                    Cell({'metric': f'{name} change'}, show=with_interval(signed(), digits=2)),
                ),
            )
        },
        f'same {same} as unmerged, %': Cell({'metric': 'agreement'}),
    }


_SEGMENTED = _without_retraining(('mIoU', 'mIoU_small'), 'class')
_POSED = _without_retraining(('PCK@0.1', 'PCK@0.05'), 'keypoint')
_MIOU, _PCK = {'metric': 'mIoU change'}, {'metric': 'PCK@0.1 change'}
_CHANGES = {f'`{name}`': Cell({'strategy': name}, show=_over_seeds) for name in _ALL}
_ON_CAMVID = {'experiment': 'without-retraining', 'dataset': 'camvid', **_MIOU}
_ON_STREETS = {'experiment': 'without-retraining', 'dataset': 'streets', **_MIOU}
_TUNED = {'experiment': ('camvid-fine-tuned', 'camvid-fine-tuned-weighted'), **_MIOU}

_PCKS = _columns(('PCK@0.1', 'PCK@0.05'))
_IN_BF16 = 'Trained in bfloat16 autocast, tested in fp32.'


def _trained(
    experiment: str, columns: dict[str, Cell], strategies: dict[str, dict[str, str]], note: str = ''
) -> Table:
    return Table(
        {'experiment': experiment},
        columns,
        strategies,
        head=('strategy',),
        caption=('setting',),
        note=note,
    )


TABLES = {
    **{
        name: _trained(name, columns, strategies, *note)
        for name, columns, strategies, *note in (
            ('camvid-fine-tuned', _CAMVID, STRATEGIES, _IN_BF16),
            ('camvid-fine-tuned-weighted', _CAMVID, WEIGHTED, _IN_BF16),
            ('camvid-three-checkpoints', _CAMVID, STRATEGIES, _IN_BF16),
            ('athletes-trained', _PCKS, POSE),
            ('athletes-trained-weighted', _PCKS, WEIGHTED),
        )
    },
    **{
        f'without-retraining-{dataset}': Table(
            {'experiment': 'without-retraining', 'dataset': dataset},
            columns,
            by=('strategy',),
            head=('strategy',),
            caption=('setting', 'precision'),
        )
        for dataset, columns in (
            ('camvid', _SEGMENTED),
            ('streets', _SEGMENTED),
            ('athletes', _POSED),
        )
    },
    'readme-quality': Table(
        OURS,
        _CHANGES,
        {
            'CamVid, without retraining': _ON_CAMVID,
            'generated streets, without retraining': _ON_STREETS,
            'CamVid, fine-tuned with it': _TUNED,
        },
        head=('change of mIoU, B0',),
        caption=('setting',),
    ),
    'quality': Table(
        OURS,
        _CHANGES,
        {
            'CamVid, without retraining, Δ mIoU': _ON_CAMVID,
            'the same, three other checkpoints': {
                'experiment': 'camvid-three-checkpoints',
                **_MIOU,
            },
            'street scenes, without retraining, Δ mIoU': _ON_STREETS,
            'athletes (pose), without retraining, Δ PCK@0.1': {
                'experiment': 'without-retraining',
                'dataset': 'athletes',
                **_PCK,
            },
            'CamVid, fine-tuned with it, Δ mIoU, 3 seeds': _TUNED,
            'athletes, trained with it, Δ PCK@0.1, 3 seeds': {
                'experiment': ('athletes-trained', 'athletes-trained-weighted'),
                **_PCK,
            },
        },
        head=('what was measured',),
        caption=(),
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
