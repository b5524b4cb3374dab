import numpy as np
import pytest
from PIL import Image

from benchmarks.pictures.pose import _count_correct, draw_poses
from benchmarks.pictures.pose_sample import PoseSample

BONES = [(0, 1), (1, 2), (2, 3)]
COLORS = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
TRUTH = np.array([[30.0, 20], [30, 60], [60, 60], [60, 90]])


def make_sample(**changes):
    fields = dict(
        image=np.full((120, 100, 3), 200, np.uint8),
        region=np.array([-10.0, 0, 80, 120]),
        box=np.array([20.0, 10, 70, 110]),
        truth=TRUTH,
        visible=np.array([True, True, True, False]),
        predictions={'none': TRUTH, 'hq': TRUTH + [10, 0]},
    )
    return PoseSample(**(fields | changes))


def draw(path, sample):
    draw_poses([sample, sample], BONES, COLORS, path)
    return np.asarray(Image.open(path).convert('RGB')).astype(int)


def close_to(picture, color):
    return (np.abs(picture - color).max(axis=2) < 30).sum()


def test_ground_truth_is_black_under_the_colors(tmp_path):
    picture = draw(tmp_path / 'a.png', make_sample())
    height, width = picture.shape[:2]
    columns, rows = 2, 2
    assert width / columns == pytest.approx(2.4 * 90, abs=2)
    assert height / rows == pytest.approx((2.4 * 120 / 90 + 0.3) * 90, abs=2)
    assert close_to(picture, (255, 0, 0)) > 100 and close_to(picture, (0, 255, 0)) > 100
    # The black line shows where the prediction is not: more of it without the exact one.
    black = close_to(picture, (0, 0, 0))
    moved = make_sample(predictions={'none': TRUTH + [10, 0], 'hq': TRUTH + [10, 0]})
    assert close_to(draw(tmp_path / 'b.png', moved), (0, 0, 0)) > black + 100


def test_what_is_not_labeled_is_not_drawn(tmp_path):
    assert close_to(draw(tmp_path / 'a.png', make_sample()), (0, 0, 255)) == 0
    visible = make_sample(visible=np.ones(4, bool))
    assert close_to(draw(tmp_path / 'b.png', visible), (0, 0, 255)) > 100


@pytest.mark.parametrize(('shift', 'count'), [(9.9, 3), (10.0, 0)])
def test_title_counts_as_pck_does(shift, count):
    # The longer side of the box is 100 pixels, and a tenth of it is wrong already.
    assert _count_correct(make_sample(), TRUTH + [shift, 0]) == f'{count} of 3 within 0.1'


def test_without_ground_truth_the_first_prediction_is_black(tmp_path):
    sample = make_sample(truth=None, visible=np.ones(4, bool))
    assert _count_correct(sample, TRUTH) == '0 of 4 moved from none'
    assert _count_correct(sample, TRUTH + [5, 0]) == '4 of 4 moved from none'
    assert _count_correct(sample, TRUTH + [4.9, 0]) == '0 of 4 moved from none'
    assert close_to(draw(tmp_path / 'a.png', sample), (0, 0, 0)) > 100
