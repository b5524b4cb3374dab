"""What is deployed instead of PyTorch, in a benchmark: compared with its reference, and timed."""

import pytest
import torch

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401 - registers
from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.implementations import (
    OnnxRuntime,
    OpenVino,
    StockCompiled,
    StockOnnxRuntime,
    StockOpenVino,
    implementation,
    selectable,
)
from mmseg_tome.analysis.workload import Workload

pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning', 'ignore::FutureWarning')


def measured(columns):
    rows = benchmark.measure(Workload('b0', 128, 160), columns, repeats=1)
    times = [row for row in rows if row.metric == benchmark.SECONDS]
    assert [row.implementation for row in times] == [column.name for column in columns]
    assert all(row.value > 0 and not row.note for row in times), [row.note for row in times]
    differences = [row.value for row in rows if row.metric == 'relative_difference']
    assert len(differences) == len(columns) and max(differences) < 1e-4


def test_onnx_runtime_and_compiled_stock_are_measured_in_one_run():
    measured([StockCompiled(), StockOnnxRuntime(), OnnxRuntime('none'), OnnxRuntime('balanced')])


def test_openvino_is_measured():
    pytest.importorskip('openvino')
    measured([StockOpenVino(), OpenVino('balanced')])


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
