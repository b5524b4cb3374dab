"""Which checkpoints are recognized, and what is said of those that are not what they seem."""

import pytest
import torch

from mmseg_tome.checkpoints.names import FORMATS, HUGGING_FACE, HUGGING_FACE_5, NVLABS
from mmseg_tome.checkpoints.translate import CheckpointError, find_format, from_ours, to_ours
from tests.checkpoints import nvlabs
from tests.checkpoints.tiny import hugging_face


@pytest.fixture(scope='module')
def published():
    return nvlabs.Segformer('b0').state_dict()


def test_formats_are_told_apart(published):
    assert find_format(published) is NVLABS
    assert find_format(hugging_face().state_dict()) in (HUGGING_FACE, HUGGING_FACE_5)
    for each in FORMATS:
        ours = to_ours(published, NVLABS).weights
        assert find_format(ours) is None
        assert find_format(from_ours(ours, each).weights) is each


def test_the_prefix_of_ddp_is_seen_through(published):
    wrapped = {f'module.{name}': value for name, value in published.items()}
    assert find_format(wrapped) is NVLABS
    for name, value in to_ours(wrapped, NVLABS).weights.items():
        assert torch.equal(value, to_ours(published, NVLABS).weights[name])


def test_the_pyramid_vision_transformers_are_left_alone():
    """Other backbones of the same process load their checkpoints, which have NVlabs' names."""
    second = nvlabs.MixTransformer('b0').state_dict()
    for name in ('weight', 'bias'):
        second[f'block1.0.mlp.fc1.{name}'] = torch.cat([second[f'block1.0.mlp.fc1.{name}']] * 2)
    assert find_format(second) is None
    first = nvlabs.MixTransformer('b0').state_dict()
    first = {name: value for name, value in first.items() if 'dwconv' not in name}
    assert find_format(first) is None


def test_every_layer_has_a_row_in_every_format():
    for each in FORMATS:
        assert [row.ours for row in each.encoder] == [row.ours for row in NVLABS.encoder]
        assert [row.ours for row in each.head] == [row.ours for row in NVLABS.head]


def test_a_head_with_norms_is_not_explained(published):
    ours = to_ours(published, NVLABS).weights
    ours['decode_head.convs.0.bn.weight'] = torch.ones(256)
    with pytest.raises(CheckpointError, match=r'no part of a SegFormer: decode_head\.convs\.0\.bn'):
        from_ours(ours, HUGGING_FACE)


def test_many_unknown_names_are_counted(published):
    extra = {f'extra.{i}': torch.ones(1) for i in range(9)}
    with pytest.raises(CheckpointError, match=r'extra\.0, extra\.1, extra\.2 and 6 more$'):
        to_ours({**published, **extra}, NVLABS)


def test_what_was_left_out_is_said(published):
    found = to_ours(published, NVLABS)
    assert set(found.unused) == {'decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'}
    assert found.renamed['backbone.layers.0.1.0.attn.attn.in_proj_weight'] == (
        'backbone.block1.0.attn.q.weight',
        'backbone.block1.0.attn.kv.weight',
    )
