"""Exported to ONNX, and run by ONNX Runtime on another image than the one it was exported with."""

import pytest
import torch

from mmseg_tome import PRESETS
from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import image

pytest.importorskip('onnxscript')
onnxruntime = pytest.importorskip('onnxruntime')


@pytest.mark.filterwarnings('ignore::UserWarning')  # the exporter's own
@pytest.mark.parametrize('strategy', PRESETS)
def test_runs_in_onnx_runtime(tmp_path, strategy):
    _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    path = tmp_path / 'model.onnx'
    torch.onnx.export(ours, (image((96, 128)),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    x = image((96, 128), seed=5)
    outs = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        expected = ours(x)
    for out, want in zip(outs, expected, strict=True):
        assert relative_difference(torch.from_numpy(out), want) <= 1e-5


@pytest.mark.filterwarnings('ignore::UserWarning', 'ignore::FutureWarning')
@pytest.mark.parametrize('strategy', ['none', 'hq', 'n2d_2x2'])
def test_runs_with_batches_of_other_sizes(tmp_path, strategy):
    _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    path = tmp_path / 'model.onnx'
    batch = torch.export.Dim('batch', min=1, max=64)
    pair = image((96, 128)).repeat(2, 1, 1, 1)
    torch.onnx.export(
        ours, (pair,), path, dynamo=True, verbose=False, dynamic_shapes={'x': {0: batch}}
    )
    session = onnxruntime.InferenceSession(path)
    for size in (1, 3):
        x = torch.cat([image((96, 128), seed=seed) for seed in range(size)])
        outs = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        with torch.no_grad():
            expected = ours(x)
        for out, want in zip(outs, expected, strict=True):
            assert relative_difference(torch.from_numpy(out), want) <= 1e-5


@pytest.mark.filterwarnings('ignore::UserWarning', 'ignore::FutureWarning')
@pytest.mark.parametrize('strategy', ['none', 'hq_weighted'])  # all: tests/deploy/test_dynamic.py
def test_runs_at_sizes_that_the_export_did_not_see(tmp_path, strategy):
    _, ours = make_pair(tome_cfg=strategy, num_layers=[1, 1, 1, 1])
    path = tmp_path / 'model.onnx'
    Dim = torch.export.Dim
    shapes = {0: Dim('batch', min=1, max=64), 2: Dim('height', max=4096), 3: Dim('width', max=4096)}
    pair = image((160, 192)).repeat(2, 1, 1, 1)
    torch.onnx.export(ours, (pair,), path, dynamo=True, verbose=False, dynamic_shapes={'x': shapes})
    session = onnxruntime.InferenceSession(path)
    for batch, hw in [(1, (160, 192)), (2, (256, 224)), (1, (161, 203)), (1, (512, 256))]:
        x = image(hw, batch)
        outs = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        with torch.no_grad():
            expected = ours(x)
        for out, want in zip(outs, expected, strict=True):
            assert relative_difference(torch.from_numpy(out), want) <= 1e-5
