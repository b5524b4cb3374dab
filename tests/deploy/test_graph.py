"""The graph that is exported computes what the model does, and leaves the model as it is."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmseg_tome import PRESETS
from mmseg_tome.deploy.graph import Graph
from mmseg_tome.deploy.layers import ConvolutionFFN, ConvolutionHead
from mmseg_tome.deploy.precision import in_precision
from tests.baselines.stock import relative_difference
from tests.deploy.models import normalized, picture, tiny_estimator, tiny_segmentor

pytest.importorskip('mmseg')


@pytest.mark.parametrize('strategy', PRESETS)
def test_logits_are_those_of_the_model(strategy):
    model = tiny_segmentor(strategy)
    images = normalized(model, picture(104, 136, batch=2))
    with torch.no_grad():
        expected = model(images)
        graph = Graph(model, 'logits')
        assert relative_difference(graph(images), expected) < 1e-5
        assert torch.equal(model(images), expected)  # nothing was changed
    assert all(parameter.requires_grad for parameter in model.parameters())
    kinds = {type(module) for module in graph.modules()}
    assert {ConvolutionFFN, ConvolutionHead} <= kinds
    assert not any(isinstance(module, nn.BatchNorm2d) for module in graph.modules())


def test_levels_that_are_bare_linears_become_a_part_of_the_fusion():
    model = tiny_segmentor(bare_projections=True)
    images = normalized(model, picture(104, 136))
    with torch.no_grad():
        graph = Graph(model, 'logits')
        assert relative_difference(graph(images), model(images)) < 1e-5
    assert [type(branch) for branch in graph.head.branches] == [nn.Conv2d] * 4


def test_layers_that_are_not_plain_stay():
    model = tiny_segmentor()
    model.decode_head.convs[0].conv.register_forward_hook(lambda *_: None)
    graph = Graph(model, 'logits')
    assert type(graph.head).__name__ == 'SegformerHead'
    images = normalized(model, picture(64, 96))
    with torch.no_grad():
        assert relative_difference(graph(images), model(images)) < 1e-5


def test_pictures_are_normalized_as_by_the_preprocessor():
    model, pictures = tiny_segmentor('hq'), picture(64, 96, batch=2)
    with torch.no_grad():
        expected = Graph(model, 'logits')(normalized(model, pictures))
        graph = Graph(model, 'logits', normalize=True)
        assert relative_difference(graph(pictures), expected) < 1e-6
    # Back, to the byte.
    assert torch.equal(graph.normalize.undo(normalized(model, pictures)), pictures)


def test_classes_are_those_that_the_model_predicts():
    model, pictures = tiny_segmentor('n2d_2x2'), picture(64, 96)
    with torch.no_grad():
        found = Graph(model, 'classes', normalize=True)(pictures)
        model.test_cfg = Config(dict(mode='whole'))
        (sample,) = model.predict(normalized(model, pictures), None)
    assert found.dtype == torch.uint8 and found.shape == (1, 64, 96)
    assert (found[0] == sample.pred_sem_seg.data[0]).float().mean() > 0.999


def test_keypoints_are_those_of_the_codec():
    pytest.importorskip('mmpose')
    model = tiny_estimator('hq')
    images = normalized(model, picture(128, 96, batch=3))
    with torch.no_grad():
        heatmaps = Graph(model, 'heatmaps')(images)
        assert relative_difference(heatmaps, model(images, None)) < 1e-5
        found = Graph(model, 'keypoints')(images).numpy()
        of_borders = Graph(model, 'keypoints').finish
        at_borders = torch.rand(50, 5, 32, 24)  # the largest value anywhere
        at_borders[torch.arange(50), 0, torch.arange(50) % 32, torch.arange(50) % 24] = 2
        at_borders[torch.arange(24), 1, 0, torch.arange(24)] = 3  # along the upper border
        at_borders[torch.arange(32), 2, torch.arange(32), 0] = 3  # along the left one
        heatmaps, borders = heatmaps.numpy(), of_borders(at_borders).numpy()
    for one, maps in zip(found, heatmaps, strict=True):
        keypoints, scores = model.head.decoder.decode(maps)
        assert np.allclose(one[:, :2], keypoints[0], atol=1e-3)
        assert np.allclose(one[:, 2], scores[0], atol=1e-5)
    for one, maps in zip(borders, at_borders.numpy(), strict=True):
        keypoints, scores = model.head.decoder.decode(maps)
        assert np.allclose(one[:, :2], keypoints[0]) and np.allclose(one[:, 2], scores[0])
    missing = of_borders(torch.full((1, 5, 32, 24), -1.0)).numpy()
    keypoints, _ = model.head.decoder.decode(np.full((5, 32, 24), -1.0, np.float32))
    assert np.allclose(missing[0, :, :2], keypoints[0])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precisions_are_close_and_leave_in_fp32(dtype):
    model = tiny_segmentor('n2d_2x2')
    images = normalized(model, picture(64, 96))
    with torch.no_grad():
        expected = model(images)
        out = in_precision(Graph(model, 'logits'), dtype)(images)
        assert out.dtype == torch.float32
        assert 0 < relative_difference(out, expected) < 0.1
        assert torch.equal(model(images), expected)


def test_norms_do_not_overflow_in_fp16():
    model = tiny_segmentor()
    for block in model.backbone.layers[0][1]:
        nn.init.constant_(block.norm1.bias, 300.0)  # 300 ** 2 is beyond fp16
        nn.init.constant_(block.ffn.layers[-2].bias, 400.0)
    images = normalized(model, picture(64, 96))
    with torch.no_grad():
        out = in_precision(Graph(model, 'logits'), torch.float16)(images)
    assert out.isfinite().all()


@pytest.mark.parametrize(
    ('change', 'output', 'message'),
    [
        (lambda m: None, 'heatmaps', "'heatmaps' is not allowed for segmentation: give 'logits'"),
        (lambda m: setattr(m.decode_head, 'out_channels', 1), 'classes', 'needs 2 to 256 classes'),
        (lambda m: delattr(m, 'decode_head'), 'logits', 'needs a backbone, and one decode_head'),
    ],
)
def test_what_cannot_be_exported_is_refused(change, output, message):
    model = tiny_segmentor()
    change(model)
    with pytest.raises(ValueError, match=message):
        Graph(model, output)


def test_normalizing_needs_to_know_how():
    model = tiny_segmentor()
    model.data_preprocessor = nn.Identity()
    with pytest.raises(ValueError, match='needs the mean and std of the data_preprocessor'):
        Graph(model, 'logits', normalize=True)


def test_keypoints_of_other_codecs_are_refused():
    pytest.importorskip('mmpose')
    codec = dict(
        type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=2, unbiased=True
    )
    with pytest.raises(ValueError, match=r"MSRAHeatmap with unbiased = False.*export 'heatmaps'"):
        Graph(tiny_estimator(decoder=codec), 'keypoints')
