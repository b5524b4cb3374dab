"""All sentences that quote results, outside of tables."""

from collections.abc import Mapping

from .cells import Cell, Where, fixed, interval, signed, with_spread
from .claim import Claim
from .tables.gpu import BEFORE, NOW
from .tables.performance import (
    EPYC,
    FUSED,
    HQ,
    N2D,
    NONE,
    PUBLISHED,
    SAVED,
    STOCK,
    WEIGHTED,
    XEON,
    inference,
    mebibytes,
    milliseconds,
    size,
    speed_up,
)
from .tables.quality import change, value

_AT_512 = {'model': 'b0', **size(512, 512)}
_AT_1024 = {'model': 'b0', **size(1024, 1024)}
_KEPT = {'experiment': 'benchmark-memory-kept', **EPYC, **_AT_1024}
_TRAINING = {'experiment': 'benchmark', 'mode': 'training', **_AT_1024}
_PROFILE = {'experiment': 'profile'}
_MATMUL = {'experiment': 'matmul', **XEON}
_FINE_TUNED = {'experiment': 'camvid-fine-tuned'}
_CHECKPOINTS = {'experiment': 'camvid-three-checkpoints'}
_CAMVID = {'experiment': 'camvid-bundled', 'implementation': 'ours'}
_STREETS = {'experiment': 'without-retraining', 'dataset': 'streets'}
_POSE = {'experiment': 'athletes-trained'}
_SEARCH = {'experiment': 'search-camvid'}
_GRAPHED = {
    **{'experiment': 'kernel-times', 'model': 'b5', 'batch': 8},
    **{'metric': 'seconds_per_image', 'implementation': 'graphed'},
}
_BEFORE, _NOW = {'commit': BEFORE}, {'commit': NOW}


def _times(over: Mapping, model: Mapping, digits: int) -> Cell:
    return Cell(speed_up(over).where | model, over=over, show=fixed(digits))


def _paper(table: str, dataset: str, metric: str, model: str, strategy: str) -> tuple[Where, Cell]:
    where = {'experiment': 'paper', 'note': f'Table {table}', 'dataset': dataset, 'model': model}
    cell = Cell({'metric': metric}, minus={'strategy': 'none'}, show=signed())
    return {**where, 'strategy': strategy}, cell


def _paper_trains(strategy: str) -> tuple[Where, Cell]:
    where = {'experiment': 'paper', 'note': 'Table III', 'model': 'b5', 'dataset': 'cityscapes'}
    faster = Cell({'strategy': 'none'}, over={'strategy': strategy})
    return {**where, 'metric': 'steps_per_second'}, faster


def _rate(which: str, what: str) -> tuple[Where, Cell]:
    return _MATMUL, Cell({'scope': 'layer', 'note': what, 'metric': f'{which} speed-up over torch'})


def _lost(metric: str) -> Cell:
    return Cell({'metric': f'{metric} change'}, show=with_spread(fixed(2, scale=-1)))


def _of(where: Where, cell: Cell, strategy: str) -> tuple[Where, Cell]:
    return {**where, 'strategy': strategy}, cell


def _on_gpu(strategy: str, commit: Where) -> tuple[Where, Cell]:
    """Milliseconds of an image."""
    return {**_GRAPHED, **commit, 'strategy': strategy}, Cell(show=fixed(1, 1000))


def _of_none_on_gpu(strategy: str) -> tuple[Where, Cell]:
    return {**_GRAPHED, **_NOW}, Cell({'strategy': 'none'}, over={'strategy': strategy})


_OVER_HQ = Cell({'metric': 'mIoU change over hq, held out', 'strategy': 'front-02'})
_OVER_FAST = Cell({'metric': 'mIoU change over fast, held out', 'strategy': 'front-04'})
_TIME = Cell({'metric': 'time over none'}, show=fixed(3))

CLAIMS = (
    Claim(
        'README.md',
        '`hq` is {} times as fast as stock at 1024×1024, and {} times as fast as stock with fused '
        'attention.',
        [(_KEPT, _times(STOCK, HQ, 1)), (_KEPT, _times(FUSED, HQ, 1))],
    ),
    Claim(
        'README.md',
        '`hq` is {} times as fast as stock at 1024×1024.',
        [(inference(XEON, **_AT_1024), _times(STOCK, HQ, 1))],
    ),
    Claim(
        'README.md',
        "{} times as fast as stock's and keeps {} MiB for the backward pass, where stock keeps {} "
        'MiB.',
        [
            ({**_TRAINING, **EPYC}, _times(STOCK, HQ, 1)),
            ({**_TRAINING, **EPYC}, Cell({**SAVED, **HQ}, show=mebibytes)),
            ({**_TRAINING, **EPYC}, Cell({**SAVED, **STOCK}, show=mebibytes)),
        ],
    ),
    Claim(
        'README.md',
        'an unmerged B5 takes {} ms for an image of 1024×1024 (bf16, batch 8), with `balanced` {} '
        'and with `n2d_2x2`, which matches nothing, {}; before these kernels it was {} to {} for',
        [
            *(_on_gpu(strategy, _NOW) for strategy in ('none', 'balanced', 'n2d_2x2')),
            *(_on_gpu(strategy, _BEFORE) for strategy in ('none', 'n2d_2x2')),
        ],
    ),
    Claim(
        'docs/performance.md',
        'the unmerged model takes {} of the time',
        [({**_GRAPHED, 'strategy': 'none'}, Cell(_BEFORE, over=_NOW))],
    ),
    Claim(
        'docs/performance.md',
        "at {} of the unmerged model's time, since it matches nothing; `balanced` takes {}, `hq` "
        'and `hq_weighted` {} and {}.',
        [_of_none_on_gpu(name) for name in ('n2d_2x2', 'balanced', 'hq', 'hq_weighted')],
    ),
    Claim(
        'docs/performance.md',
        "oneDNN multiplies at {} to {} of MKL's rate, and attention in chunks runs at {} to {} of",
        [
            _rate('lowest', 'linear'),
            _rate('highest', 'linear'),
            _rate('lowest', 'attention'),
            _rate('highest', 'attention'),
        ],
    ),
    Claim(
        'docs/performance.md',
        'The limit, {} GFLOP/s, is the rate of',
        [({**_PROFILE, 'model': '', 'metric': 'rate'}, Cell(show=fixed(0)))],
    ),
    Claim(
        'docs/performance.md',
        'At 512×512, `hq` takes {} ms by the same command and reaches {} % of the limit.',
        [
            (
                {**_PROFILE, **_AT_512, 'metric': 'seconds_per_image', 'note': 'all'},
                Cell(show=milliseconds(0)),
            ),
            (
                {**_PROFILE, **_AT_512, 'metric': 'share of limit', 'note': 'all'},
                Cell(show=fixed(0)),
            ),
        ],
    ),
    Claim(
        'docs/performance.md',
        '`hq` is {} times as fast as the published HQ there, and {} times at 1024×1024.',
        [
            (inference(EPYC, **_AT_512), _times(PUBLISHED, HQ, 2)),
            (inference(EPYC, **_AT_1024), _times(PUBLISHED, HQ, 2)),
        ],
    ),
    Claim(
        'docs/quality.md',
        'The bundled checkpoint ({} mIoU)',
        [_of(_CAMVID, value('mIoU'), 'none')],
    ),
    Claim(
        'docs/quality.md',
        'The paper trains {} (`hq`), {} (`fast`) and {} (`n2d_2x2`) times as fast',
        [_paper_trains('hq'), _paper_trains('fast'), _paper_trains('n2d_2x2')],
    ),
    Claim(
        'docs/quality.md',
        'where `hq` is {} times as fast as `none` (on an Intel CPU, {} times)',
        [
            ({**_TRAINING, **EPYC}, _times(NONE, HQ, 2)),
            ({**_TRAINING, **XEON}, _times(NONE, HQ, 2)),
        ],
    ),
    Claim(
        'docs/quality.md',
        "it changes mIoU by {}, which agrees with the paper's {}.",
        [
            _of(_FINE_TUNED, change('mIoU'), 'hq'),
            _paper('III', 'cityscapes', 'mIoU', 'b5', 'hq'),
        ],
    ),
    Claim(
        'docs/quality.md',
        'nothing on small classes ({} on CamVid)',
        [_of(_CHECKPOINTS, change('mIoU_small'), 'n2d_2x2')],
    ),
    Claim(
        'docs/quality.md',
        'on street scenes ({}; the paper: −5 to −8), and {} after fine-tuning with it.',
        [
            _of(_STREETS, Cell({'metric': 'mIoU_small change'}, show=signed()), 'downsample'),
            _of(_FINE_TUNED, change('mIoU_small'), 'downsample'),
        ],
    ),
    Claim(
        'docs/quality.md',
        'Without retraining on CamVid it is between {} and {}:',
        [
            _of(_CHECKPOINTS, change('mIoU_small'), 'downsample'),
            _of(_CAMVID, change('mIoU_small'), 'downsample'),
        ],
    ),
    Claim(
        'docs/quality.md',
        '(the paper: {} without, {} with)',
        [
            _paper('II', 'cityscapes', 'mIoU', 'b5', 'fast'),
            _paper('III', 'cityscapes', 'mIoU', 'b5', 'fast'),
        ],
    ),
    Claim(
        'docs/quality.md',
        '(the paper: {} on JBD, {} on COCO, PCK@0.1)',
        [
            _paper('IV', 'jbd', 'PCK@0.1', 'b5', 'hq'),
            _paper('IV', 'coco', 'PCK@0.1', 'b5', 'hq'),
        ],
    ),
    Claim(
        'docs/quality.md',
        '`fast` loses {} without retraining',
        [_of(_CHECKPOINTS, Cell({'metric': 'mIoU change'}, show=fixed(2, scale=-1)), 'fast')],
    ),
    Claim(
        'docs/quality.md',
        '`n2d_2x2` loses {}, more than seeds differ; `fast` loses {} (PCK@0.1) and {} (PCK@0.05)',
        [
            _of(_POSE, _lost('PCK@0.05'), 'n2d_2x2'),
            _of(_POSE, Cell({'metric': 'PCK@0.1 change'}, show=fixed(2, scale=-1)), 'fast'),
            _of(_POSE, Cell({'metric': 'PCK@0.05 change'}, show=fixed(2, scale=-1)), 'fast'),
        ],
    ),
    Claim(
        'docs/choosing.md',
        'At 960×720 it is {} times as fast as `n2d_2x2`, and {} times as fast as no merging.',
        [
            (
                {**inference(EPYC, model='b0'), **size(960, 720)},
                _times(N2D, WEIGHTED['ours balanced'], 2),
            ),
            (
                {**inference(EPYC, model='b0'), **size(960, 720)},
                _times(NONE, WEIGHTED['ours balanced'], 2),
            ),
        ],
    ),
    Claim(
        'docs/models/index.md',
        '| [streets](streets.md) | generated street scenes, 19 classes | {} |',
        [_of(_STREETS, value('mIoU'), 'none')],
    ),
    Claim(
        'docs/models/index.md',
        '| [CamVid](camvid.md) | real street scenes, 11 classes | {} |',
        [_of(_CAMVID, value('mIoU'), 'none')],
    ),
    Claim(
        'docs/search.md',
        '`front-02`, chosen on the images searched on, takes {} of the time where `hq` takes {},',
        [_of(_SEARCH, _TIME, 'front-02'), _of(_SEARCH, _TIME, 'hq')],
    ),
    Claim(
        'docs/search.md',
        '{} mIoU better on the held-out images. The interval is {}:',
        [
            (_SEARCH, _OVER_HQ),
            (_SEARCH, Cell(_OVER_HQ.where, show=interval(2))),
        ],
    ),
    Claim(
        'docs/search.md',
        '`front-04` takes {} of the time where `fast` takes {}, and its mIoU differs by {} ({}).',
        [
            _of(_SEARCH, _TIME, 'front-04'),
            _of(_SEARCH, _TIME, 'fast'),
            (_SEARCH, Cell(_OVER_FAST.where, show=signed())),
            (_SEARCH, Cell(_OVER_FAST.where, show=interval(2))),
        ],
    ),
)
