"""``torch.jit.trace``, the exporter to ONNX that is built on it, and counters of operations."""

import io
import warnings

import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmseg_tome import PRESETS, apply_tome
from mmseg_tome.models import MixVisionTransformer
from mmseg_tome.models.segformer_head import SegformerHead
from tests.baselines.stock import relative_difference

# One size is traced; the other has odd maps, and cells that are not whole.
TRACED, OTHER = (1, 3, 128, 160), (1, 3, 200, 136)


@pytest.fixture(scope='module')
def model() -> nn.Module:
    """A small segmentor with random weights, under which maps of tokens have no ties."""
    torch.manual_seed(0)
    backbone = MixVisionTransformer(
        embed_dims=16, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], drop_path_rate=0.0
    )
    head = SegformerHead(
        in_channels=[16, 32, 64, 128],
        in_index=[0, 1, 2, 3],
        channels=32,
        num_classes=5,
        norm_cfg=dict(type='BN'),
    )
    for module in (backbone, head):
        for parameter in module.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=1.5 / parameter[0].numel() ** 0.5)
    return nn.Sequential(backbone, head).eval()


@pytest.fixture(autouse=True)
def without_the_tracers_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


@pytest.mark.parametrize('gradients', [False, True])
@pytest.mark.parametrize('strategy', PRESETS)
def test_traced_saved_and_run_at_another_size(model, strategy, gradients):
    apply_tome(model, strategy)
    file = io.BytesIO()
    with torch.set_grad_enabled(gradients):
        traced = torch.jit.trace(model, torch.randn(TRACED), check_trace=False)
    torch.jit.save(traced, file)
    file.seek(0)
    loaded = torch.jit.load(file)
    with torch.no_grad():
        for size in (TRACED, OTHER, (2, *OTHER[1:])):
            image = torch.randn(size)
            assert relative_difference(loaded(image), model(image)) < 1e-5


@pytest.mark.parametrize('gradients', [False, True])
@pytest.mark.parametrize('strategy', PRESETS)
def test_exported_by_tracing(model, strategy, gradients):
    runtime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnx')
    apply_tome(model, strategy)
    file, image = io.BytesIO(), torch.randn(TRACED)
    with torch.set_grad_enabled(gradients):
        torch.onnx.export(model, (image,), file, dynamo=False, opset_version=17)
    session = runtime.InferenceSession(file.getvalue(), providers=['CPUExecutionProvider'])
    (name,) = (one.name for one in session.get_inputs())
    (out,) = session.run(None, {name: image.numpy()})
    with torch.no_grad():
        assert relative_difference(torch.from_numpy(out), model(image)) < 1e-5


@pytest.mark.parametrize('strategy', PRESETS)
def test_counters_see_fewer_operations_where_tokens_are_merged(model, strategy):
    """MMEngine's counter sees no attention, PyTorch's none in fused kernels on a CPU."""
    counted = {}
    for name in ('none', strategy):
        apply_tome(model, name)
        mmengine = get_model_complexity_info(model, TRACED[1:], show_table=False, show_arch=False)
        with FlopCounterMode(display=False) as torchs, torch.no_grad():
            model(torch.randn(TRACED))
        counted[name] = (mmengine['flops'], torchs.get_total_flops())
    assert all(count > 0 for counts in counted.values() for count in counts)
    if strategy != 'none':
        assert counted[strategy] < counted['none']
