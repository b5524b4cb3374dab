"""What is deployed instead of PyTorch, in a benchmark: compared with its reference, and timed."""

import subprocess
import sys

import pytest
import torch

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401 - registers
from mmseg_tome.analysis import parity
from mmseg_tome.analysis.implementations import (
    OnnxRuntime,
    OpenVino,
    OpenVinoInt8,
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

dtype, *names = sys.argv[1:]
columns = [implementation(text) for text in names]
rows = list(benchmark.measure(Workload('b0', 128, 160, dtype=dtype), columns, repeats=1))
times = [row for row in rows if row.metric == benchmark.SECONDS]
assert [row.implementation for row in times] == [column.name for column in columns]
assert all(row.value > 0 and not row.note for row in times), [row.note for row in times]
differences = [row.value for row in rows if row.metric == 'relative_difference']
assert len(differences) == len(columns), differences
exact = [d for d, column in zip(differences, columns) if not column.is_quantized]
assert max(exact, default=0) < 1e-4, differences
assert all(d > 1e-3 for d in set(differences) - set(exact)), differences
"""


def measured(*columns, dtype='fp32'):
    """In a process of their own: runtimes and compilers leave threads and handlers behind."""
    command = [sys.executable, '-c', MEASURE, dtype, *columns]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_onnx_runtime_and_compiled_stock_are_measured_in_one_run():
    measured('stock_compiled', 'stock_onnxruntime', 'onnxruntime none', 'onnxruntime balanced')


@pytest.mark.slow
def test_openvino_is_measured():
    pytest.importorskip('openvino')
    measured('stock_openvino', 'openvino balanced')


@pytest.mark.slow
def test_quantized_files_are_measured():
    pytest.importorskip('nncf')
    measured('stock_openvino_int8', 'onnxruntime_int8 none')


@pytest.mark.slow
def test_openvino_is_measured_in_bf16():
    pytest.importorskip('openvino')
    measured('openvino none', dtype='bf16')


def test_low_precision_of_a_file_is_compared():
    parity.check_exported(OpenVino('hq'), 0.3)
    with pytest.raises(parity.ParityError, match=r'openvino hq: low precision changes .* 0\.6 '):
        parity.check_exported(OpenVino('hq'), 0.6)
    assert parity.check_parity(OpenVinoInt8('none'), 0.05) == 0.05
    with pytest.raises(parity.ParityError, match=r'0\.05'):
        parity.check_parity(OpenVino('none'), 0.05)


def test_what_is_not_measured():
    assert 'inference on a CPU' in OpenVino('hq').unavailable_reason('cuda')
    assert 'inference' in StockCompiled().unavailable_reason('cpu', 'training')
    for column in ('stock_openvino hq', 'stock_onnxruntime hq'):
        with pytest.raises(ValueError, match='stock merges nothing'):
            implementation(column)
    with pytest.raises(ValueError, match='measured as a whole'):
        OpenVino('hq').build('b0', 'backbone')
    for column in (OnnxRuntime(), OpenVinoInt8()):
        with pytest.raises(ValueError, match=r'torch\.float32, and not in torch\.bf'):
            column.inference(torch.nn.Identity(), torch.zeros(1, 3, 8, 8).bfloat16())
    assert {OpenVino('balanced'), OnnxRuntime('hq'), StockCompiled()} < set(selectable())
