"""That missing data is noticed at once, and the message says what is expected where."""

import pytest

pytest.importorskip('mmseg')
pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
from mmengine.config import Config

from benchmarks.paper.data_check import LAYOUTS, count_samples
from demo.scenes.streets import generate_streets
from mmseg_tome.config_files import config_root

CONFIGS = {
    'CityscapesDataset': 'streets/segformer_mit-b0_none_1xb4-300i_streets-1024x512.py',
    'CamVidDataset': 'camvid/segformer_mit-b0_none_1xb4-600i_camvid-480x360.py',
    'ADE20KDataset': 'ade20k/segformer_mit-b0_none_1xb16-160k_ade20k-512x512.py',
    'CocoDataset': 'coco/segformer_mit-b0_none_1xb16-210e_coco-288x384.py',
    'JBDDataset': 'athletes/segformer_mit-b0_none_1xb8-6e_athletes-192x256.py',
}


def read(name, root):
    cfg = Config.fromfile(config_root() / CONFIGS[name])
    for split in ('train', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = str(root)
    return cfg


@pytest.mark.parametrize('name', CONFIGS)
@pytest.mark.parametrize('there', [False, True])
def test_missing_data(name, there, tmp_path):
    """The folder is missing, or empty."""
    root = tmp_path / 'data'
    if there:
        root.mkdir()
    with pytest.raises(FileNotFoundError) as error:
        count_samples(read(name, root))
    message = str(error.value)
    assert message.startswith(f'train data of {name}: ') and str(root) in message
    assert LAYOUTS[name] in message and 'train_dataloader.dataset.data_root=DIR' in message


def test_samples_are_counted(tmp_path):
    folder = tmp_path / 'streets'
    generate_streets(folder, train=2, val=1, size=(128, 64), workers=1)
    assert count_samples(read('CityscapesDataset', folder)) == {'train': 2, 'test': 1}


def test_a_split_without_samples(tmp_path):
    for part in ('leftImg8bit', 'gtFine'):
        for split in ('train', 'val'):
            (tmp_path / part / split).mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='it has no samples'):
        count_samples(read('CityscapesDataset', tmp_path))
