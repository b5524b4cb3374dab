"""Graphs as TensorRT engines, for the GPU that they are built on.

TensorRT's own file has no room for metadata: ours begins with its length and the metadata, then
comes the engine.
"""

import struct
from pathlib import Path
from typing import Any

from .metadata import Metadata
from .missing import need

_LENGTH = struct.Struct('<Q')


def build(onnx_model: Any, shapes: tuple[tuple[int, ...], ...] | None = None) -> bytes:
    """Build an engine from an ONNX model, in the precisions that the model has.

    Args:
        onnx_model: The model.
        shapes: Smallest, usual and largest shape of the input, where it is dynamic.

    Raises:
        ModuleNotFoundError: If tensorrt is not installed.
        RuntimeError: If TensorRT cannot build it; the message has its first complaints.
    """
    trt = need('tensorrt', 'exporting to TensorRT')
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    # Else TensorRT would choose precisions by itself, and norms in fp16 overflow.
    flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(flags)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(onnx_model.SerializeToString()):
        errors = '; '.join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise RuntimeError(f'TensorRT cannot read the model: {errors}')
    config = builder.create_builder_config()
    if shapes is not None:
        profile = builder.create_optimization_profile()
        profile.set_shape(network.get_input(0).name, *shapes)
        config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise RuntimeError('TensorRT built no engine; its messages are above')
    return bytes(engine)


def save(engine: bytes, path: Path, metadata: Metadata) -> None:
    """Write an engine with its metadata."""
    text = metadata.to_json().encode()
    path.write_bytes(_LENGTH.pack(len(text)) + text + engine)


def read(path: Path) -> tuple[Metadata, bytes]:
    """Read what :func:`save` wrote.

    Raises:
        ValueError: If it has no metadata.
    """
    data = path.read_bytes()
    (length,) = _LENGTH.unpack_from(data) if len(data) >= _LENGTH.size else (0,)
    if not 0 < length <= len(data) - _LENGTH.size:
        raise ValueError(f'{path} has no metadata of mmseg_tome: export it with this package')
    start = _LENGTH.size
    return Metadata.from_json(data[start : start + length].decode()), data[start + length :]
