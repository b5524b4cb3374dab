"""Files of every format compute what the model does, and say what they are."""

import numpy as np
import pytest
import torch

from mmseg_tome.deploy.export import PRECISIONS, Settings
from mmseg_tome.deploy.metadata import KEY
from mmseg_tome.deploy.runtimes import RuntimeOptions, open_exported
from mmseg_tome.deploy.verify import BOUNDS, compare, first_difference, reference_graph
from tests.deploy.models import normalized, picture, tiny_segmentor

pytest.importorskip('mmseg')
FORMATS = ('onnx', 'openvino', 'torch')


def compared(path, strategy, images=None):
    runtime, model = open_exported(path), tiny_segmentor(strategy)
    if images is None:
        images = normalized(model, picture(96, 128, batch=2))
    found = compare(reference_graph(model, runtime), runtime, images)
    assert found.problem(BOUNDS[runtime.metadata.precision]) == ''
    return found


@pytest.mark.parametrize('strategy', ['none', 'hq', 'n2d_2x2'])  # all of them: test_dynamic.py
def test_onnx(exported, strategy):
    found = compared(exported('onnx', strategy), strategy)
    assert found.fixed < 1e-5
    assert (found.matches is not None) == (strategy == 'hq')


def test_openvino(exported):
    found = compared(exported('openvino'), 'hq')
    assert found.fixed < 1e-5 and found.matches.tokens > 0


def test_program_of_torch(exported):
    assert compared(exported('torch'), 'hq').relative < 1e-4


@pytest.mark.parametrize('fmt', FORMATS)
def test_metadata_is_inside(exported, fmt):
    metadata = open_exported(exported(fmt)).metadata
    assert (metadata.task, metadata.output, metadata.strategy) == ('segmentation', 'logits', 'hq')
    assert (metadata.batch, metadata.height, metadata.width) == (1, 96, 128)
    assert metadata.classes[18] == 'class 18' and metadata.palette[18] == (18, 0, 255)
    assert metadata.mean == (120.0,) * 3 and metadata.bgr_to_rgb
    assert metadata.source == {'commit': 'abc'}


def test_pictures_in_and_classes_out(exported):
    path = exported('onnx', 'n2d_2x2', normalize=True, output='classes')
    pictures = picture(96, 128, batch=2)
    found = compared(path, 'n2d_2x2', pictures)
    assert found.differing < 0.1
    classes = open_exported(path)(pictures.numpy())
    assert classes.shape == (2, 96, 128) and classes.dtype == np.uint8
    assert len(np.unique(classes)) > 2


@pytest.mark.parametrize('fmt', ['onnx', 'torch'])
def test_fp16(exported, fmt):
    found = compared(exported(fmt, precision='fp16'), 'hq')
    assert found.relative > 1e-6  # it is not fp32 after all


def test_openvino_in_half_the_bytes(exported):
    half, full = exported('openvino', precision='fp16'), exported('openvino')
    sizes = [path.with_suffix('.bin').stat().st_size for path in (half, full)]
    assert sizes[0] < 0.7 * sizes[1]
    compared(half, 'hq')


def test_another_size_is_refused(exported):
    runtime = open_exported(exported('onnx'))
    with pytest.raises(ValueError, match='takes images of 128x96 pixels, and this one has 64x64'):
        runtime(np.zeros((1, 3, 64, 64), np.float32))


@pytest.mark.parametrize('fmt', ['onnx', 'openvino'])
def test_the_block_that_differs_is_named(exported, fmt):
    runtime, model = open_exported(exported(fmt)), tiny_segmentor('hq')
    images = normalized(model, picture(96, 128))
    with torch.no_grad():
        model.backbone.layers[1][1][1].ffn.layers[4].weight *= 1.1
    reference, bound = reference_graph(model, runtime), BOUNDS['fp32']
    assert 'differs from the model' in compare(reference, runtime, images).problem(bound)
    named = first_difference(reference, runtime, images, bound)
    assert 'backbone.layers.1.1.1' in named
    with torch.no_grad():
        model = tiny_segmentor('hq')
        model.decode_head.conv_seg.weight *= 1.1
    reference = reference_graph(model, runtime)
    assert 'the head' in first_difference(reference, runtime, images, bound)


def test_wrong_matches_are_no_near_ties(exported):
    """A model that merges other tokens is told from one that rounds otherwise."""
    pytest.importorskip('onnxruntime')
    runtime, model = open_exported(exported('onnx')), tiny_segmentor('hq')
    images = normalized(model, picture(96, 128))
    run = runtime.run_with_taps

    def shuffled(images, names):
        out, *slots = run(images, names)
        merged = np.flatnonzero(slots[3][0] == slots[3][0].max())
        slots[3] = slots[3].copy()
        slots[3][0, merged[-1]] -= 1
        return [out, *slots]

    runtime.run_with_taps = shuffled
    found = compare(reference_graph(model, runtime), runtime, images)
    assert found.matches.moved >= 1
    assert found.problem(BOUNDS['fp32'])


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(format='tflite'), "format = 'tflite' is not allowed: give one of onnx, openvino"),
        (
            dict(format='onnx', precision='bf16'),
            "precision = 'bf16' is not there for format = 'onnx'",
        ),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings, size=(64, 64))
    assert set(PRECISIONS) == {'onnx', 'openvino', 'tensorrt', 'torch'}


def test_files_of_others_are_refused(tmp_path):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    node = onnx.helper.make_node('Identity', ['x'], ['y'])
    infos = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in 'xy']
    graph = onnx.helper.make_graph([node], 'other', infos[:1], infos[1:])
    opset = [onnx.helper.make_opsetid('', 18)]
    path = tmp_path / 'other.onnx'
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    with pytest.raises(ValueError, match=f'has no metadata of {KEY}'):
        open_exported(path)
    with pytest.raises(ValueError, match='allowed are files that end in'):
        open_exported(tmp_path / 'model.pth')
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        open_exported(tmp_path / 'model.onnx')


def test_options_of_runtimes(exported):
    one = open_exported(exported('onnx'), RuntimeOptions(threads=1))
    assert one(np.zeros((1, 3, 96, 128), np.float32)).shape == (1, 19, 24, 32)
    with pytest.raises(ValueError, match="provider = 'NoneExecutionProvider' is not in this ONNX"):
        open_exported(exported('onnx'), RuntimeOptions(provider='NoneExecutionProvider'))
    with pytest.raises(ValueError, match="device = 'NPU9' is not there"):
        open_exported(exported('openvino'), RuntimeOptions(device='NPU9'))
    with pytest.raises(ValueError, match='threads = -1 is not allowed'):
        RuntimeOptions(threads=-1)


def test_tensorrt_is_asked_for_in_one_sentence(tmp_path):
    from mmseg_tome.compat.versions import is_installed
    from mmseg_tome.deploy.export import export_model

    if is_installed('tensorrt'):
        pytest.skip('it is installed')
    pytest.importorskip('onnxscript')
    with pytest.raises(ModuleNotFoundError, match=r"needs tensorrt.*'mmseg_tome\[tensorrt\]'"):
        export_model(tiny_segmentor(), tmp_path / 'm.engine', Settings('tensorrt', (64, 64)))


def test_engines_begin_with_their_metadata(tmp_path):
    from mmseg_tome.deploy import tensorrt_file
    from tests.deploy.test_metadata import METADATA

    path = tmp_path / 'model.engine'
    tensorrt_file.save(b'engine', path, METADATA)
    assert tensorrt_file.read(path) == (METADATA, b'engine')
    path.write_bytes(b'engine of another program')
    with pytest.raises(ValueError, match='has no metadata'):
        tensorrt_file.read(path)


@pytest.mark.parametrize('strategy', ['hq_weighted', 'balanced'])
def test_no_sum_is_left_to_threads_that_race(exported, strategy):
    onnx = pytest.importorskip('onnx')
    graph = onnx.load(exported('onnx', strategy)).graph
    added = {
        node.op_type
        for node in graph.node
        for attribute in node.attribute
        if attribute.name == 'reduction' and attribute.s == b'add'
    }
    assert added == {'ScatterElements'}  # ONNX Runtime's ScatterND loses some of what it adds
