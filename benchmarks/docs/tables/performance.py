"""Speed and memory of whole models, of matrix products, and of a model's steps."""

from collections.abc import Callable

from ..cells import Cell, Row, as_is, fixed, interval
from ..table import Table

STOCK = {'implementation': 'stock', 'strategy': 'none'}
FUSED = {'implementation': 'fused', 'strategy': 'none'}
PUBLISHED = {'implementation': 'published', 'strategy': 'hq'}
NONE = {'implementation': 'ours', 'strategy': 'none'}
HQ = {'implementation': 'ours', 'strategy': 'hq'}
FAST = {'implementation': 'ours', 'strategy': 'fast'}
N2D = {'implementation': 'ours', 'strategy': 'n2d_2x2'}
WEIGHTED = {
    f'ours {name}': {'implementation': 'ours', 'strategy': name}
    for name in ('hq_weighted', 'fast_weighted', 'balanced')
}
TIME = {'metric': 'seconds_per_image'}
SAVED = {'metric': 'saved_bytes'}
EPYC = {'device': 'AMD EPYC'}
XEON = {'device': 'Intel Xeon'}

mebibytes = fixed(0, scale=2**-20)


def milliseconds(digits: int) -> Callable[[Row], str]:
    """Write seconds as milliseconds."""
    return fixed(digits, scale=1000)


MODELS = {
    'stock none': STOCK,
    'fused none': FUSED,
    'published hq': PUBLISHED,
    'ours none': NONE,
    'ours hq': HQ,
    'ours fast': FAST,
    'ours n2d_2x2': N2D,
}
INFERRED = {**MODELS, **WEIGHTED}
COMPARED = {name: where for name, where in INFERRED.items() if where != STOCK}
SIZES = {'512×512': (512, 512), '1024×1024': (1024, 1024), '2048×1024': (2048, 1024)}


def size(width: int, height: int) -> dict[str, int]:
    """What picks the results of an image size."""
    return {'width': width, 'height': height}


def speed_up(over: dict, **where: object) -> Cell:
    """A cell that says how much faster a model is than another, from the times of both."""
    return Cell({**TIME, **where}, over=over)


def inference(device: dict, **where: object) -> dict:
    """What picks whole models at inference, with the default allocator."""
    return {'experiment': 'benchmark', 'mode': 'inference', **device, **where}


_TIMES = {
    'ms': Cell(TIME, show=milliseconds(1)),
    'quartiles': Cell(TIME, show=interval(1, scale=1000)),
    'over stock': speed_up(STOCK),
    'over fused': speed_up(FUSED),
    'over published': speed_up({'implementation': 'published'}),
    'over `none`': speed_up(NONE),
}


def _times(model: str, width: int, height: int) -> Table:
    return Table(
        inference(EPYC, model=model, **size(width, height)),
        _TIMES,
        INFERRED,
        head=('model',),
        caption=(),
    )


def _speed_ups(model: str, sizes: dict) -> Table:
    columns = {name: speed_up(STOCK, **size(*pixels)) for name, pixels in sizes.items()}
    return Table(inference(EPYC, model=model), columns, COMPARED, head=('model',))


_RATIOS = {
    'hq / stock': speed_up(STOCK, **HQ),
    'hq / fused': speed_up(FUSED, **HQ),
    'hq / published hq': speed_up(PUBLISHED, **HQ),
    'none / fused': speed_up(FUSED, **NONE),
    'hq / none': speed_up(NONE, **HQ),
}
_MILLISECONDS = {
    f'{name} ms': Cell({**TIME, **where}, show=milliseconds(0))
    for name, where in (('stock', STOCK), ('fused', FUSED), ('ours none', NONE), ('ours hq', HQ))
}
_KEPT = {'experiment': 'benchmark-memory-kept'}
_EITHER = {'experiment': ('benchmark', 'benchmark-memory-kept'), 'mode': 'inference'}


def _input(model: str, name: str, kept: bool) -> tuple[tuple[str, str], dict]:
    experiment = _KEPT if kept else {'experiment': 'benchmark'}
    where = {**experiment, 'model': model.lower(), **size(*SIZES[name])}
    return (f'{model} {name}', 'kept' if kept else 'default'), where


_INPUTS = (('B0', '512×512'), ('B0', '1024×1024'), ('B2', '1024×1024'))

TABLES = {
    'peak-memory': Table(
        {'experiment': 'peak-memory'},
        {'peak MiB': Cell({'metric': 'peak_bytes'}, show=mebibytes)},
        rows={
            name: {**where, 'scope': 'slide'}
            for name, where in (('stock none', STOCK), ('ours none', NONE), ('ours hq', HQ))
        },
        head=('model',),
    ),
    'readme-speed': Table(
        inference(EPYC),
        {
            f'{model.upper()} {name}': speed_up(STOCK, model=model, **size(*SIZES[name]))
            for model, name in (*(('b0', name) for name in SIZES), ('b2', '1024×1024'))
        },
        {
            "mmseg's, with fused attention": FUSED,
            'the published method, HQ': PUBLISHED,
            'ours, `none`': NONE,
            'ours, `hq`': HQ,
            'ours, `fast`': FAST,
            'ours, `n2d_2x2`': N2D,
            **{f'ours, `{where["strategy"]}`': where for where in WEIGHTED.values()},
        },
        head=('speed-up over stock',),
        caption=('setting', 'precision'),
    ),
    'b0': _speed_ups('b0', SIZES),
    'b0-512x512': _times('b0', 512, 512),
    'b0-1024x1024': _times('b0', 1024, 1024),
    'b0-2048x1024': _times('b0', 2048, 1024),
    'b2': _speed_ups('b2', {'1024×1024': (1024, 1024)}),
    'b2-1024x1024': _times('b2', 1024, 1024),
    'matmul': Table(
        {'experiment': 'matmul', **EPYC},
        {
            'PyTorch, GFLOP/s': Cell({'metric': 'rate', 'implementation': 'torch'}, show=fixed(0)),
            'ours, GFLOP/s': Cell({'metric': 'rate', 'implementation': 'ours'}, show=fixed(0)),
            'speed-up': Cell({'metric': 'speed-up over torch'}),
            'relative difference': Cell({'metric': 'relative_difference'}, show=as_is),
        },
        by=('note', 'mode'),
        head=('operation', 'direction'),
    ),
    'allocator': Table(
        {**_EITHER, **EPYC},
        {**_MILLISECONDS, **_RATIOS},
        dict(_input(*what, kept) for what in _INPUTS for kept in (False, True)),
        head=('model, input', 'memory'),
        caption=('setting', 'precision'),
    ),
    'intel': Table(
        {**_EITHER, **XEON},
        {
            **_MILLISECONDS,
            'hq / stock': _RATIOS['hq / stock'],
            'fast / stock': speed_up(STOCK, **FAST),
            'none / stock': speed_up(STOCK, **NONE),
            **{name: cell for name, cell in _RATIOS.items() if name != 'hq / stock'},
        },
        dict(
            [
                *(_input('B0', name, False) for name in SIZES),
                _input('B2', '1024×1024', False),
                *(_input(*what, True) for what in _INPUTS),
            ]
        ),
        head=('model, input', 'memory'),
        caption=('setting', 'precision'),
    ),
    'matching-cost': Table(
        {
            'experiment': 'matching-cost',
            'strategy': ('none', 'hq', 'fast', 'balanced', 'n2d_2x2'),
        },
        {
            f'{name}, {what}': Cell({'metric': metric, **size(w, h)}, show=fixed(1))
            for name, w, h in (
                ('1024×1024', 1024, 1024),
                ('2048×1024', 2048, 1024),
                ('3840×2160', 3840, 2160),
            )
            for metric, what in (('matching', 'matching'), ('all', 'all'))
        },
        by=('model', 'strategy', 'note'),
        head=('model', 'strategy', 'matching'),
        caption=('command',),
        note='In GFLOP, of one image; `as it is` compares with all destinations, but for the '
        'queries of `balanced`.',
    ),
    'profile': Table(
        {'experiment': 'profile', 'model': 'b0', **size(1024, 1024), **EPYC},
        {
            'ms': Cell(TIME, show=milliseconds(1)),
            '%': Cell({'metric': 'share of time'}, show=fixed(1)),
            'GFLOP': Cell({'metric': 'operations'}),
            'GFLOP/s': Cell({'metric': 'rate'}, show=fixed(0)),
            '% of limit': Cell({'metric': 'share of limit'}, show=fixed(0)),
        },
        by=('note',),
        head=('step',),
    ),
    'profile-b2': Table(
        {'experiment': 'profile-b2', **size(1024, 1024)},
        {
            heading: Cell({**where, 'strategy': name}, show=show)
            for name in ('n2d_2x2', 'balanced')
            for heading, where, show in (
                (f'`{name}`, ms', TIME, milliseconds(1)),
                (f'`{name}`, GFLOP', {'metric': 'operations'}, fixed(1)),
            )
        },
        by=('note',),
        head=('step',),
        caption=('setting', 'precision'),
    ),
    'training': Table(
        {'experiment': 'benchmark', 'mode': 'training', 'model': 'b0', **size(1024, 1024), **EPYC},
        {**_TIMES, 'saved MiB': Cell(SAVED, show=mebibytes)},
        MODELS,
        head=('model',),
    ),
    'training-other': Table(
        {'experiment': 'benchmark', 'mode': 'training'},
        {
            'stock ms': Cell({**TIME, **STOCK}, show=milliseconds(0)),
            'fused ms': Cell({**TIME, **FUSED}, show=milliseconds(0)),
            'published hq ms': Cell({**TIME, **PUBLISHED}, show=milliseconds(0)),
            'ours none ms': Cell({**TIME, **NONE}, show=milliseconds(0)),
            'ours hq ms': Cell({**TIME, **HQ}, show=milliseconds(0)),
            'hq / stock': speed_up(STOCK, **HQ),
            'hq / published hq': speed_up(PUBLISHED, **HQ),
            **{
                f'{name}, saved MiB': Cell({**SAVED, **where}, show=mebibytes)
                for name, where in (('stock', STOCK), ('published hq', PUBLISHED), ('ours hq', HQ))
            },
        },
        {
            ('B2 768×768', 'AMD EPYC'): {'model': 'b2', **size(768, 768), **EPYC},
            ('B0 1024×1024', 'Intel Xeon'): {'model': 'b0', **size(1024, 1024), **XEON},
        },
        head=('model, input', 'CPU'),
        caption=('setting', 'precision'),
    ),
}
