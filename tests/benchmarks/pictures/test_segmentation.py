import numpy as np
from PIL import Image

from benchmarks.pictures.regions import largest_regions
from benchmarks.pictures.segmentation import _panels, draw_segmentations
from benchmarks.pictures.segmentation_sample import SegmentationSample


def make_sample():
    truth = np.zeros((8, 16), np.uint8)
    truth[:, 8:] = 1
    truth[0] = 255
    merged = truth.copy()
    merged[4:, :4] = 1
    return SegmentationSample(
        np.full((8, 16, 3), 99, np.uint8), truth, {'none': truth, 'hq': merged}
    )


def test_differences_keep_their_color_and_the_rest_fades():
    palette = np.array([[200, 0, 0], [0, 0, 200]], np.uint8)
    panels = {panel.title: panel.picture for panel in _panels(make_sample(), palette, 'none')}
    title = 'hq: 12.5 % of pixels differ from none'
    assert list(panels) == ['image', 'ground truth', 'none', title]
    assert panels['ground truth'][0, 0].tolist() == [0, 0, 0]
    assert panels[title][6, 0].tolist() == [0, 0, 200]
    assert panels[title][6, 6].tolist() == [241, 191, 191]


def test_arrows_point_into_the_largest_differences():
    mask = np.zeros((40, 100), bool)
    mask[5:25, 10:40] = True  # at the edge of nothing
    mask[0:12, 70:90] = True  # at the edge of the map
    mask[30:33, 0:10] = True
    mask[38, 98] = True  # smaller than a thousandth
    regions = largest_regions(mask)
    assert len(regions) == 3 and all(mask[y, x] for x, y in regions)
    assert 12 <= regions[0][0] < 38 and 70 <= regions[1][0] < 90 and regions[2][1] == 31
    assert len(largest_regions(mask, most=1)) == 1
    assert largest_regions(np.zeros((4, 4), bool)) == []
    (none, hq) = _panels(make_sample(), np.zeros((2, 3), np.uint8), 'none')[2:]
    assert list(none.marked) == [] and len(hq.marked) == 1


def test_without_ground_truth():
    sample = make_sample()
    sample = SegmentationSample(sample.image, None, sample.predictions)
    titles = [panel.title for panel in _panels(sample, np.zeros((2, 3), np.uint8), 'none')]
    assert titles == ['image', 'none', 'hq: 12.5 % of pixels differ from none']


def test_picture_is_written(tmp_path):
    path = tmp_path / 'picture.png'
    draw_segmentations([make_sample()] * 2, ['a', 'b'], [[200, 0, 0], [0, 0, 200]], path)
    picture = np.asarray(Image.open(path))
    assert picture.shape[0] > 200 and picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 10
