"""What a file says about itself."""

import dataclasses

import pytest

from mmseg_tome.deploy.metadata import Metadata

METADATA = Metadata(
    task='segmentation',
    output='logits',
    normalize=False,
    mean=(120.0, 116.5, 103.5),
    std=(58.0, 57.0, 57.5),
    bgr_to_rgb=True,
    batch=1,
    height=96,
    width=128,
    least=64,
    precision='fp32',
    strategy='hq',
    classes=('road', 'sky'),
    palette=((1, 2, 3), (4, 5, 6)),
    layers=('backbone.layers.0.1.0',),
    matches=('matches.0',),
    source={'commit': 'abc', 'versions': {'torch': '2.13.0'}},
)


def test_is_read_as_it_was_written():
    assert Metadata.from_json(METADATA.to_json()) == METADATA


@pytest.mark.parametrize('text', ['{', '[]', '{"task": "pose"}', ''])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="metadata under 'mmseg_tome' cannot be read"):
        Metadata.from_json(text)


def test_another_size_is_refused_with_what_to_export():
    METADATA.check_size(96, 128, 'model.onnx')
    with pytest.raises(
        ValueError, match=r'model.onnx takes images of 128x96 .* has 64x32.*--size 64x32'
    ):
        METADATA.check_size(32, 64, 'model.onnx')
    dynamic = dataclasses.replace(METADATA, batch=None, height=None, width=None)
    dynamic.check_size(64, 65, 'model.onnx')
    with pytest.raises(ValueError, match='of at least 64x64 pixels, and this one has 64x32'):
        dynamic.check_size(32, 64, 'model.onnx')
    assert 'any size from 64x64 pixels up, any batch' in dynamic.describe_input()
