"""Speed beside what is deployed instead of PyTorch, and INT8."""

from ..cells import Cell, fixed, interval, signed, with_interval
from ..table import Table
from .performance import HQ, NONE, STOCK, TIME, milliseconds, size, speed_up

_RUN = {'mode': 'inference', 'dtype': 'fp32'}
_MS = {
    'ms': Cell(TIME, show=milliseconds(0)),
    'quartiles': Cell(TIME, show=interval(0, scale=1000)),
}
_OVER = {
    'over stock': STOCK,
    'over stock in ONNX Runtime': {'implementation': 'stock_onnxruntime', 'strategy': 'none'},
    'over stock in OpenVINO': {'implementation': 'stock_openvino', 'strategy': 'none'},
}
_STOCK = {
    'stock': 'stock',
    'stock, fused attention': 'fused',
    'stock, `torch.compile`': 'stock_compiled',
    'stock in ONNX Runtime': 'stock_onnxruntime',
    'stock in OpenVINO': 'stock_openvino',
}
_RUNTIMES = {
    'ours': 'ours',
    'ours in ONNX Runtime': 'onnxruntime',
    'ours in OpenVINO': 'openvino',
}


def _of(implementation: str, strategy: str = 'none') -> dict[str, str]:
    return {'implementation': implementation, 'strategy': strategy}


def _runtimes(model: str, stock: tuple[str, ...], strategies: tuple[str, ...]) -> Table:
    return Table(
        {'experiment': 'runtimes', 'model': model, **size(1024, 1024), **_RUN},
        {**_MS, **{name: speed_up(over) for name, over in _OVER.items()}},
        {
            **{name: _of(one) for name, one in _STOCK.items() if one in stock},
            **{
                f'{name}, `{strategy}`': _of(one, strategy)
                for name, one in _RUNTIMES.items()
                for strategy in strategies
            },
        },
        head=('model',),
        caption=('setting', 'precision'),
    )


def _dtype(name: str, metric: str, **show: object) -> Cell:
    return Cell({'metric': metric, 'dtype': name}, **show)  # type: ignore[arg-type]


def _quantization(dataset: str) -> Table:
    exported = ('openvino', 'onnxruntime')
    return Table(
        {'experiment': 'quantization', 'dataset': dataset, 'implementation': exported},
        {
            'mIoU, fp32': _dtype('fp32', 'mIoU'),
            'mIoU, INT8': _dtype('int8', 'mIoU'),
            'Δ (95 %)': _dtype('int8', 'mIoU change', show=with_interval(signed(), digits=2)),
            'same class as unmerged, %': _dtype('int8', 'agreement'),
            'MB, fp32': _dtype('fp32', 'bytes', show=fixed(1, scale=1e-6)),
            'MB, INT8': _dtype('int8', 'bytes', show=fixed(1, scale=1e-6)),
            'ms, fp32': _dtype('fp32', 'seconds_per_image', show=milliseconds(1)),
            'ms, INT8': _dtype('int8', 'seconds_per_image', show=milliseconds(1)),
            'INT8 over fp32': _dtype('int8', 'seconds_per_image', over={'dtype': 'fp32'}),
        },
        by=('implementation', 'strategy'),
        head=('runtime', 'strategy'),
        caption=('setting',),
        note='Changes and agreement are against the unmerged model in PyTorch, in fp32.',
    )


TABLES = {
    'runtimes-b0': _runtimes(
        'b0', tuple(_STOCK.values()), ('none', 'hq', 'hq_weighted', 'n2d_2x2', 'balanced')
    ),
    'runtimes-b2': _runtimes(
        'b2', ('stock', 'stock_onnxruntime', 'stock_openvino'), ('none', 'balanced')
    ),
    'runtimes-int8': Table(
        {'experiment': 'int8', 'model': 'b0', **size(1024, 1024), **_RUN},
        {
            **_MS,
            'over stock in OpenVINO': speed_up(_of('stock_openvino')),
        },
        {
            'stock in OpenVINO': _of('stock_openvino'),
            'stock in OpenVINO, INT8': _of('stock_openvino_int8'),
            'ours, `balanced`': _of('ours', 'balanced'),
            **{
                f'ours in OpenVINO{suffix}, `{strategy}`': _of(f'openvino{name}', strategy)
                for suffix, name in (('', ''), (', INT8', '_int8'))
                for strategy in ('none', 'hq_weighted', 'n2d_2x2', 'balanced')
            },
            'ours in ONNX Runtime, INT8, `balanced`': _of('onnxruntime_int8', 'balanced'),
        },
        head=('model',),
        caption=('setting',),
    ),
    'readme-runtimes': Table(
        {'experiment': 'runtimes', 'model': 'b0', **size(1024, 1024), **_RUN},
        {
            'ms': _MS['ms'],
            'over stock': speed_up(STOCK),
            'over stock in OpenVINO': speed_up(_of('stock_openvino')),
        },
        {
            "mmseg's, `torch.compile`": _of('stock_compiled'),
            "mmseg's, in ONNX Runtime": _of('stock_onnxruntime'),
            "mmseg's, in OpenVINO": _of('stock_openvino'),
            'ours, `none`': NONE,
            'ours, `balanced`': _of('ours', 'balanced'),
            'ours, `balanced`, in ONNX Runtime': _of('onnxruntime', 'balanced'),
            'ours, `balanced`, in OpenVINO': _of('openvino', 'balanced'),
        },
        head=('model',),
        caption=('setting', 'precision'),
    ),
    'transformers': Table(
        {'experiment': 'transformers', **_RUN},
        {
            **_MS,
            'over eager': speed_up(_of('transformers_eager')),
            'over SDPA': speed_up(_of('transformers')),
        },
        {
            'transformers, eager': _of('transformers_eager'),
            'transformers, SDPA': _of('transformers'),
            **{
                f"converted, `tome_cfg='{strategy}'`": _of('transformers_tome', strategy)
                for strategy in ('none', 'hq', 'balanced')
            },
            "MMSegmentation's": STOCK,
            "this project's for MMSegmentation, `none`": NONE,
            "this project's for MMSegmentation, `hq`": HQ,
        },
        head=('SegFormer B0',),
    ),
    'predict': Table(
        {'experiment': 'predict', **_RUN},
        {
            heading: cell
            for name, scope in (('whole', 'whole'), ('windows', 'slide'))
            for heading, cell in (
                (f'{name}, ms', Cell({**TIME, 'scope': scope}, show=milliseconds(0))),
                (f'{name}, over stock', Cell({**TIME, 'scope': scope}, over=STOCK)),
            )
        },
        {
            'stock none': STOCK,
            'ours none': NONE,
            'ours hq': HQ,
            'ours balanced': _of('ours', 'balanced'),
        },
        head=('model',),
    ),
    'bf16': Table(
        {'experiment': 'bfloat16'},
        {**_MS, 'over stock': speed_up(STOCK), 'over `none`': speed_up(NONE)},
        {
            'stock none': STOCK,
            'stock in OpenVINO': _of('stock_openvino'),
            'ours none': NONE,
            'ours hq': HQ,
            'ours balanced': _of('ours', 'balanced'),
            'ours in OpenVINO, none': _of('openvino'),
            'ours in OpenVINO, balanced': _of('openvino', 'balanced'),
        },
        head=('model',),
    ),
    'avx2': Table(
        {'experiment': 'avx2', 'mode': 'inference', 'model': 'b0', **size(1024, 1024)},
        {
            'ms': _MS['ms'],
            'over stock': speed_up(STOCK),
            'over `none`': speed_up(NONE),
        },
        {
            'stock none': STOCK,
            'stock in OpenVINO': _of('stock_openvino'),
            'ours none': NONE,
            'ours hq': HQ,
            'ours n2d_2x2': _of('ours', 'n2d_2x2'),
            'ours balanced': _of('ours', 'balanced'),
            'ours in OpenVINO, balanced': _of('openvino', 'balanced'),
        },
        head=('model',),
        caption=('setting', 'precision'),
    ),
    **{f'quantization-{dataset}': _quantization(dataset) for dataset in ('camvid', 'streets')},
}
