import numpy as np
from PIL import Image

from mmseg_tome.analysis.segmentation_figure import Sample, _panels, draw_segmentations


def make_sample():
    truth = np.zeros((8, 16), np.uint8)
    truth[:, 8:] = 1
    truth[0] = 255
    merged = truth.copy()
    merged[4:, :4] = 1
    return Sample(np.full((8, 16, 3), 99, np.uint8), truth, {'none': truth, 'hq': merged})


def test_differences_keep_their_colour_and_the_rest_fades():
    palette = np.array([[200, 0, 0], [0, 0, 200]], np.uint8)
    panels = dict(_panels(make_sample(), palette, 'none'))
    title = 'hq: 12.5 % of pixels differ from none'
    assert list(panels) == ['image', 'ground truth', 'none', title]
    assert panels['ground truth'][0, 0].tolist() == [0, 0, 0]
    assert panels[title][6, 0].tolist() == [0, 0, 200]
    assert panels[title][6, 6].tolist() == [241, 191, 191]


def test_picture_is_written(tmp_path):
    path = tmp_path / 'picture.png'
    draw_segmentations([make_sample()] * 2, ['a', 'b'], [[200, 0, 0], [0, 0, 200]], path)
    picture = np.asarray(Image.open(path))
    assert picture.shape[0] > 200 and picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 10
