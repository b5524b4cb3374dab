"""The wheel in environments made for it, as a user makes them: a network or a cache is needed."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    """Runs a command without this process's environment; a failure shows all that it printed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_beside_torch_alone(tmp_path, monkeypatch):
    """It brings no OpenMMLab, merges, and its commands work or say what to install."""
    monkeypatch.delenv('PYTHONPATH', raising=False)
    pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
    run(*pip, 'wheel', ROOT, '--no-deps', '--no-build-isolation', '-w', tmp_path, cwd=tmp_path)
    (wheel,) = tmp_path.glob('*.whl')
    venv.create(tmp_path / 'venv', with_pip=False)
    python = tmp_path / 'venv' / ('Scripts' if sys.platform == 'win32' else 'bin') / 'python'
    pinned = ROOT / 'requirements' / 'build.txt'
    run(*pip, '--python', python, 'install', '--quiet', wheel, '-c', pinned, cwd=tmp_path)

    listed = run(*pip, '--python', python, 'list', '--format=freeze', cwd=tmp_path).lower()
    for name in ('mmengine', 'mmcv', 'opencv', 'matplotlib', 'pandas', 'rich', 'optuna'):
        assert name not in listed
    run(*pip, '--python', python, 'check', cwd=tmp_path)
    tried = run(python, ROOT / 'tools' / 'dev' / 'smoke_test.py', cwd=tmp_path)
    assert 'merging: 4096 tokens to' in tried
    assert 'model: not tried' in tried
    assert 'mmengine              -' in run(python, '-m', 'mmseg_tome', 'env', cwd=tmp_path)
    refused = subprocess.run(
        [python, '-m', 'mmseg_tome', 'benchmark'], cwd=tmp_path, capture_output=True, text=True
    )
    assert (refused.returncode, refused.stdout) == (2, '')
    assert "pip install 'mmseg_tome[seg]'" in refused.stderr
