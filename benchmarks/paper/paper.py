"""The figures that the Segformer++ paper reports. None of them was measured by this project."""

from collections.abc import Mapping

SOURCE = (
    'Kienzle, Kantonis, Schön, Lienhart: Segformer++: Efficient Token-Merging Strategies for '
    'High-Resolution Semantic Segmentation, IEEE MIPR 2024, arXiv 2405.14467'
)
MACHINE = 'one A100, fp32'  # Sec. IV-A

PRUNING = 'pruning [22]'
"""Bai et al., ICASSP 2022: a pruned SegFormer, re-trained; the paper quotes it in Table II."""

Rows = Mapping[str, Mapping[str, float]]
"""A row per strategy, by name; a figure that the paper does not give is left out."""


def _rows(columns: tuple[str, ...], **values: tuple[float | None, ...]) -> Rows:
    return {
        strategy: {c: v for c, v in zip(columns, row, strict=True) if v is not None}
        for strategy, row in values.items()
    }


SPEED_UP = 'speed-up over none'
"""Time without merging over time with it (Eq. 8), by steps per second where that is trained."""

_INFERENCE = ('mIoU', 'mIoU_small', 'FPS', SPEED_UP)
TABLE_2: Mapping[str, Rows] = {
    'B5, Cityscapes': _rows(
        _INFERENCE,
        none=(82.39, 72.97, 14.75, 1.00),
        hq=(82.31, 72.93, 23.68, 1.61),
        fast=(82.04, 72.72, 28.66, 1.94),
        n2d_2x2=(81.96, 72.24, 28.08, 1.90),
        downsample=(77.31, 65.03, 96.08, 6.51),
    ),
    'B2, Cityscapes': {
        **_rows(
            _INFERENCE,
            none=(81.08, 71.97, 36.92, None),
            hq=(81.03, 71.83, 56.29, 1.52),
            fast=(80.62, 71.53, 71.98, 1.95),
            n2d_2x2=(80.38, 71.02, 67.86, 1.84),
            downsample=(75.87, 63.89, 243.15, 6.59),
        ),
        PRUNING: {'mIoU': 80.03},
    },
}
"""Table II: one checkpoint, every strategy, without training again; crops of 1024x1024."""

_TRAINING = ('mIoU', 'mIoU_small', 'steps/s', 'GB')
TABLE_3: Mapping[str, Rows] = {
    'B5, Cityscapes': _rows(
        _TRAINING,
        none=(82.39, 72.97, 0.80, 48.30),
        hq=(82.19, 72.77, 1.12, 33.95),
        fast=(81.77, 72.39, 1.24, 30.50),
        n2d_2x2=(82.38, 72.81, 1.30, 31.10),
        downsample=(79.24, 67.75, 2.36, 10.00),
    ),
    'B5, ADE20K': _rows(
        ('mIoU', 'steps/s', 'GB'),
        none=(49.72, 1.17, 33.68),
        hq=(49.77, 1.34, 29.18),
        fast=(49.10, 1.40, 28.04),
        n2d_2x2=(49.35, 1.47, 27.17),
        downsample=(46.71, 2.21, 12.41),
    ),
}
"""Table III: every strategy trained; batch 4 on Cityscapes, 8 on ADE20K."""

_POSE = ('PCK@0.1', 'PCK@0.05', 'steps/s', 'GB')
TABLE_4: Mapping[str, Rows] = {
    'B5, JBD': _rows(
        _POSE,
        none=(95.20, 90.65, 1.10, 40.00),
        hq=(95.18, 90.51, 1.31, 35.95),
        fast=(94.58, 89.87, 1.37, 34.58),
        n2d_2x2=(95.17, 90.16, 1.40, 33.37),
    ),
    'B5, COCO': _rows(
        _POSE,
        none=(95.16, 87.61, 2.33, 13.54),
        hq=(94.97, 87.35, 2.27, 13.12),
        fast=(95.02, 87.37, 2.30, 12.92),
        n2d_2x2=(94.98, 87.36, 2.88, 12.27),
    ),
}
"""Table IV: pose, every strategy trained; batch 16; PCK in percent."""

_SIZES = ('512x512', '640x640', '1024x1024', '2048x1024', '3840x2160')
TABLE_5: Mapping[str, Rows] = {
    'B5': _rows(
        _SIZES,
        hq=(1.18, 1.32, 1.61, 2.04, 2.66),
        fast=(1.27, 1.45, 1.94, 2.75, 4.31),
        n2d_2x2=(1.38, 1.50, 1.90, 2.39, 3.23),
    ),
}
"""Table V: speed-up over the unmerged model on random tensors, the best batch size of each."""
