"""Exported files in fp32 and INT8, scored, timed and weighed by the command."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('mmseg')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

from mmseg_tome.analysis.results import read_csv
from tests.analysis.tiny_segmentor import write_labeled

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'benchmarks.quantization', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_every_file_is_measured(tmp_path):
    config, checkpoint, _ = write_labeled(tmp_path, splits=('train', 'val'))
    out = tmp_path / 'out'
    options = ['--formats', 'onnx', '--strategies', 'hq_weighted', '--repeats', '2']
    done = run(config, checkpoint, out, *options, '--images', '4', '--calibration-images', '4')
    assert done.returncode == 0, done.stderr
    table = read_csv(out / 'quantization.csv')
    columns = ['implementation', 'strategy', 'dtype']
    values = table.pivot(index=columns, columns='metric', values='value')
    assert set(values.index) == {
        ('ours', 'none', 'fp32'),
        *(
            ('onnxruntime', strategy, dtype)
            for strategy in ('none', 'hq_weighted')
            for dtype in ('fp32', 'int8')
        ),
    }
    model = values.loc[('ours', 'none', 'fp32')]
    full, small = (values.loc[('onnxruntime', 'none', dtype)] for dtype in ('fp32', 'int8'))
    assert full['mIoU'] == pytest.approx(model['mIoU'], abs=0.05)
    assert full['agreement'] > 99.9 > small['agreement'] > 50
    assert small['mIoU change'] == pytest.approx(small['mIoU'] - model['mIoU'])
    assert full['seconds_per_image'] > 0 and small['seconds_per_image'] > 0
    paths = sorted(out.glob('*.onnx'))
    assert len(paths) == 4
    (path,) = out.glob('onnx-none-int8.onnx')
    assert small['bytes'] == path.stat().st_size


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    done = run('config.py', 'weights.pth', tmp_path)
    assert done.returncode == 2
    assert f'{tmp_path} is there already: name a new folder' in done.stderr


def test_missing_files_are_said_before_anything_is_written(tmp_path):
    done = run('absent.py', 'absent.pth', tmp_path / 'out')
    assert done.returncode == 1
    assert 'error: config absent.py: there is no such file' in done.stderr
    assert not (tmp_path / 'out').exists()
