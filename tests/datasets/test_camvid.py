"""`CamVidDataset` on generated stand-ins in both layouts."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip('mmseg')
from mmengine.dataset import Compose
from mmseg.evaluation import IoUMetric
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import DATASETS

import mmseg_tome  # noqa: F401  (registers; mmseg imports only after it)
from mmseg_tome.datasets import CamVidDataset

LOAD = [{'type': 'mmseg.LoadImageFromFile'}, {'type': 'mmseg.LoadAnnotations'}]
REAL = os.environ.get('MMSEG_TOME_CAMVID', 'data/camvid')
FOLDERS = {
    'segnet': ('{split}', '{split}annot', '.png'),
    'images-labels': ('images/{split}', 'labels/{split}', '.jpg'),
}


def write_split(root: Path, layout: str, split: str, names=('b', 'a', 'c')):
    images, labels, suffix = (part.format(split=split) for part in FOLDERS[layout])
    (root / images).mkdir(parents=True, exist_ok=True)
    (root / labels).mkdir(parents=True, exist_ok=True)
    label = np.tile(np.arange(12, dtype=np.uint8), (10, 2))  # every value, 24 pixels wide
    for i, name in enumerate(names):
        image = np.full((10, 24, 3), 40 * i, np.uint8)
        Image.fromarray(image).save(root / images / f'{name}{suffix}')
        Image.fromarray(label).save(root / labels / f'{name}.png')
    return root / images, root / labels


@pytest.mark.parametrize('layout', FOLDERS)
@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_finds_both_layouts(tmp_path, layout, split):
    images, labels = write_split(tmp_path, layout, split)
    dataset = DATASETS.build(
        {
            'type': 'mmseg.CamVidDataset',
            'data_root': str(tmp_path),
            'split': split,
            'pipeline': LOAD,
        }
    )
    suffix = FOLDERS[layout][2]
    found = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [info['img_path'] for info in found] == [
        str(images / f'{name}{suffix}') for name in 'abc'
    ]
    assert [info['seg_map_path'] for info in found] == [
        str(labels / f'{name}.png') for name in 'abc'
    ]
    assert dataset[0]['img'].shape == (10, 24, 3)


def test_png_images_in_the_second_layout(tmp_path):
    images, _ = write_split(tmp_path, 'images-labels', 'val')
    for path in list(images.iterdir()):
        path.rename(path.with_suffix('.png'))
    assert len(CamVidDataset(str(tmp_path), 'val')) == 3


def test_classes_and_palette():
    assert len(CamVidDataset.METAINFO['classes']) == len(CamVidDataset.METAINFO['palette']) == 11
    # SegNet's labels count in this order; README and labels agree on it.
    assert CamVidDataset.METAINFO['classes'][2] == 'pole'
    assert CamVidDataset.METAINFO['classes'][6] == 'sign symbol'
    assert CamVidDataset.METAINFO['classes'][10] == 'bicyclist'


@pytest.mark.parametrize('test_mode', [False, True])
def test_unlabelled_becomes_ignored_and_all_else_stays(tmp_path, test_mode):
    write_split(tmp_path, 'segnet', 'train')
    dataset = CamVidDataset(str(tmp_path), 'train', pipeline=LOAD, test_mode=test_mode)
    expected = np.tile(np.r_[np.arange(11), 255].astype(np.uint8), (10, 2))
    np.testing.assert_array_equal(dataset[0]['gt_seg_map'], expected)


def test_unlabelled_counts_neither_in_the_loss_nor_in_the_metric(tmp_path):
    write_split(tmp_path, 'segnet', 'train')
    pipeline = [*LOAD, {'type': 'mmseg.PackSegInputs'}]
    data_sample = CamVidDataset(str(tmp_path), 'train', pipeline=pipeline)[0]['data_samples']
    label = data_sample.gt_sem_seg.data
    unlabelled = torch.tensor(np.tile(np.arange(12) == 11, (10, 2)))[None]

    logits = torch.randn(1, 11, 10, 24, requires_grad=True)
    CrossEntropyLoss()(logits, label.long(), ignore_index=255).backward()
    gradient = logits.grad.abs().sum(1)
    assert (gradient[unlabelled] == 0).all()
    assert (gradient[~unlabelled] > 0).all()

    metric = IoUMetric()
    metric.dataset_meta = {'classes': CamVidDataset.METAINFO['classes']}
    prediction = label.clone()
    prediction[unlabelled] = 0
    metric.process({}, [{'pred_sem_seg': {'data': prediction}, 'gt_sem_seg': {'data': label}}])
    assert metric.evaluate(1) == {'aAcc': 100.0, 'mIoU': 100.0, 'mAcc': 100.0}


def test_choice_of_classes(tmp_path):
    write_split(tmp_path, 'segnet', 'train')
    dataset = CamVidDataset(
        str(tmp_path), 'train', pipeline=LOAD, metainfo={'classes': ('road', 'pole')}
    )
    row = [255, 255, 1, 0] + 8 * [255]
    np.testing.assert_array_equal(dataset[0]['gt_seg_map'][0, :12], row)
    assert dataset.metainfo['palette'] == [[128, 64, 128], [192, 192, 128]]


def test_lazy_init_needs_no_files():
    dataset = CamVidDataset('/nowhere', lazy_init=True)
    assert dataset.metainfo['classes'][0] == 'sky'


def test_own_data_prefix(tmp_path):
    images, labels = write_split(tmp_path, 'segnet', 'train')
    images.rename(tmp_path / 'pictures')
    labels.rename(tmp_path / 'masks')
    dataset = CamVidDataset(
        str(tmp_path),
        data_prefix={'img_path': 'pictures', 'seg_map_path': 'masks'},
        img_suffix='.png',
    )
    assert len(dataset) == 3


def test_unknown_split(tmp_path):
    with pytest.raises(ValueError, match=r"split='training': CamVid has .* train, val, test"):
        CamVidDataset(str(tmp_path), 'training')


def test_neither_layout_names_both(tmp_path):
    (tmp_path / 'train').mkdir()  # images without the folder of labels
    with pytest.raises(FileNotFoundError) as error:
        CamVidDataset(str(tmp_path), 'train')
    for part in ('train/*{.png} with', 'trainannot/*.png', 'images/train/*{.jpg,.png} with',
                 'labels/train/*.png', str(tmp_path), 'data_root'):  # fmt: skip
        assert part in str(error.value)


def test_folder_without_images(tmp_path):
    images, _ = write_split(tmp_path, 'segnet', 'train')
    for path in images.iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r'train holds no image \(\*\.png\)'):
        CamVidDataset(str(tmp_path), 'train')


@pytest.mark.parametrize('layout', FOLDERS)
def test_image_without_label_and_label_without_image_are_named(tmp_path, layout):
    images, labels = write_split(tmp_path, layout, 'train')
    suffix = FOLDERS[layout][2]
    (labels / 'b.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 labels are missing in .*: b\.png'):
        CamVidDataset(str(tmp_path), 'train')
    (images / f'b{suffix}').unlink()
    (images / f'c{suffix}').unlink()
    with pytest.raises(FileNotFoundError, match=rf'1 images are missing in .*: c\{suffix}'):
        CamVidDataset(str(tmp_path), 'train')


@pytest.mark.skipif(not Path(REAL).is_dir(), reason=f'no CamVid at {REAL} ($MMSEG_TOME_CAMVID)')
@pytest.mark.parametrize(('split', 'count'), [('train', 367), ('val', 101)])
def test_real_camvid(split, count):
    dataset = CamVidDataset(REAL, split)
    assert len(dataset) == count
    load = Compose(LOAD)
    for i in range(0, count, 40):
        results = load(dataset.get_data_info(i))
        assert results['img'].shape == (360, 480, 3)
        values = np.unique(results['gt_seg_map'])
        assert set(values) <= {*range(11), 255}
