"""What is deployed instead of PyTorch, in a benchmark: compared with its reference, and timed."""

import subprocess
import sys

import pytest
import torch

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401 - registers
from mmseg_tome.analysis.implementations import (
    OnnxRuntime,
    OpenVino,
    StockCompiled,
    implementation,
    selectable,
)

pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

MEASURE = """
import sys

import mmseg_tome
from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.implementations import implementation
from mmseg_tome.analysis.workload import Workload

columns = [implementation(text) for text in sys.argv[1:]]
rows = list(benchmark.measure(Workload('b0', 128, 160), columns, repeats=1))
times = [row for row in rows if row.metric == benchmark.SECONDS]
assert [row.implementation for row in times] == [column.name for column in columns]
assert all(row.value > 0 and not row.note for row in times), [row.note for row in times]
differences = [row.value for row in rows if row.metric == 'relative_difference']
assert len(differences) == len(columns) and max(differences) < 1e-4, differences
"""


def measured(*columns):
    """In a process of their own: runtimes and compilers leave threads and handlers behind."""
    command = [sys.executable, '-c', MEASURE, *columns]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_onnx_runtime_and_compiled_stock_are_measured_in_one_run():
    measured('stock_compiled', 'stock_onnxruntime', 'onnxruntime none', 'onnxruntime balanced')


@pytest.mark.slow
def test_openvino_is_measured():
    pytest.importorskip('openvino')
    measured('stock_openvino', 'openvino balanced')


def test_what_is_not_measured():
    assert 'inference on a CPU' in OpenVino('hq').unavailable_reason('cuda')
    assert 'inference' in StockCompiled().unavailable_reason('cpu', 'training')
    for column in ('stock_openvino hq', 'stock_onnxruntime hq'):
        with pytest.raises(ValueError, match='stock merges nothing'):
            implementation(column)
    with pytest.raises(ValueError, match='measured as a whole'):
        OpenVino('hq').build('b0', 'backbone')
    with pytest.raises(ValueError, match='measured in fp32'):
        OnnxRuntime().inference(torch.nn.Identity(), torch.zeros(1, 3, 8, 8).bfloat16())
    assert {OpenVino('balanced'), OnnxRuntime('hq'), StockCompiled()} < set(selectable())
