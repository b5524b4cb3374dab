"""`python -m mmseg_tome export`: writes a file, proves it, and refuses what it cannot prove."""

import pytest
import torch

pytest.importorskip('mmseg')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

from mmengine.config import Config

from demo.data import prepare_athletes
from mmseg_tome import cli
from mmseg_tome.config_files import config_root
from mmseg_tome.deploy.runtimes import open_exported
from tests.analysis.tiny_segmentor import write_checkpoint, write_config


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A config, its checkpoint, and the model exported by the command."""
    folder = tmp_path_factory.mktemp('export')
    config = write_config(folder)
    checkpoint = write_checkpoint(folder, config)
    path = folder / 'exported' / 'model.onnx'
    arguments = ['--strategy', 'hq', '--images', '2', '--threads', '1', '--out', str(path)]
    assert cli.main(['export', str(config), str(checkpoint), *arguments]) == 0
    return config, checkpoint, path


def test_writes_what_the_config_tests_on(files):
    _, checkpoint, path = files
    metadata = open_exported(path).metadata
    assert (metadata.width, metadata.height) == (64, 64)  # its sliding windows
    assert metadata.strategy == 'hq' and len(metadata.classes) == 19
    assert metadata.source['checkpoint'] == checkpoint.name
    assert set(metadata.source) == {'config', 'checkpoint', 'commit', 'versions', 'date'}


def test_a_file_that_is_there_is_verified(files, capsys):
    config, checkpoint, path = files
    options = ['--images', '2', '--verify-only', str(path)]  # with the strategy that it has
    assert cli.main(['export', str(config), str(checkpoint), *options]) == 0
    said = capsys.readouterr().out
    assert "logits in fp32, tome_cfg 'hq'; takes images of 64x64 pixels, batch 1" in said
    assert 'Compared on generated pictures' in said
    assert 'with the same tokens merged' in said
    assert f'Next: mim test mmsegmentation {config} --checkpoint {path}' in said


def test_another_model_is_told_from_it(files, tmp_path, capsys):
    config, checkpoint, path = files
    weights = torch.load(checkpoint)
    weights['state_dict']['backbone.layers.2.1.0.ffn.layers.4.weight'] *= 1.5
    other = tmp_path / 'other.pth'
    torch.save(weights, other)
    options = ['--strategy', 'hq', '--images', '1', '--verify-only', str(path)]
    assert cli.main(['export', str(config), str(other), *options]) == 1
    said = capsys.readouterr().err
    assert f'{path} is not what the model is: at 64x64' in said
    assert 'The first block that differs is backbone.layers.2.1.0' in said
    assert path.is_file()  # it was not written here


def test_what_was_written_wrong_gets_another_name(files, tmp_path, monkeypatch, capsys):
    from mmseg_tome.deploy import verify

    config, checkpoint, _ = files
    nothing = verify.Bound(0.0, 0.0, 0.0)
    monkeypatch.setitem(verify.BOUNDS, 'fp32', nothing)
    path = tmp_path / 'model.onnx'
    options = ['--images', '1', '--out', str(path)]
    assert cli.main(['export', str(config), str(checkpoint), *options]) == 1
    assert [each.name for each in tmp_path.iterdir()] == ['model.differs.onnx']
    assert 'model.differs.onnx is not what the model is' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--precision', 'bf16'], "error: precision = 'bf16' is not there for format = 'onnx'"),
        (['--output', 'keypoints'], "error: output = 'keypoints' is not allowed for segmentation"),
        (['--out', 'model.xml'], 'error: model.xml: files of this format end in .onnx'),
        (['--strategy', 'hqq'], "error: tome_cfg = 'hqq' is not the name of a preset"),
        (['--verify-only', 'none.onnx'], 'error: none.onnx: there is no such file'),
    ],
)
def test_refusals_are_one_sentence(files, options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config, checkpoint, _ = files
    assert cli.main(['export', str(config), str(checkpoint), *options]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert lines[-1].startswith(message)


@pytest.mark.parametrize('output', ['heatmaps', 'keypoints'])
def test_poses_are_compared_on_the_test_set(tmp_path, capsys, output):
    init_model = pytest.importorskip('mmpose.apis').init_model
    prepare_athletes(tmp_path / 'data', train=1, val=2, size=(320, 180))
    cfg = Config.fromfile(
        config_root() / 'athletes' / 'segformer_mit-b0_none_1xb8-6e_athletes-192x256.py'
    )
    cfg.test_dataloader.dataset.data_root = f'{tmp_path}/data/'
    cfg.model.backbone.update(num_layers=[1, 1, 1, 1], init_cfg=None)
    config, checkpoint = tmp_path / 'pose.py', tmp_path / 'pose.pth'
    cfg.dump(config)
    torch.manual_seed(0)
    model = init_model(cfg.copy(), None, 'cpu')
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, checkpoint)
    options = ['--output', output, '--images', '2', '--out', str(tmp_path / 'pose.onnx')]
    assert cli.main(['export', str(config), str(checkpoint), *options]) == 0
    said = capsys.readouterr().out
    assert 'images of the test set' in said and f'Verified: {tmp_path}/pose.onnx' in said
    assert ('PCK@0.1: model' in said) == (output == 'heatmaps')
    assert ('Next: mim test mmpose' in said) == (
        output == 'heatmaps'
    )  # keypoints are no checkpoint
    assert ('No metrics: the evaluator takes' in said) == (output == 'keypoints')
