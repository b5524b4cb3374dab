"""Models from configs and checkpoints, and of a variant with drawn weights."""

import pytest
import torch

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
from mmseg.models.backbones.mit import MixVisionTransformer as Stock

from mmseg_tome.analysis.loading import load_config, load_model, only_backbone
from mmseg_tome.analysis.variants import drawn_segmentor, variant_config
from mmseg_tome.models import MixVisionTransformer
from tests.analysis.tiny_segmentor import write_checkpoint, write_config

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


@pytest.fixture
def files(tmp_path):
    config = write_config(tmp_path)
    return config, write_checkpoint(tmp_path, config)


def test_all_weights_are_loaded_into_either_classes(files):
    cfg = load_config(files[0])
    ours, stock = load_model(cfg, files[1]), load_model(cfg, files[1], stock=True)
    assert type(only_backbone(ours)) is MixVisionTransformer and not ours.training
    assert type(stock.backbone) is Stock
    expected = torch.load(files[1], weights_only=True)['state_dict']
    for model in (ours, stock):
        state = model.state_dict()
        assert set(state) == set(expected)
        assert all(torch.equal(state[name], expected[name]) for name in expected)


def test_config_options_and_what_is_missing(files):
    cfg = load_config(files[0], {'model.backbone.tome_cfg': 'hq'})
    assert only_backbone(load_model(cfg, None)).strategy.name == 'hq'
    with pytest.raises(ValueError, match=r'tiny\.py has no test_evaluator: give a config'):
        load_config(files[0], needs=('model', 'test_evaluator'))
    with pytest.raises(ValueError, match='is for mmdet: allowed are mmseg, mmpose'):
        load_config(files[0], {'default_scope': 'mmdet'})
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        load_config(files[0].with_name('absent.py'))
    files[0].write_text('model = (')
    with pytest.raises(ValueError, match='cannot be read as a config'):
        load_config(files[0])


def test_another_checkpoint_is_refused(files, tmp_path):
    cfg = load_config(files[0])
    with pytest.raises(FileNotFoundError, match=r'absent\.pth: there is no such file'):
        load_model(cfg, tmp_path / 'absent.pth')
    cfg.model.decode_head.channels = 4
    with pytest.raises(ValueError, match=r'does not fit the config, in .* respects: .*decode_head'):
        load_model(cfg, files[1])


def test_drawn_weights_are_the_same_everywhere():
    ours, stock = drawn_segmentor('b0'), drawn_segmentor('b0', stock=True)
    assert type(stock.backbone) is Stock and type(ours.backbone) is MixVisionTransformer
    for name, weight in ours.state_dict().items():
        assert torch.equal(weight, stock.state_dict()[name])
    # From a generator with a fixed seed: another draw would make old results incomparable.
    weight = ours.backbone.layers[0][0].projection.weight
    assert weight.std().item() == pytest.approx(1 / weight[0].numel() ** 0.5, rel=0.05)
    assert len(drawn_segmentor('b0', 'backbone')(torch.zeros(1, 3, 64, 64))) == 4


def test_variants_are_checked():
    with pytest.raises(ValueError, match="variant 'b6': allowed are b0, b1"):
        variant_config('b6')
