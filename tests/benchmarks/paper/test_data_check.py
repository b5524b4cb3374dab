"""That missing data is noticed at once, and the message says what is expected where."""

import pytest

pytest.importorskip('mmseg')
pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
from mmengine.config import Config

from benchmarks.paper.data_check import LAYOUTS, check_data
from demo.data import prepare_athletes
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
        check_data(read(name, root), 'train')
    message = str(error.value)
    assert message.startswith(f'train data of {name}: ') and str(root) in message
    assert LAYOUTS[name] in message and 'train_dataloader.dataset.data_root=DIR' in message


def test_samples_are_counted(tmp_path):
    folder = tmp_path / 'streets'
    generate_streets(folder, train=2, val=1, size=(128, 64), workers=1)
    cfg = read('CityscapesDataset', folder)
    found = {split: check_data(cfg, split) for split in ('train', 'test')}
    assert {split: data.samples for split, data in found.items()} == {'train': 2, 'test': 1}
    assert found['test'].identity.startswith('2 files, ')  # an image and its label map
    assert (found['test'].height, found['test'].width) == (512, 1024)


def test_other_data_is_told_apart(tmp_path):
    """Whether images, labels or annotations are other ones; not where they are."""
    folder = tmp_path / 'streets'
    generate_streets(folder, train=2, val=1, size=(128, 64), workers=1)
    first = check_data(read('CityscapesDataset', folder), 'train').identity
    folder = folder.rename(tmp_path / 'moved')
    assert check_data(read('CityscapesDataset', folder), 'train').identity == first
    (label, *_) = (folder / 'gtFine/train').rglob('*_labelTrainIds.png')
    label.write_bytes(label.read_bytes() + b'0')
    assert check_data(read('CityscapesDataset', folder), 'train').identity != first

    folder = tmp_path / 'athletes'
    prepare_athletes(folder, train=2, val=1, size=(320, 180))
    first = check_data(read('JBDDataset', folder), 'train').identity
    annotations = folder / 'annotations/train.json'
    annotations.write_text(annotations.read_text() + ' ')
    assert check_data(read('JBDDataset', folder), 'train').identity != first


def test_a_split_without_samples(tmp_path):
    for part in ('leftImg8bit', 'gtFine'):
        for split in ('train', 'val'):
            (tmp_path / part / split).mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='it has no samples'):
        check_data(read('CityscapesDataset', tmp_path), 'train')
