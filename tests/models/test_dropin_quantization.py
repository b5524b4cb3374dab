"""Quantization by torch.ao, which puts observers and other layers into a model, against stock."""

import pytest
import torch
from torch import nn
from torch.ao import quantization

from tests.baselines.stock import relative_difference
from tests.models.dropin import gradients_of, make_models, on_both, photo, train

pytestmark = pytest.mark.filterwarnings('ignore::DeprecationWarning', 'ignore::UserWarning')


def make_float_models(strategy='none'):
    """In fp32, which is what can be quantized; with layers that torch.ao has counterparts of."""
    models = [model.float() for model in make_models(strategy)]

    def plain_convs(model):
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                module.__class__ = nn.Conv2d  # mmcv's own class is in no mapping

    on_both(models, plain_convs)
    return models


def observers_of(model):
    """Whether each observer has seen data, by name."""
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, quantization.ObserverBase):
            low = module.min_val
            found[name] = bool(low.numel()) and bool(low.isfinite().all())
    return found


def test_fake_quantizers_see_what_they_see_in_stock():
    models = make_float_models()
    qconfig = quantization.get_default_qat_qconfig('x86')

    def prepare(model):
        # Convolutions alone: attention would need a class of torch.ao's own.
        for module in model.modules():
            if type(module) is nn.Conv2d:
                module.qconfig = qconfig
        quantization.prepare_qat(model.train(), inplace=True)

    on_both(models, prepare)
    gradients = [gradients_of(model, photo().float()) for model in models]
    stock, ours = (observers_of(model) for model in models)
    assert len(stock) == 2 * 25 and all(stock.values())
    assert ours == stock
    assert list(gradients[1]) == list(gradients[0])
    for model in models:
        model.eval().apply(quantization.disable_observer)
    scales = [
        {n: m.scale for n, m in model.named_modules() if isinstance(m, quantization.FakeQuantize)}
        for model in models
    ]
    for name, scale in scales[0].items():
        torch.testing.assert_close(scales[1][name], scale, rtol=1e-3, atol=1e-6)
    with torch.no_grad():
        outs = [model(photo().float()) for model in models]
    # A value at the border of two steps may fall to either side.
    assert relative_difference(*outs[::-1]) < 0.05
    weight = models[1].decode_head.fusion_conv.conv.weight
    before = weight.detach().clone()
    train(models[1], 2)
    assert not torch.equal(weight, before)


class InInt8(nn.Module):
    """A convolution that torch.ao converts, between the steps to and from int8."""

    def __init__(self, conv):
        super().__init__()
        self.quantize, self.conv = quantization.QuantStub(), conv
        self.dequantize = quantization.DeQuantStub()

    def forward(self, x):
        return self.dequantize(self.conv(self.quantize(x)))


@pytest.mark.parametrize('strategy', ['none', 'hq'])
def test_static_quantization(strategy):
    models = make_float_models(strategy)
    with torch.no_grad():
        plain = [model(photo().float()) for model in models]

    def quantize(model):
        block = model.backbone.layers[1][1][0].ffn
        for i in (0, 4):
            block.layers[i] = InInt8(block.layers[i])
        head = model.decode_head
        head.conv_seg = InInt8(head.conv_seg)
        head.fusion_conv.conv = InInt8(head.fusion_conv.conv)
        layers = [module for module in model.modules() if isinstance(module, InInt8)]
        for layer in layers:
            layer.qconfig = quantization.get_default_qconfig('x86')
            quantization.prepare(layer, inplace=True)
        with torch.no_grad():
            model(photo().float())
        for layer in layers:
            quantization.convert(layer, inplace=True)

    on_both(models, quantize)
    with torch.no_grad():
        outs = [model(photo().float()) for model in models]
    assert type(models[1].decode_head.conv_seg.conv).__module__.startswith('torch.ao')
    for out, expected in zip(outs, plain, strict=True):
        assert 1e-4 < relative_difference(out, expected) < 0.1
    if strategy == 'none':
        assert relative_difference(*outs[::-1]) < 0.02


def test_dynamic_quantization():
    models = []
    for model in make_float_models():
        torch.manual_seed(0)
        model.decode_head.conv_seg = nn.Sequential(
            nn.Flatten(2), Transposed(), nn.Linear(16, 5), Transposed()
        )
        models.append(quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8))
    with torch.no_grad():
        outs = [model(photo().float()) for model in models]
    assert 'dynamic' in type(models[1].decode_head.conv_seg[2]).__module__
    assert relative_difference(*outs[::-1]) < 0.02


class Transposed(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)


def test_dynamic_quantization_of_the_projections_of_attention():
    """torch.ao leaves attention's own class of linear alone, by default and in both models."""
    models = [
        quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
        for model in make_float_models()
    ]
    with torch.no_grad():
        outs = [model(photo().float()) for model in models]
    assert relative_difference(*outs[::-1]) < 1e-4
