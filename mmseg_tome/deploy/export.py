"""From a built model to a file in one of the formats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from . import onnx_file, openvino_file, tensorrt_file, torch_file
from .graph import OUTPUTS, Graph, normalization, task_of
from .metadata import Metadata
from .precision import DTYPES, in_precision
from .quantize import quantize_onnx, quantize_openvino
from .tracing import least_side, trace

#: Suffix of each format's files, and the precisions that it is written in.
FORMATS = {'onnx': '.onnx', 'openvino': '.xml', 'tensorrt': '.engine', 'torch': '.pt2'}
PRECISIONS = {
    'onnx': ('fp32', 'fp16', 'int8'),
    'openvino': ('fp32', 'fp16', 'bf16', 'int8'),
    'tensorrt': ('fp32', 'fp16'),
    'torch': ('fp32', 'fp16', 'bf16'),
}
# Of images that an engine of dynamic sizes takes: TensorRT has to know.
_MOST = (8, 1024, 2048)


@dataclass(frozen=True)
class Settings:
    """What a model is exported as.

    Args:
        format: A key of :data:`FORMATS`.
        size: Width and height of images in pixels.
        dynamic: Whether batch, width and height may be others.
        batch: Number of images at once.
        precision: One of the format's :data:`PRECISIONS`.
        output: A key of :data:`~mmseg_tome.deploy.graph.OUTPUTS`; empty for the task's first.
        normalize: Whether the file takes images as they are read.

    Raises:
        ValueError: If a setting is not allowed, or not with another one.
    """

    format: str
    size: tuple[int, int]
    dynamic: bool = False
    batch: int = 1
    precision: str = 'fp32'
    output: str = ''
    normalize: bool = False

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(
                f'format = {self.format!r} is not allowed: give one of {", ".join(FORMATS)}'
            )
        allowed = PRECISIONS[self.format]
        if self.precision not in allowed:
            raise ValueError(
                f'precision = {self.precision!r} is not there for format = {self.format!r}: give '
                f'one of {", ".join(allowed)}'
            )


def export_model(
    model: nn.Module,
    path: Path,
    settings: Settings,
    classes: Sequence[str] = (),
    palette: Sequence[Sequence[int]] = (),
    source: dict[str, Any] | None = None,
    calibration: Sequence[np.ndarray] = (),
) -> Metadata:
    """Write a model to a file, as it is: with the strategy that is applied to it.

    Args:
        model: A segmentor or pose estimator with a MiT, in eval mode on a CPU; it is not changed.
        path: The file; its suffix is the format's.
        settings: What it is exported as.
        classes: Names of the classes or keypoints, for the metadata.
        palette: A color for each of them.
        source: Where the model comes from, for the metadata.
        calibration: For int8: pictures as the file is to take them, one batch each.

    Returns:
        What the file says about itself.

    Raises:
        ValueError: If the model cannot be exported so.
        ModuleNotFoundError: If what writes the format is not installed.
    """
    task = task_of(model)
    settings = replace(settings, output=settings.output or OUTPUTS[task][0])
    if path.suffix != FORMATS[settings.format]:
        raise ValueError(f'{path}: files of this format end in {FORMATS[settings.format]}')
    if settings.precision == 'int8' and not len(calibration):
        raise ValueError("precision = 'int8' needs pictures to calibrate by: give some")
    typed = settings.precision if settings.format != 'openvino' else 'fp32'
    graph = in_precision(Graph(model, settings.output, settings.normalize), DTYPES[typed])
    images = example(graph, settings)
    # The program of PyTorch has no names inside, and so nothing to look at.
    traced = trace(graph, images, settings.dynamic, taps=settings.format != 'torch')
    metadata = _describe(model, graph, settings, classes, palette, source or {})
    if settings.precision != 'int8':  # there, tensors inside are others
        metadata = replace(metadata, layers=traced.layers, matches=traced.matches)
    if settings.format == 'torch':
        torch_file.save(traced, path, metadata)
        return metadata
    onnx_model = onnx_file.convert(traced)
    if settings.format == 'openvino':
        converted = openvino_file.without_taps(openvino_file.convert(onnx_model))
        if settings.precision == 'int8':
            converted = quantize_openvino(converted, calibration)
        openvino_file.save(converted, path, metadata, settings.precision == 'fp16')
    elif settings.format == 'tensorrt':
        engine = tensorrt_file.build(onnx_file.without_taps(onnx_model), _profile(graph, settings))
        tensorrt_file.save(engine, path, metadata)
    else:
        onnx_model = onnx_file.without_taps(onnx_model)
        if settings.precision == 'int8':
            onnx_model = quantize_onnx(onnx_model, calibration)
        onnx_file.save(onnx_model, path, metadata)
    return metadata


def example(graph: Graph, settings: Settings) -> torch.Tensor:
    """What a graph with these settings takes, of zeros."""
    (width, height), batch = settings.size, settings.batch
    if settings.dynamic:
        # Of no size that could be taken for a constant, and small: it is computed.
        least = least_side(graph)
        width, height, batch = least + 96, least + 32, 2
    if settings.normalize:
        return torch.zeros(batch, height, width, 3, dtype=torch.uint8)
    return torch.zeros(batch, 3, height, width)


def _profile(graph: Graph, settings: Settings) -> tuple[tuple[int, ...], ...] | None:
    if not settings.dynamic:
        return None
    usual, least = (settings.batch, settings.size[1], settings.size[0]), least_side(graph)
    sizes = [(1, least, least), usual, tuple(map(max, usual, _MOST))]
    if settings.normalize:
        return tuple((b, h, w, 3) for b, h, w in sizes)
    return tuple((b, 3, h, w) for b, h, w in sizes)


def _describe(
    model: nn.Module,
    graph: Graph,
    settings: Settings,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    source: dict[str, Any],
) -> Metadata:
    try:
        mean, std, bgr_to_rgb = normalization(model)
    except ValueError:  # then the model takes what nobody described
        mean, std, bgr_to_rgb = (), (), False
    width, height = settings.size
    return Metadata(
        task=task_of(model),
        output=settings.output,
        normalize=settings.normalize,
        mean=mean,
        std=std,
        bgr_to_rgb=bgr_to_rgb,
        batch=None if settings.dynamic else settings.batch,
        height=None if settings.dynamic else height,
        width=None if settings.dynamic else width,
        least=least_side(graph),
        precision=settings.precision,
        strategy=graph.backbone.strategy.name,
        classes=tuple(classes),
        palette=tuple(tuple(int(value) for value in color) for color in palette),
        align_corners=graph.align_corners,
        source=source,
    )
