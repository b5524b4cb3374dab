"""Running a script in a fresh interpreter, because what compat patches is state of the process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# A package without its __init__, which would patch everything on import.
PREAMBLE = f"""
import sys, types
package = types.ModuleType('mmseg_tome')
package.__path__ = [{str(REPOSITORY / 'mmseg_tome')!r}]
sys.modules['mmseg_tome'] = package
"""

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script in which nothing has been patched yet; return what it prints.

    ``path`` goes first on ``sys.path``, so that packages in it hide the installed ones.
    """

    def run_script(script: str, path: Path = tmp_path) -> str:
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', PREAMBLE + script],
            env={**os.environ, 'PYTHONPATH': str(path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_script


@pytest.fixture
def fake_package(tmp_path: Path) -> Callable[..., None]:
    """Write a package, given by its files' contents, to the path that ``run`` searches first."""

    def write(name: str, **files: str) -> None:
        (tmp_path / name).mkdir()
        for stem, content in {'__init__': '', **files}.items():
            (tmp_path / name / f'{stem}.py').write_text(content)

    return write


@pytest.fixture
def fake_distribution(tmp_path: Path) -> Callable[[str, str], None]:
    """Write the metadata of an installed distribution to the path that ``run`` searches first."""

    def write(name: str, version: str) -> None:
        folder = tmp_path / f'{name.replace("-", "_")}-{version}.dist-info'
        folder.mkdir()
        (folder / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
        )

    return write
