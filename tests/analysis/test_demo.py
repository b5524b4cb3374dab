import numpy as np
from PIL import Image
from rich.console import Console

from mmseg_tome.analysis.comparison import Sample
from mmseg_tome.analysis.demo import DATASETS, DemoResult, make_table, print_result
from mmseg_tome.analysis.figures import _panels, draw_comparison
from mmseg_tome.config_files import config_root

METRICS = {
    'none': {'mIoU': 50.0, 'mIoU_small': 20.0},
    'hq': {'mIoU': 49.0, 'mIoU_small': 19.5},
}
SECONDS = {'stock': 0.4, 'none': 0.2, 'hq': 0.1}


def test_configs_of_the_demo_exist():
    for data in DATASETS.values():
        assert (config_root() / data.config).is_file()


def test_table():
    table = make_table(METRICS, SECONDS)
    assert table['strategy'].tolist() == ['stock', 'none', 'hq']
    assert table['mIoU'].tolist() == [50.0, 50.0, 49.0]
    assert table['ms per image'].tolist() == [400.0, 200.0, 100.0]
    assert table['speed-up over stock'].tolist() == [1.0, 2.0, 4.0]
    assert table['speed-up over none'].tolist() == [0.5, 1.0, 2.0]


def test_result_names_what_was_written_and_what_to_do_next(tmp_path, capsys):
    result = DemoResult(
        make_table(METRICS, SECONDS), 'caption', tmp_path, tmp_path / 'iter.pth', tmp_path / 'c.py'
    )
    print_result(result, Console(width=200))
    printed = capsys.readouterr().out
    for text in ('speed-up over stock', 'caption', 'comparison.png', 'iter.pth', 'mim train'):
        assert text in printed


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
    draw_comparison([make_sample()] * 2, ['a', 'b'], [[200, 0, 0], [0, 0, 200]], path)
    picture = np.asarray(Image.open(path))
    assert picture.shape[0] > 200 and picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 10
