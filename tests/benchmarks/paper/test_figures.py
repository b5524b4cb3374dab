"""Predictions side by side, by tiny models with random weights."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip('mmseg')
pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import MODELS, DefaultScope
from PIL import Image

from benchmarks.paper.figures import draw_figure
from benchmarks.paper.pose_figure import PoseFigure, read_boxes
from benchmarks.paper.recipe import make_recipe
from benchmarks.paper.segmentation_figure import SegmentationFigure
from benchmarks.pictures.spread import spread
from demo.data import prepare_athletes
from demo.scenes.streets import generate_streets
from mmseg_tome.config_files import config_root

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # OpenMMLab's own, many
STRATEGIES = {'none': 'none', 'fast': 'fast'}


def prepare(folder, config, scope, options):
    """A recipe of the config with a shallow model, and its random weights."""
    layers = 'model.backbone.num_layers=[1,1,1,1]'
    data = f'test_dataloader.dataset.data_root={folder / "data"}'
    recipe = make_recipe(str(config_root() / config), [layers, data, *options], scope=scope)
    torch.manual_seed(0)
    cfg = recipe.resolved()
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = revert_sync_batchnorm(MODELS.build(cfg.model))
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=1.5 / parameter[0].numel() ** 0.5)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'model.pth')
    return recipe


@pytest.fixture(scope='module')
def streets(tmp_path_factory):
    folder = tmp_path_factory.mktemp('streets')
    generate_streets(folder / 'data', train=1, val=2, size=(256, 128), workers=1)
    config = 'streets/segformer_mit-b0_none_1xb4-4k_streets-1024x512.py'
    steps = Config.fromfile(config_root() / config).test_dataloader.dataset.pipeline
    (number,) = (i for i, step in enumerate(steps) if step.type == 'Resize')
    small = f'test_dataloader.dataset.pipeline.{number}.scale=(256,128)'
    return folder, prepare(folder, config, 'mmseg', [small])


@pytest.fixture(scope='module')
def athletes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('athletes')
    prepare_athletes(folder / 'data', train=1, val=2, size=(320, 180))
    config = 'athletes/segformer_mit-b0_none_1xb8-6e_athletes-192x256.py'
    return folder, prepare(folder, config, 'mmpose', [])


def draw(figure, recipe, folder, images, count, out):
    checkpoint = folder / 'model.pth'
    return draw_figure(figure, recipe, checkpoint, STRATEGIES, images, count, 'cpu', out)


def is_a_picture(path):
    picture = np.asarray(Image.open(path))
    return len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 100


def test_segmentations_of_the_test_set(streets, tmp_path):
    folder, recipe = streets
    report, paths = draw(SegmentationFigure(), recipe, folder, [], 2, tmp_path)
    assert len(paths) == 2 and all(map(is_a_picture, paths))
    written = report.write(paths[0].parent)
    rows = pd.read_csv(written[1])
    assert rows['% differs from none'].tolist()[::2] == [0, 0]
    assert (rows['% differs from none'].to_numpy()[1::2] > 0).all()
    assert rows['% right'].between(0, 100).all()
    assert f'({paths[0].name})' in written[0].read_text()


def test_segmentations_of_images(streets, tmp_path):
    folder, recipe = streets
    images = sorted((folder / 'data/leftImg8bit/val').rglob('*.png'))
    broken = make_recipe(
        str(recipe.config), [*recipe.options, 'test_dataloader.dataset.data_root=/absent']
    )  # images need no data set
    report, paths = draw(SegmentationFigure(), broken, folder, [images[0].parent], 1, tmp_path)
    assert [p.stem for p in paths] == [i.stem for i in images if i.parent == images[0].parent]
    assert '% right' not in report.raw


def test_missing_test_set(streets, tmp_path):
    folder, recipe = streets
    absent = make_recipe(
        str(recipe.config), [*recipe.options, 'test_dataloader.dataset.data_root=/absent']
    )
    with pytest.raises(FileNotFoundError, match='leftImg8bit'):
        draw(SegmentationFigure(), absent, folder, [], 1, tmp_path)


def test_poses_of_the_test_set(athletes, tmp_path):
    folder, recipe = athletes
    report, paths = draw(PoseFigure(), recipe, folder, [], 2, tmp_path)
    assert is_a_picture(*paths)
    assert len(report.raw) == 4 and report.raw['% right within 0.1'].between(0, 100).all()
    moved = report.raw['% of box moved from none, mean']
    assert (moved[::2] == 0).all() and (moved[1::2] > 0).all()


@pytest.mark.parametrize('with_boxes', [True, False])
def test_poses_of_images(with_boxes, athletes, tmp_path):
    folder, recipe = athletes
    content = json.loads((folder / 'data/annotations/val.json').read_text())
    image = folder / 'data/images' / content['images'][0]['file_name']
    boxes = folder / 'data/annotations/val.json' if with_boxes else None
    report, paths = draw(PoseFigure(boxes), recipe, folder, [image], 1, tmp_path)
    assert [p.stem for p in paths] == [image.stem] and is_a_picture(*paths)
    assert len(report.raw) == 2 and '% right within 0.1' not in report.raw


def test_boxes(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(
        json.dumps(
            {
                'images': [{'id': 7, 'file_name': 'a/b.png'}],
                'annotations': [{'image_id': 7, 'bbox': [1, 2, 3, 4]}] * 2,
            }
        )
    )
    image = tmp_path / 'b.png'
    assert read_boxes(path, [image]) == {image: [[1, 2, 3, 4]] * 2}
    with pytest.raises(ValueError, match=r'has no box for .*c\.png'):
        read_boxes(path, [image, tmp_path / 'c.png'])
    path.write_text('{"images": []}')
    with pytest.raises(ValueError, match="COCO's format"):
        read_boxes(path, [image])


def test_spread():
    assert spread(101, 3) == [0, 33, 67] and spread(2, 5) == [0, 1]
