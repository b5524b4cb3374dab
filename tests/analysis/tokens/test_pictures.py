import numpy as np
import pytest
from PIL import Image

from mmseg_tome.analysis.tokens.maps import TokenMap
from mmseg_tome.analysis.tokens.pictures import draw_sheet, paint_changes, paint_tokens
from mmseg_tome.analysis.tokens.viewer import TokenView

# Slot 0 holds two tokens that are not neighbors, slot 3 two that are.
SLOTS = np.array([[0, 1, 2], [3, 3, 0]])


def make_map(pixels=16):
    return TokenMap(1, 2, 'q', SLOTS, pixels)


def make_image(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_merged_tokens_have_the_mean_of_their_slot_and_a_frame_of_its_color():
    image = make_image(32, 48)
    picture = paint_tokens(image, make_map())
    one, other = np.s_[:16, :16], np.s_[16:, 32:]
    inside = np.s_[1:-1, 1:-1]
    mean = np.concatenate([image[one], image[other]]).astype(float).mean((0, 1))
    for token in (one, other):
        assert np.abs(picture[token][inside] - mean).max() <= 1
        (frame,) = np.unique(np.concatenate([picture[token][0], picture[token][:, 0]]), axis=0)
        assert np.ptp(frame.astype(int)) > 100  # not a gray
    assert (picture[0, 0] == picture[16, 32]).all()
    assert (picture[0, 0] != picture[16, 0]).any()
    mean = image[16:, :32].astype(float).mean((0, 1))
    assert np.abs(picture[17:31, 1:31] - mean).max() <= 1  # no frame between the two tokens


def test_tokens_that_were_not_merged_stay():
    image = make_image(32, 48)
    assert np.array_equal(paint_tokens(image, make_map())[:16, 16:], image[:16, 16:])


@pytest.mark.parametrize('size', [(37, 50), (32, 48), (27, 40)])
def test_images_that_tokens_do_not_fit(size):
    """Spatial reduction leaves out a rest; a last token may stand for less than a square."""
    image = make_image(*size)
    picture = paint_tokens(image, make_map())
    assert picture.shape == image.shape
    rest = picture[32:], picture[:, 48:]
    assert all((pixels.max(-1) == pixels.min(-1)).all() for pixels in rest)  # gray
    assert all((pixels >= 0.6 * 255 - 1).all() for pixels in rest)
    assert np.array_equal(picture[:16, 16:40], image[:16, 16:40])


def test_frames_of_small_tokens_are_faint():
    image = np.full((8, 12, 3), 128, np.uint8)
    picture = paint_tokens(image, make_map(pixels=4)).astype(int)
    assert 0 < np.abs(picture - 128).max() <= 32


def test_changes_are_marked_at_the_size_of_the_prediction():
    changed = np.zeros((20, 30), bool)
    changed[4, 5] = True
    picture = paint_changes(make_image(40, 60), changed)
    assert picture.shape == (20, 30, 3)
    assert np.array_equal(np.argwhere(np.ptp(picture.astype(int), axis=-1) > 0), [[4, 5]])


def test_sheet(tmp_path):
    labels = np.zeros((32, 48), int)
    merged = labels.copy()
    merged[:8] = 2
    view = TokenView('x', 'hq', make_image(32, 48), [make_map()] * 3, labels, merged)
    palette = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200]], np.uint8)
    draw_sheet(view, ['road', 'unseen', 'sky'], palette, tmp_path / 'sheet.png')
    sheet = np.asarray(Image.open(tmp_path / 'sheet.png').convert('RGB'))
    colors = {tuple(color) for color in sheet.reshape(-1, 3)}
    assert {(200, 0, 0), (0, 0, 200)} <= colors and (0, 200, 0) not in colors
    assert 1800 < sheet.shape[1] < 2000 and sheet.shape[0] > 600


def test_swaps_are_counted():
    before = np.array([[0, 0, 0, 1], [1, 1, 2, 2]])
    after = np.array([[0, 1, 1, 1], [1, 0, 2, 2]])
    view = TokenView('x', 'hq', make_image(2, 4), [], before, after)
    assert view.changed.sum() == 3
    assert view.swaps() == [(0, 1, 2 / 8), (1, 0, 1 / 8)]
    assert view.swaps(most=1) == [(0, 1, 2 / 8)]
