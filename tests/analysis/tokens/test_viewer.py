import numpy as np
import pytest
import torch
from PIL import Image

from mmseg_tome import apply_tome
from mmseg_tome.analysis.tokens.viewer import TokenViewer
from tests.analysis.tiny_segmentor import write_checkpoint, write_config, write_image


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tiny')
    config = write_config(folder)
    return config, write_checkpoint(folder, config), write_image(folder / 'image.png')


def test_predictions_are_those_of_mmseg(files, tmp_path):
    from mmseg.apis import inference_model, init_model

    config, checkpoint, image = files
    whole = write_config(tmp_path, **{'model.test_cfg.mode': 'whole'})
    model = init_model(str(whole), str(checkpoint), 'cpu')
    unmerged = inference_model(model, str(image)).pred_sem_seg.data[0].numpy()
    merged = inference_model(apply_tome(model, 'fast'), str(image)).pred_sem_seg.data[0].numpy()

    viewer = TokenViewer(config, checkpoint, 'fast')
    view = viewer.view(image)
    assert viewer.was_sliding
    assert np.array_equal(view.unmerged, unmerged)
    assert np.array_equal(view.merged, merged)
    assert 0 < view.changed.mean() < 1
    assert np.array_equal(view.image, np.asarray(Image.open(image)))
    assert [(m.stage, m.block, m.side) for m in view.maps] == [
        (1, 1, 'kv'), (2, 1, 'kv'), (2, 2, 'kv'), (3, 1, 'q'), (4, 1, 'q'),
    ]  # fmt: skip
    again = viewer.view(image)
    assert np.array_equal(again.unmerged, unmerged) and np.array_equal(again.merged, merged)
    assert (viewer.classes[0], viewer.palette[0].tolist()) == ('road', [128, 64, 128])


def test_classes_of_the_checkpoint_come_first(files, tmp_path):
    config, checkpoint, _ = files
    content = torch.load(checkpoint, weights_only=True)
    names = [f'class {k}' for k in range(19)]
    content['meta'] = {
        'dataset_meta': {'classes': names, 'palette': [[k, 0, 0] for k in range(19)]}
    }
    torch.save(content, tmp_path / 'named.pth')
    viewer = TokenViewer(config, tmp_path / 'named.pth', 'hq')
    assert viewer.classes == names and viewer.palette[7].tolist() == [7, 0, 0]
    content['meta']['dataset_meta']['classes'] = names[1:]
    torch.save(content, tmp_path / 'fewer.pth')
    with pytest.raises(ValueError, match='predicts 19 classes, but 18 names and 19 colors'):
        TokenViewer(config, tmp_path / 'fewer.pth', 'hq')


def test_classes_that_nobody_names_are_refused(files, tmp_path):
    config = write_config(tmp_path, **{'test_dataloader.dataset.type': 'MyDataset'})
    with pytest.raises(ValueError, match=r"says what the 19 classes are: .* = 'MyDataset'"):
        TokenViewer(config, files[1], 'hq')


@pytest.mark.parametrize(
    'tome_cfg', ['none', None, 'downsample', [{}] * 4, [{'q_mode': 'n2d', 'q_s': 1}, {}, {}, {}]]
)
def test_a_strategy_that_merges_nothing_is_refused(files, tome_cfg):
    with pytest.raises(ValueError, match='merges no tokens: there is nothing to show'):
        TokenViewer(files[0], files[1], tome_cfg)


def test_an_unknown_strategy_is_refused(files):
    with pytest.raises(ValueError, match='is not the name of a preset'):
        TokenViewer(files[0], files[1], 'hqq')


def test_images_in_which_nothing_can_be_merged_are_refused(files, tmp_path):
    small = write_image(tmp_path / 'small.png', 24, 16)
    viewer = TokenViewer(files[0], files[1], 'fast')
    viewer.check([files[2]])
    with pytest.raises(ValueError, match=r'small\.png: fast merges nothing in 24x16 pixels'):
        viewer.check([files[2], small])


def test_a_damaged_image_is_named(files, tmp_path):
    damaged = tmp_path / 'damaged.png'
    damaged.write_bytes(files[2].read_bytes()[:40])
    with pytest.raises(ValueError, match=r'damaged\.png cannot be read as an image'):
        TokenViewer(files[0], files[1], 'fast').check([damaged])


def test_a_checkpoint_of_another_model_is_refused(files, tmp_path):
    other = write_config(tmp_path, **{'model.decode_head.channels': 12})
    with pytest.raises(
        ValueError, match=r'tiny\.pth does not fit the config, in \d+ respects: size mismatch'
    ):
        TokenViewer(other, files[1], 'hq')
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        TokenViewer(files[0], tmp_path / 'absent.pth', 'hq')


def test_a_model_without_a_mit_is_refused(files, tmp_path):
    config = tmp_path / 'fcn.py'
    config.write_text(
        "test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]\n"
        "model = dict(type='EncoderDecoder', backbone=dict(type='ResNet', depth=18,"
        ' base_channels=4, stem_channels=4),'
        " decode_head=dict(type='FCNHead', in_channels=32, channels=4, num_classes=3))\n"
    )
    with pytest.raises(ValueError, match='found no MixVisionTransformer'):
        TokenViewer(config, files[1], 'hq')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("default_scope = 'mmpose'\nmodel = dict()\ntest_pipeline = []\n", 'is for mmpose'),
        ('lr = 1\n', 'has no model'),
        ('lr = missing\n', 'cannot be read as a config: .*missing'),
    ],
)
def test_configs_of_something_else_are_refused(files, tmp_path, text, message):
    config = tmp_path / 'other.py'
    config.write_text(text)
    with pytest.raises(ValueError, match=message):
        TokenViewer(config, files[1], 'hq')
