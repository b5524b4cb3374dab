"""Graphs for any batch, height and width, at sizes that the export did not see."""

import pytest
import torch

from mmseg_tome import PRESETS
from mmseg_tome.deploy.export import Settings, export_model
from mmseg_tome.deploy.graph import Graph
from mmseg_tome.deploy.runtimes import open_exported
from mmseg_tome.deploy.tracing import trace
from mmseg_tome.deploy.verify import BOUNDS, compare, reference_graph
from tests.deploy.models import normalized, picture, tiny_segmentor

pytest.importorskip('mmseg')
# Batch, height, width: odd maps, and cells that are not whole, among them.
SIZES = [(1, 128, 128), (3, 160, 256), (2, 200, 136), (1, 157, 139)]
WINDOWED = [{'q_mode': 'bsm', 'q_r': 0.9375, 'q_sx': 4, 'q_sy': 4, 'q_window': 3}] * 4
LEAST = {'downsample': 256, 'balanced': 160}


def check(path, strategy, smallest=128):
    runtime, model = open_exported(path), tiny_segmentor(strategy)
    assert (runtime.metadata.batch, runtime.metadata.height) == (None, None)
    reference = reference_graph(model, runtime)
    assert runtime.metadata.least == smallest
    for batch, *hw in SIZES:
        height, width = (side * smallest // 128 for side in hw)
        images = normalized(model, picture(height, width, batch))
        found = compare(reference, runtime, images)
        assert found.problem(BOUNDS['fp32']) == '', found.describe()


# Reasoning about sizes takes the tracer 20 seconds of a core for each.
@pytest.mark.slow
@pytest.mark.parametrize('strategy', [each for each in PRESETS if each != 'hq_weighted'])  # below
def test_every_strategy_in_onnx(exported, strategy):
    check(exported('onnx', strategy, dynamic=True), strategy, LEAST.get(strategy, 128))


@pytest.mark.slow
def test_windows_in_every_stage(exported):
    check(exported('onnx', WINDOWED, dynamic=True), WINDOWED, LEAST['balanced'])


def test_onnx(exported):
    check(exported('onnx', 'hq_weighted', dynamic=True), 'hq_weighted')


def test_program_of_torch(exported):
    check(exported('torch', 'n2d_2x2', dynamic=True), 'n2d_2x2')


@pytest.mark.slow
def test_openvino(exported):
    check(exported('openvino', 'hq', dynamic=True), 'hq')


@pytest.mark.slow
def test_pictures_of_any_size(exported):
    path = exported('onnx', 'n2d_2x2', dynamic=True, normalize=True, output='classes')
    model, runtime = tiny_segmentor('n2d_2x2'), open_exported(path)
    for batch, height, width in SIZES:
        pictures = picture(height, width, batch)
        found = compare(reference_graph(model, runtime), runtime, pictures)
        assert found.problem(BOUNDS['fp32']) == '', found.describe()


def test_a_strategy_that_looks_at_the_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="dynamic = True is not possible with tome_cfg = 'auto'"):
        trace(Graph(tiny_segmentor('auto'), 'logits'), torch.zeros(2, 3, 64, 64), dynamic=True)
    pytest.importorskip('onnxscript')
    settings = Settings('onnx', (96, 64))
    export_model(tiny_segmentor('auto'), tmp_path / 'auto.onnx', settings)  # for one size
