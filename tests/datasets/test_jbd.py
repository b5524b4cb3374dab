"""The Jump Broadcast Dataset in mmpose: keypoints, sides, and what the converter writes."""

import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')

from mmpose.datasets.transforms import GenerateTarget, LoadImage, RandomFlip
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.registry import DATASETS

import mmseg_tome  # noqa: F401 - registers
from mmseg_tome.datasets.jbd_convert import convert_jbd
from mmseg_tome.datasets.jbd_format import BOX_FILE, KEYPOINTS

from .jbd_files import FRAMES, HEIGHT, WIDTH, write_jbd

SIDES = {'r': 'l', 'l': 'r'}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = write_jbd(tmp_path_factory.mktemp('jbd'))
    convert_jbd(
        root / 'keypoints',
        root / BOX_FILE,
        root / 'images',
        root / 'annotations',
        annotation_size=(WIDTH, HEIGHT),
        progress=False,
    )
    return root


def build(root, split='train', pipeline=()):
    return DATASETS.build(
        {
            'type': 'JBDDataset',
            'data_root': str(root),
            'ann_file': f'annotations/{split}.json',
            'data_prefix': {'img': 'images/'},
            'pipeline': list(pipeline),
        }
    )


@pytest.fixture(scope='module')
def meta():
    return DATASETS.get('JBDDataset')._load_metainfo()


def test_names_are_those_of_the_files(meta):
    assert [meta['keypoint_id2name'][i] for i in range(20)] == list(KEYPOINTS)
    assert meta['dataset_name'] == 'jbd'


def test_flip_twice_is_the_identity(meta):
    flip = np.array(meta['flip_indices'])
    assert sorted(flip) == list(range(20))
    assert (flip[flip] == np.arange(20)).all()
    assert (flip != np.arange(20)).sum() == 18


def test_flip_swaps_the_sides_of_the_same_joint(meta):
    for i, other in enumerate(meta['flip_indices']):
        name, swapped = KEYPOINTS[i], KEYPOINTS[other]
        expected = name if name in ('head', 'neck') else SIDES[name[0]] + name[1:]
        assert swapped == expected


def test_skeleton_joins_keypoints_and_reaches_all_of_them(meta):
    links = np.array(meta['skeleton_links'])
    assert links.min() == 0
    assert links.max() == 19
    reached = {0}
    for _ in range(20):
        reached |= {j for pair in links.tolist() for j in pair if reached & set(pair)}
    assert reached == set(range(20))


def test_skeleton_is_its_own_mirror_image(meta):
    flip = meta['flip_indices']
    links = {frozenset(pair) for pair in meta['skeleton_links']}
    assert {frozenset(flip[i] for i in pair) for pair in links} == links


def test_colors_tell_right_from_left(meta):
    colors = meta['keypoint_colors']
    assert colors.shape == (20, 3)
    right = {tuple(colors[i]) for i, name in enumerate(KEYPOINTS) if name[0] == 'r'}
    left = {tuple(colors[i]) for i, name in enumerate(KEYPOINTS) if name[0] == 'l'}
    assert len(right) == len(left) == 1
    assert right != left


def test_halves_of_the_body(meta):
    lower = {KEYPOINTS[i] for i in meta['lower_body_ids']}
    assert lower == {side + part for side in 'rl' for part in ('hip', 'kne', 'ank', 'hee', 'toe')}
    assert sorted(meta['lower_body_ids'] + meta['upper_body_ids']) == list(range(20))


def test_weights_and_sigmas_for_every_keypoint(meta):
    assert meta['dataset_keypoint_weights'].shape == meta['sigmas'].shape == (20,)


def test_reads_what_the_converter_writes(root, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # nothing depends on the working directory
    dataset = build(root)
    assert len(dataset) == len(FRAMES['train'])
    info = dataset.get_data_info(2)
    assert info['img_path'].endswith('images/11/11_(00007).jpg')
    assert info['bbox'].tolist() == [[12, 5, 52, 55]]
    assert info['keypoints'].shape == (1, 20, 2)
    visible = info['keypoints_visible'][0]
    assert {KEYPOINTS[i] for i in np.flatnonzero(visible == 0)} == {'rhee', 'lhee'}
    assert set(visible) == {0, 1}
    assert info['area'] == pytest.approx(0.53 * 40 * 50)
    assert info['raw_ann_info']['athlete'] == 'Jana Öster'
    assert len(build(root, 'val')) == len(FRAMES['val'])


def on_whole_pixels(sample: dict) -> dict:
    """Keypoints that mirroring moves to pixels again, so that heatmaps can be compared exactly."""
    sample['keypoints'] = sample['keypoints'].round()
    return sample


def test_heatmaps_of_a_flipped_image_are_the_flipped_heatmaps(root):
    """What a flip test relies on: image, keypoints and channels turn round together."""
    size = (96, 64)
    codec = {'type': 'MSRAHeatmap', 'input_size': size, 'heatmap_size': size, 'sigma': 2}
    samples = {}
    for flipped in (False, True):
        flip = RandomFlip(prob=float(flipped), direction='horizontal')
        dataset = build(root, pipeline=[LoadImage(), on_whole_pixels, flip])
        sample = dataset[0]
        assert bool(sample.get('flip')) == flipped
        sample['transformed_keypoints'] = sample['keypoints']
        samples[flipped] = GenerateTarget(encoder=codec)(sample)
    assert (samples[True]['img'] == samples[False]['img'][:, ::-1]).all()
    turned_back = flip_heatmaps(
        torch.from_numpy(samples[True]['heatmaps'])[None],
        flip_mode='heatmap',
        shift_heatmap=False,  # heatmaps are as large as the image, so nothing needs to be corrected
        flip_indices=dataset.metainfo['flip_indices'],
    )[0].numpy()
    heatmaps = samples[False]['heatmaps']
    assert (heatmaps.max((1, 2)) == 1).sum() == 18  # all but the heels
    np.testing.assert_allclose(turned_back, heatmaps, atol=1e-6)
