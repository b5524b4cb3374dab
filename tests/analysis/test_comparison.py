"""Models of both tasks with random weights, on one generated image each."""

import numpy as np
import pytest
import torch

pytest.importorskip('mmseg')
pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers; mmseg and mmpose import only after it)

# isort: split
from mmengine.config import Config
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import MODELS, DefaultScope
from mmseg.models.backbones.mit import MixVisionTransformer as Stock
from PIL import Image

from demo.data import prepare_athletes
from demo.scenes.streets import generate_streets
from demo.tasks import DATASETS
from mmseg_tome.analysis.comparison import STOCK, Comparison
from mmseg_tome.config_files import config_root

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # OpenMMLab's own, many


@pytest.fixture(scope='module', params=['streets', 'athletes'])
def demo(request, tmp_path_factory):
    """The data set, and a comparison on a tiny version of it."""
    folder = tmp_path_factory.mktemp(request.param)
    cfg = Config.fromfile(config_root() / DATASETS[request.param].config)
    if request.param == 'streets':
        generate_streets(folder / 'data', train=1, val=1, size=(256, 128), workers=1)
        (resize,) = (t for t in cfg.test_dataloader.dataset.pipeline if t.type == 'Resize')
        resize.scale = (256, 128)
    else:
        prepare_athletes(folder / 'data', train=1, val=2, size=(320, 180))
    cfg.test_dataloader.dataset.data_root = str(folder / 'data')
    cfg.model.backbone.num_layers = [1, 1, 1, 1]
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = revert_sync_batchnorm(MODELS.build(cfg.model))
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=1.5 / parameter[0].numel() ** 0.5)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'model.pth')
    return DATASETS[request.param], Comparison(cfg, folder / 'model.pth')


def outputs(result):
    """The prediction in a data sample, as an array."""
    if 'pred_instances' in result:
        return result.pred_instances.keypoint_scores
    return result.seg_logits.data.numpy()


def test_stock_model_is_of_stock_classes_and_equals_the_unmerged_one(demo):
    _, comparison = demo
    assert type(comparison._stock.backbone) is Stock
    unmerged = comparison.predict(0, ['none'])['none']
    data = comparison.dataset[0]
    with torch.no_grad():
        (stock,) = comparison._stock.test_step(
            {'inputs': [data['inputs']], 'data_samples': [data['data_samples']]}
        )
    np.testing.assert_allclose(outputs(stock), outputs(unmerged), rtol=1e-3, atol=1e-4)


def test_strategies_differ(demo):
    data, comparison = demo
    people = comparison.predict(0, data.task.strategies)
    assert list(people) == list(data.task.strategies)
    for strategy in data.task.strategies[1:]:
        assert np.abs(outputs(people[strategy]) - outputs(people['none'])).max() > 1e-4, strategy


def test_times(demo):
    _, comparison = demo
    steps = []
    seconds = comparison.seconds_per_image(['none', 'hq'], 1, on_step=lambda: steps.append(1))
    assert set(seconds) == {STOCK, 'none', 'hq'}
    assert all(value > 0 for value in seconds.values())
    assert len(steps) == 6  # warmed up, then timed


def test_picture(demo, tmp_path):
    data, comparison = demo
    data.task.draw(comparison, data.task.strategies, tmp_path / 'picture.png')
    picture = np.asarray(Image.open(tmp_path / 'picture.png'))
    assert min(picture.shape[:2]) > 300
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 100
