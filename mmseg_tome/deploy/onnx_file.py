"""Graphs as ONNX files."""

import logging
from pathlib import Path
from typing import Any

from ..quiet import quiet
from .metadata import KEY, Metadata
from .missing import need
from .tracing import INPUT, Traced

# The first with every operation of these graphs; older ones are read by more runtimes.
OPSET = 18
# The exporter reports on its own steps.
_TALKATIVE = ('onnxscript', 'onnx_ir', 'torch.onnx')


def convert(traced: Traced) -> Any:
    """Convert to an ONNX model whose outputs are those of the graph, its blocks and matches.

    Raises:
        ModuleNotFoundError: If onnx or onnxscript is not installed.
    """
    import torch

    for package in ('onnx', 'onnxscript'):
        need(package, 'exporting to ONNX')
    with quiet(*map(logging.getLogger, _TALKATIVE)):
        program: Any = torch.onnx.export(
            traced.program,
            (),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(traced.outputs),
            verbose=False,
        )
    return program.model_proto


def without_taps(model: Any) -> Any:
    """The model with the graph's own output alone; the others stay inside, under their names."""
    del model.graph.output[1:]
    return model


def save(model: Any, path: Path, metadata: Metadata) -> None:
    """Write a model with its metadata."""
    onnx = need('onnx', 'writing ONNX')
    onnx.helper.set_model_props(model, {KEY: metadata.to_json()})
    onnx.save(model, str(path))
