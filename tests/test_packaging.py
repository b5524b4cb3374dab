"""What users install: the wheel, its configs, and the words said when something is missing."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mmseg_tome import cli
from mmseg_tome.compat import versions
from mmseg_tome.config_files import find_configs
from mmseg_tome.version import __version__

ROOT = Path(__file__).resolve().parents[1]
WHAT_A_WHEEL_IS_MADE_OF = (
    'LICENSE',
    'MANIFEST.in',
    'configs',
    'mmseg_tome',
    'model-index.yml',
    'pyproject.toml',
    'setup.py',
)


def load_tool(name: str):
    """Imports a script of `tools/dev/`, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'tools' / 'dev' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Runs a command and returns its standard output; a failure shows all that it printed."""
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built without network, from a copy, so that the build leaves nothing behind here."""
    source = tmp_path_factory.mktemp('source')
    for name in WHAT_A_WHEEL_IS_MADE_OF:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns('__pycache__')
            shutil.copytree(ROOT / name, source / name, ignore=ignore)
        else:
            shutil.copy2(ROOT / name, source)
    # What an earlier build left: nothing of it may get in.
    stale = source / 'build' / 'lib' / 'mmseg_tome' / 'deleted_since.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    folder = source / 'dist'
    pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
    run(*pip, 'wheel', '.', '--no-deps', '--no-build-isolation', '-w', str(folder), cwd=source)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope='module')
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope='module')
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(
            archive.read(f'mmseg_tome-{__version__}.dist-info/METADATA'),
        )


class TestWheel:
    def test_holds_every_module_and_config(self, names: set[str]) -> None:
        configs = [path.relative_to(ROOT).as_posix() for path in ROOT.glob('configs/**/*.py')]
        modules = [path.relative_to(ROOT).as_posix() for path in ROOT.glob('mmseg_tome/**/*.py')]
        assert configs
        assert {f'mmseg_tome/.mim/{path}' for path in configs} <= names
        assert set(modules) <= names
        assert {'mmseg_tome/.mim/model-index.yml', 'mmseg_tome/py.typed'} <= names
        assert 'mmseg_tome/analysis/tokens/page.html' in names  # read when token maps are written
        assert f'mmseg_tome-{__version__}.dist-info/licenses/LICENSE' in names

    def test_holds_nothing_else(self, names: set[str], wheel: Path) -> None:
        """No checkpoint, tool, benchmark, demo, test, and nothing of an earlier build."""
        places = {'/'.join(name.split('/')[:3]) for name in names if '/.mim/' in name}
        assert places == {'mmseg_tome/.mim/configs', 'mmseg_tome/.mim/model-index.yml'}
        assert {name.split('/')[0] for name in names} == {
            'mmseg_tome',
            f'mmseg_tome-{__version__}.dist-info',
        }
        assert not [name for name in names if 'deleted_since' in name or name.endswith('.pth')]
        assert wheel.stat().st_size < 1_000_000

    def test_metadata(self, metadata: Message) -> None:
        assert metadata['Version'] == __version__
        assert metadata['License-Expression'] == 'Apache-2.0'

    def test_ranges_are_those_that_importing_checks(self, metadata: Message) -> None:
        required = [Requirement(text) for text in metadata.get_all('Requires-Dist')]
        compared = [each for each in required if each.name in versions.SUPPORTED]
        assert {each.name for each in compared} >= {'torch', 'mmengine', 'mmsegmentation'}
        hard = {each.name for each in required if each.marker is None}
        assert hard == {'torch', 'numpy', 'packaging', 'pyyaml'}
        for each in compared:
            assert (
                each.specifier == Requirement(each.name + versions.SUPPORTED[each.name]).specifier
            )
        assert Requirement(f'x{metadata["Requires-Python"]}') == Requirement(f'x{versions.PYTHON}')

    def test_requires_no_openmmlab_package_that_could_clash(self, metadata: Message) -> None:
        """Full mmcv and mmcv-lite own the same files: requiring one breaks the other."""
        hard = {Requirement(t).name for t in metadata.get_all('Requires-Dist') if 'extra' not in t}
        assert not hard & {'mmcv', 'mmcv-lite', 'mmsegmentation', 'mmpose', 'mmdet'}

    def test_works_from_another_folder(self, wheel: Path, tmp_path: Path) -> None:
        target = tmp_path / 'site'
        pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
        run(*pip, 'install', '--no-deps', '--target', str(target), str(wheel), cwd=tmp_path)
        installed = (sys.executable, '-m', 'mmseg_tome', 'configs')
        listed = run(*installed, cwd=tmp_path, PYTHONPATH=str(target)).splitlines()
        assert {Path(path).name for path in listed} == {path.name for path in find_configs()}
        assert all(Path(path).is_file() and Path(path).is_relative_to(target) for path in listed)

        found_by_mim = (
            'from mim.commands.search import get_model_info;'
            "print(*get_model_info('mmseg_tome', to_dict=True), sep='\\n')"
        )
        search = run(sys.executable, '-c', found_by_mim, cwd=tmp_path, PYTHONPATH=str(target))
        index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
        assert set(search.splitlines()) == {model['Name'] for model in index['Models']}

    def test_mim_downloads_into_an_empty_folder(self, wheel: Path, tmp_path: Path) -> None:
        """Offline: the weights are a stand-in, but where they are from and the config are real."""
        pytest.importorskip('mmseg')
        target = tmp_path / 'site'
        pip = (sys.executable, '-m', 'pip', '--disable-pip-version-check')
        run(*pip, 'install', '--no-deps', '--target', str(target), str(wheel), cwd=tmp_path)
        name = 'segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024'
        download = f"""
import importlib
from pathlib import Path
download = importlib.import_module('mim.commands.download')
download.download_from_file = lambda url, path, **options: Path(path).write_text(url)
print(*download.download('mmseg_tome', [{name!r}], 'weights'))
from mmengine import Config
print(Config.fromfile('weights/{name}.py').model.backbone.tome_cfg)
"""
        printed = run(sys.executable, '-c', download, cwd=tmp_path, PYTHONPATH=str(target))
        checkpoint, strategy = printed.splitlines()[-2:]
        url = (tmp_path / 'weights' / checkpoint).read_text()
        assert url.startswith('https://download.openmmlab.com/') and url.endswith(checkpoint)
        assert 'segformer_mit-b0_8x1_1024x1024_160k_cityscapes' in checkpoint
        assert strategy == 'hq'


class TestRelease:
    @pytest.fixture(scope='class')
    def tool(self):
        return load_tool('release_check')

    @pytest.fixture(scope='class')
    def sdist(self, tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
        if not (ROOT / '.git').exists():
            pytest.skip('what is tracked is known in a clone only')
        return tool.build(tmp_path_factory.mktemp('dist'))[1]

    def test_sdist_is_complete(self, tool, sdist: Path) -> None:
        names = tool.names_in_sdist(sdist)
        assert tool.sdist_problems(names, tool.tracked_files()) == []
        assert {path.name for path in ROOT.glob('checkpoints/*.pth')} == {
            Path(name).name for name in names if name.endswith('.pth')
        }
        missing = names - {'tests/conftest.py'}
        problems = tool.sdist_problems(missing, tool.tracked_files())
        assert problems == ['sdist: tests/conftest.py is missing']

    @pytest.mark.slow
    def test_tests_of_the_sdist_are_found(self, sdist: Path, tmp_path: Path) -> None:
        shutil.unpack_archive(sdist, tmp_path)
        (folder,) = tmp_path.iterdir()
        collect = (sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--collect-only')
        listed = run(*collect, cwd=folder, PYTHONPATH=str(folder))
        files = {line.partition('::')[0] for line in listed.splitlines() if '::' in line}
        there = {path.relative_to(ROOT).as_posix() for path in ROOT.glob('tests/**/test_*.py')}
        assert files >= there - {'tests/test_environments.py'}  # slow ones alone

    def test_what_a_wheel_may_hold(self, tool, names: set[str]) -> None:
        assert tool.wheel_problems(names) == []
        for name in ('tests/a.py', 'mmseg_tome/.mim/tools/a.py', 'mmseg_tome/.mim/configs/a.pth'):
            assert tool.wheel_problems(names | {name}) == [f'wheel: {name} does not belong there']

    def test_version(self, tool) -> None:
        assert tool.package_version() == __version__

    @pytest.mark.parametrize(
        ('changelog', 'newest'),
        [
            ('## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0] - 2026-01-01\n', None),
            ('## [Unreleased]\n\n## [0.2.0] - 2026-01-01\n\n- A thing.\n', None),
            ('## [0.2.0] - 2026-01-01\n\n## [0.1.0] - 2025-01-01\n', None),
            ('## [Unreleased]\n\n### Added\n\n## [0.1.0] - 2026-01-01\n\n- A thing.\n', '0.1.0'),
            ('# Changelog\n', 'missing'),
        ],
    )
    def test_changelog(self, tool, changelog: str, newest: str | None) -> None:
        problems = tool.changelog_problems('0.2.0', changelog)
        assert len(problems) == (newest is not None)
        assert newest is None or f'its newest release is {newest} and' in problems[0]

    def test_changelog_here(self, tool) -> None:
        text = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
        assert tool.changelog_problems(__version__, text) == []


class TestModelIndex:
    def test_lists_every_config_once(self) -> None:
        index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
        listed = sorted(model['Config'] for model in index['Models'])
        there = sorted(path.relative_to(ROOT).as_posix() for path in find_configs())
        assert listed == there, 'run `make model-index`'

    def test_names_are_unique(self) -> None:
        stems = [path.stem for path in find_configs()]
        assert len(stems) == len(set(stems))

    def test_is_as_written(self) -> None:
        pytest.importorskip('mmseg')
        index = load_tool('write_model_index').model_index()
        assert (ROOT / 'model-index.yml').read_text(encoding='utf-8') == index


class TestConfigs:
    def test_lists_all_but_bases(self, capsys: pytest.CaptureFixture) -> None:
        assert cli.main(['configs']) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [str(path) for path in find_configs()]
        assert lines and not [line for line in lines if '_base_' in line]

    @pytest.mark.parametrize('pattern', ['cityscapes', 'b0_fast', 'city*b0_fast*.py', '*1024.py'])
    def test_pattern(self, pattern: str) -> None:
        found = find_configs(pattern)
        assert 0 < len(found) < len(find_configs())
        assert all(word in str(path) for path in found for word in pattern.split('*'))

    def test_no_match_suggests_one(self, capsys: pytest.CaptureFixture) -> None:
        assert cli.main(['configs', 'segformer_mit-b0_fsat_cityscapes']) == 1
        printed = capsys.readouterr()
        assert printed.out == ''
        assert 'Did you mean segformer_mit-b0_' in printed.err
        assert '`python -m mmseg_tome configs` lists all' in printed.err

    def test_alone_prints_help(self, capsys: pytest.CaptureFixture) -> None:
        assert cli.main([]) == 0
        assert 'configs' in capsys.readouterr().out

    def test_env_names_versions(self, capsys: pytest.CaptureFixture) -> None:
        assert cli.main(['env']) == 0
        rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
        assert rows['mmseg_tome'] == __version__
        assert rows['python'].startswith(f'{sys.version_info[0]}.{sys.version_info[1]}')


class TestCheckMachine:
    @pytest.fixture
    def tool(self):
        return load_tool('check_machine')

    def test_content_here(self, tool, tmp_path: Path) -> None:
        assert tool.missing(str(tmp_path / 'not' / 'yet' / '.venv')) == ''

    @pytest.mark.parametrize('version', [(3, 9, 18), (3, 14, 0)])
    def test_python_out_of_range(self, tool, monkeypatch: pytest.MonkeyPatch, version) -> None:
        monkeypatch.setattr(tool.sys, 'version_info', version)
        assert 'the pinned set needs Python 3.10 to 3.13' in tool.missing('.venv')

    def test_range_is_within_that_of_importing(self, tool) -> None:
        supported = SpecifierSet(versions.PYTHON)
        for major, minor in (tool.OLDEST, tool.NEWEST):
            assert f'{major}.{minor}' in supported

    @pytest.mark.parametrize('version', [(3, 12, 1), (3, 13, 0)])
    def test_newest_goes_without_poses_and_compiler(
        self, tool, monkeypatch: pytest.MonkeyPatch, version, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(tool.sys, 'version_info', version)
        monkeypatch.setenv('CC', 'no-such-compiler')
        monkeypatch.setattr(tool.sysconfig, 'get_path', lambda name: str(tmp_path))
        complete = version < (3, 13)
        venv = str(tmp_path / '.venv')
        assert ('no C headers' in tool.missing(venv)) is complete
        assert ('MMPose is left out' in tool.left_out()) is not complete
        assert tool.missing(venv, 'onedl') == ''
        assert 'no maintained fork' in tool.left_out('onedl')

    def test_no_compiler(self, tool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv('CC', 'no-such-compiler -O2')
        assert '`no-such-compiler` is not on PATH' in tool.missing('.venv')

    def test_no_headers(self, tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(tool.sysconfig, 'get_path', lambda name: str(tmp_path))
        assert 'no C headers' in tool.missing('.venv')

    def test_no_venv(self, tool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tool.importlib.util, 'find_spec', lambda name: None)
        assert 'no `venv` with pip' in tool.missing('.venv')

    def test_no_space(self, tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(tool, 'FREE_GIB', 10**9)
        assert 'GiB free, and the environment needs' in tool.missing(str(tmp_path / '.venv'))

    def test_environment_of_another_python(self, tool, tmp_path: Path) -> None:
        (tmp_path / 'pyvenv.cfg').write_text('home = /usr/bin\nversion = 3.1.4\n')
        assert 'was made with Python 3.1.4' in tool.missing(str(tmp_path))
