"""INT8 by the runtimes' own tools: smaller, close, and never without pictures."""

import pytest

from mmseg_tome import cli
from mmseg_tome.deploy.export import Settings, export_model
from mmseg_tome.deploy.runtimes import open_exported
from mmseg_tome.deploy.verify import compare, reference_graph
from tests.analysis.tiny_segmentor import write_checkpoint, write_config, write_image
from tests.deploy.models import normalized, picture, tiny_segmentor

pytest.importorskip('mmseg')
pytest.importorskip('onnxscript')


@pytest.mark.parametrize(
    ('fmt', 'packages'), [('onnx', ['onnxruntime']), ('openvino', ['openvino', 'nncf'])]
)
def test_predictions_stay_close(tmp_path, fmt, packages):
    for package in packages:
        pytest.importorskip(package)
    model = tiny_segmentor('hq')
    path = tmp_path / f'model{".onnx" if fmt == "onnx" else ".xml"}'
    pictures = [normalized(model, picture(96, 128, seed=seed)).numpy() for seed in range(4)]
    export_model(model, path, Settings(fmt, (128, 96), precision='int8'), calibration=pictures)
    runtime = open_exported(path)
    assert runtime.metadata.precision == 'int8'
    images = normalized(model, picture(96, 128, seed=9))
    found = compare(reference_graph(model, runtime), runtime, images)
    assert 1e-3 < found.relative < 0.5  # quantized, and still the same model
    content = path.read_bytes()
    assert b'QuantizeLinear' in content or b'FakeQuantize' in content


def test_needs_pictures(tmp_path):
    settings = Settings('onnx', (128, 96), precision='int8')
    with pytest.raises(ValueError, match="'int8' needs pictures to calibrate by"):
        export_model(tiny_segmentor(), tmp_path / 'model.onnx', settings)
    with pytest.raises(ValueError, match="precision = 'int8' is not there for format = 'torch'"):
        Settings('torch', (128, 96), precision='int8')


def test_calibrated_by_a_folder(tmp_path, capsys):
    pytest.importorskip('onnxruntime')
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    config = write_config(tmp_path, **{'test_dataloader.dataset.pipeline': pipeline})
    checkpoint = write_checkpoint(tmp_path, config)
    (tmp_path / 'pictures').mkdir()
    for number in range(2):
        write_image(tmp_path / 'pictures' / f'{number}.png')
    command = ['export', str(config), str(checkpoint), '--precision', 'int8', '--images', '1']
    assert cli.main(command) == 2
    assert '--precision int8 and --calibrate belong together' in capsys.readouterr().err
    assert cli.main([*command, '--calibrate', 'config']) == 2
    assert 'the config has no train_dataloader, give a folder' in capsys.readouterr().err
    out = tmp_path / 'model.onnx'
    options = ['--calibrate', str(tmp_path / 'pictures'), '--out', str(out), '--size', '64x64']
    status = cli.main([*command, *options])
    said = capsys.readouterr()
    # Random weights lose more than trained ones: either is right, and says which.
    written = out if status == 0 else tmp_path / 'model.differs.onnx'
    assert open_exported(written).metadata.precision == 'int8'
    assert (f'Verified: {out}' in said.out) == (status == 0)
    assert ('of its predictions are others' in said.err) == (status == 1)
