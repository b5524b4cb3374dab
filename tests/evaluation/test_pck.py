"""PCK's parts on values worked out by hand."""

import math

import numpy as np
import pytest

pytest.importorskip('mmengine')
from mmseg_tome.evaluation.pck import (
    box_size,
    normalized_distances,
    pck_per_keypoint,
    torso_size,
)

NAN = math.nan


def test_box_size_is_the_longer_side():
    assert box_size(np.array([10.0, 20.0, 40.0, 60.0])) == 40.0
    assert box_size(np.array([10.0, 20.0, 90.0, 60.0])) == 80.0


@pytest.mark.parametrize('box', [[5, 5, 5, 5], [5, 5, 4, 3]])
def test_a_box_without_extent_has_no_size(box):
    assert math.isnan(box_size(np.array(box, dtype=float)))


PAIRS = [(0, 1), (2, 3)]
JOINTS = np.array([[0, 0], [3, 4], [0, 0], [6, 8]], dtype=float)  # pairs 5 and 10 pixels apart


@pytest.mark.parametrize(
    ('visible', 'size'),
    [([1, 1, 1, 1], 5.0), ([0, 1, 1, 1], 10.0), ([1, 0, 1, 1], 10.0), ([1, 0, 1, 0], NAN)],
)
def test_torso_falls_back_where_a_joint_is_invisible(visible, size):
    assert torso_size(JOINTS, np.array(visible, bool), PAIRS) == pytest.approx(size, nan_ok=True)


def test_torso_falls_back_where_it_is_shorter_than_a_pixel():
    visible = np.ones(4, bool)
    short = JOINTS.copy()
    short[1] = 0.0
    assert torso_size(short, visible, PAIRS) == 10.0
    short[1] = [0.6, 0.79]  # 0.99 pixels
    assert torso_size(short, visible, PAIRS) == 10.0
    short[1] = [0.6, 0.8]
    assert torso_size(short, visible, PAIRS) == 1.0
    short[1] = short[3] = 0.0
    assert math.isnan(torso_size(short, visible, PAIRS))


def test_normalized_distances():
    predicted = np.array([[3.0, 4.0], [1.0, 0.0], [NAN, 0.0], [0.0, 0.0]])
    truth, visible = np.zeros((4, 2)), np.array([True, False, True, True])
    found = normalized_distances(predicted, truth, visible, 10.0)
    np.testing.assert_array_equal(found, np.array([0.5, NAN, math.inf, 0.0], np.float32))
    assert np.isnan(normalized_distances(predicted, truth, visible, NAN)).all()


def test_pck_per_keypoint():
    distances = np.array([[0.05, 0.2, NAN], [0.1, NAN, NAN], [math.inf, 0.0, NAN]])
    # The first keypoint is right in one of three (0.1 is not below 0.1), the second in one of two.
    np.testing.assert_allclose(pck_per_keypoint(distances, 0.1), [1 / 3, 1 / 2, NAN])
