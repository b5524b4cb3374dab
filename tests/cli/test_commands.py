"""`python -m mmseg_tome`: how commands are found, and that help does not wait for OpenMMLab."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmseg_tome import cli

ROOT = Path(__file__).resolve().parents[2]
WRAPPERS = {
    'benchmark': 'benchmark.py',
    'profile': 'profile_model.py',
    'search': 'search_rates.py',
    'show': 'show_merging.py',
    'convert-jbd': 'convert_jbd.py',
}
# Importing torch or OpenMMLab takes seconds; here it fails.
HEAVY = ['torch', 'numpy', 'mmengine', 'mmseg', 'mmpose', 'rich', 'pandas', 'matplotlib']


def run(script: str, *arguments: str, missing: list[str] = HEAVY) -> subprocess.CompletedProcess:
    """Runs a script of `tools/` in an interpreter that cannot import some packages."""
    code = (
        'import runpy, sys;'
        f'sys.modules.update(dict.fromkeys({missing}));'
        f'sys.argv = {[script, *arguments]};'
        f'runpy.run_path({str(ROOT / "tools" / script)!r}, run_name="__main__")'
    )
    return subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize('command', WRAPPERS)
def test_a_script_is_its_command_and_helps_at_once(command, capsys):
    script = run(WRAPPERS[command], '--help')
    assert script.returncode == 0, script.stderr
    with pytest.raises(SystemExit):
        cli.main([command, '--help'])
    assert script.stdout == capsys.readouterr().out


@pytest.mark.parametrize('command', cli.COMMANDS)
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, '--help'])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert shown.startswith(f'usage: python -m mmseg_tome {command} ')
    assert f'examples:\n  python -m mmseg_tome {command}' in shown


def test_a_search_without_optuna_says_how_to_get_it():
    pytest.importorskip('mmseg')
    done = run('search_rates.py', 'config.py', 'checkpoint.pth', missing=['optuna'])
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.splitlines()[-1] == (
        'error: python -m mmseg_tome search needs optuna, which is not installed; get it with: '
        "pip install 'mmseg_tome[search]'"
    )


def test_started_as_a_module():
    command = [sys.executable, '-m', 'mmseg_tome', 'configs', 'no-such-config']
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, '')
    assert "No config matches 'no-such-config'" in done.stderr


def test_a_package_that_imports_ours_is_not_answered(tmp_path):
    """While `python -m theirs` imports its package, `sys.argv` looks as it does for ours."""
    (tmp_path / 'theirs').mkdir()
    (tmp_path / 'theirs' / '__init__.py').write_text('from mmseg_tome import PRESETS\n')
    (tmp_path / 'theirs' / '__main__.py').write_text(
        'from theirs import PRESETS\nprint("hq" in PRESETS)\n'
    )
    command = [sys.executable, '-m', 'theirs', '--help']
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.stdout == 'True\n', done.stderr


def test_all_commands_are_listed(capsys):
    assert cli.main([]) == 0
    listed = capsys.readouterr().out
    assert all(f'\n  {name} ' in listed for name in cli.COMMANDS)
    assert cli.main(['--help']) == 0
    assert capsys.readouterr().out == listed


def test_a_mistyped_command_is_an_error_with_a_suggestion(capsys):
    assert cli.main(['benchmrk']) == 2
    assert "no command 'benchmrk': did you mean 'benchmark'?" in capsys.readouterr().err
