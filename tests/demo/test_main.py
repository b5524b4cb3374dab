"""`python -m demo` and `python tools/demo.py` are one command."""

import subprocess
import sys
from pathlib import Path

import pytest

from demo.__main__ import build_parser
from demo.tasks import DATASETS

ROOT = Path(__file__).parents[2]
COMMANDS = (['-m', 'demo'], [str(ROOT / 'tools' / 'demo.py')])


def run(command: list[str], *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command, *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_datasets_are_those_of_the_demo():
    choices = next(a.choices for a in build_parser()._actions if a.dest == 'dataset')
    assert set(choices) == set(DATASETS)


@pytest.mark.parametrize('command', COMMANDS)
def test_help(command):
    done = run(command, '--help')
    assert done.returncode == 0
    assert 'examples:' in done.stdout and '--dataset {streets,camvid,athletes}' in done.stdout


@pytest.mark.parametrize('command', COMMANDS)
def test_missing_data_are_named(command, tmp_path):
    done = run(command, '--dataset', 'camvid', '--data', str(tmp_path / 'camvid'))
    assert done.returncode == 2
    assert f'--data: {tmp_path / "camvid"}: there is no such folder' in done.stderr


def test_the_tool_runs_from_any_folder(tmp_path):
    tool = str(ROOT / 'tools' / 'demo.py')
    done = subprocess.run(
        [sys.executable, tool, '--help'], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
