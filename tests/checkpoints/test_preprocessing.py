"""Hugging Face's settings of pictures, of any age."""

import pytest

from mmseg_tome.checkpoints.preprocessing import (
    MEAN,
    STD,
    Preprocessing,
    from_processor,
    to_processor,
)
from mmseg_tome.checkpoints.translate import CheckpointError

# As the first releases wrote it, for ADE20K.
OLD = {
    'do_normalize': True,
    'do_resize': True,
    'feature_extractor_type': 'SegformerFeatureExtractor',
    'image_mean': [0.485, 0.456, 0.406],
    'image_std': [0.229, 0.224, 0.225],
    'reduce_labels': True,
    'resample': 2,
    'size': 640,
}


def test_of_the_first_releases():
    assert from_processor(OLD) == Preprocessing(MEAN, STD, (640, 640), 'bilinear', True)


def test_width_and_height_are_not_confused():
    found = from_processor({'size': {'height': 512, 'width': 1024}})
    assert found.size == (1024, 512)
    assert to_processor(found)['size'] == {'height': 512, 'width': 1024}


def test_nothing_beside_the_weights_is_imagenet_as_it_is():
    assert from_processor({}) == Preprocessing(MEAN, STD, None)


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'resample': 3},
        {'do_resize': False},
        {'do_rescale': False, 'image_mean': [100.0] * 3, 'image_std': [50.0] * 3},
        {'do_normalize': False},
        {'rescale_factor': 1 / 127.5},
    ],
    ids=str,
)
def test_there_and_back(changes):
    found = from_processor({**OLD, **changes})
    again = from_processor(to_processor(found))
    assert again.mean == pytest.approx(found.mean, abs=1e-4)
    assert again.std == pytest.approx(found.std, abs=1e-4)
    assert (again.size, again.resample, again.reduce_labels) == (
        found.size,
        found.resample,
        found.reduce_labels,
    )


@pytest.mark.parametrize('size', [{'shortest_edge': 512}, [512, 512], '512'])
def test_other_sizes_are_named(size):
    with pytest.raises(CheckpointError, match='has no equivalent: give height and width'):
        from_processor({'size': size})


@pytest.mark.parametrize(
    ('number', 'mean'), [(1, (20.0,)), (2, (10.0, 20.0)), (4, (10.0, 20.0, 30.0, 20.0))]
)
def test_mean_of_other_channels(number, mean):
    found = Preprocessing(mean=(10.0, 20.0, 30.0), std=(1.0, 1.0, 1.0)).with_channels(number)
    assert found.mean == mean and found.std == (1.0,) * number
