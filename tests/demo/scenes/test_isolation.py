"""What the scene generators need: numpy, OpenCV and the standard library, on any platform."""

import ast
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from demo.scenes.athletes import generate_athletes
from demo.scenes.athletes.athlete_set import AthleteSet
from demo.scenes.athletes.layouts import jbd_names
from demo.scenes.athletes.request import AthleteRequest
from demo.scenes.streets import generate_streets
from demo.scenes.streets.request import StreetRequest
from demo.scenes.streets.street_set import StreetSet
from demo.scenes.writing.workers import draw_all
from mmseg_tome.datasets import jbd_format

ROOT = Path(__file__).parents[3]
SCENES = ROOT / 'demo' / 'scenes'
ALLOWED = {'numpy', 'cv2', *sys.stdlib_module_names}

DRAW_WITH_BLOCKED_IMPORTS = """\
import sys

BLOCKED = {'torch', 'mmseg', 'mmengine', 'mmcv', 'mmpose', 'mmseg_tome'}
BLOCKED |= {'rich', 'matplotlib', 'pandas'}


class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in BLOCKED:
            raise ImportError(f'{name} is blocked')


sys.meta_path.insert(0, Block())
try:
    import torch
except ImportError as error:
    assert 'is blocked' in str(error)
else:
    raise AssertionError('nothing is blocked')

from demo.scenes.athletes import render_athlete
from demo.scenes.streets import render_street

image, labels = render_street(0, size=(128, 64))
frame, annotation = render_athlete(0, size=(160, 90))
assert image.shape == (64, 128, 3) and labels.shape == (64, 128) and frame.shape == (90, 160, 3)
assert len(annotation.keypoints) == 37
assert not BLOCKED & set(sys.modules)
print('drawn')
"""


def imported_packages(source: str) -> set[str]:
    """Top-level packages that a module imports absolutely, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition('.')[0] for name in names}


def test_modules_import_numpy_opencv_and_the_standard_library_alone():
    others = {
        str(path.relative_to(SCENES)): packages
        for path in SCENES.rglob('*.py')
        if (packages := imported_packages(path.read_text()) - ALLOWED)
    }
    assert others == {}
    assert imported_packages((SCENES / 'drawing' / 'canvas.py').read_text()) >= {'cv2', 'numpy'}


def test_scenes_are_drawn_where_nothing_else_is_installed():
    done = subprocess.run(
        [sys.executable, '-c', DRAW_WITH_BLOCKED_IMPORTS], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, 'drawn\n', '')


def test_names_of_jbd_are_those_that_its_reader_expects():
    names = [name for name in vars(jbd_names) if not name.startswith('_')]
    assert len(names) >= 10
    for name in names:
        ours, theirs = getattr(jbd_names, name), getattr(jbd_format, name)
        if callable(ours):
            for event, frame in (('0', 1944), ('17', 0), ('3', 99_999)):
                assert ours(event, frame) == theirs(event, frame)
        else:
            assert ours == theirs


def pictures(folder: Path) -> dict[str, bytes]:
    """The images and label maps of a set, by path."""
    paths = [path for path in folder.rglob('*') if path.suffix in ('.png', '.jpg')]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_spawned_workers_draw_the_same_streets(tmp_path):
    generate_streets(tmp_path / 'alone', train=3, val=2, size=(128, 64), workers=1)
    request = StreetRequest(3, 2, 128, 64, 0, 1)
    images = StreetSet(tmp_path / 'spawned', request)
    spawn = multiprocessing.get_context('spawn')
    draw_all(images.write, request.all(), workers=2, warm_up=images.warm_up, context=spawn)
    assert len(pictures(tmp_path / 'spawned')) == 10
    assert pictures(tmp_path / 'spawned') == pictures(tmp_path / 'alone')


def test_spawned_workers_draw_the_same_athletes(tmp_path):
    generate_athletes(tmp_path / 'alone', train=3, val=1, size=(160, 90), workers=1)
    request = AthleteRequest(3, 1, 160, 90, 0, 1, 'jbd')
    images = AthleteSet(tmp_path / 'spawned', request)
    spawn = multiprocessing.get_context('spawn')
    draw_all(images.write, request.all(), workers=2, warm_up=images.warm_up, context=spawn)
    assert len(pictures(tmp_path / 'spawned')) == 4
    assert pictures(tmp_path / 'spawned') == pictures(tmp_path / 'alone')


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_shared_textures_are_made_for_forked_processes_only(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f'this platform cannot {method}')
    made = []
    context = multiprocessing.get_context(method)
    draw_all(abs, [1, -2], workers=2, warm_up=lambda: made.append(True), context=context)
    assert bool(made) == (method == 'fork')


@pytest.mark.parametrize('workers', [1, 2])
def test_every_image_is_reported(workers):
    reported = []
    draw_all(abs, range(5), workers=workers, on_image=lambda *count: reported.append(count))
    assert reported == [(done, 5) for done in range(6)]


def test_only_what_is_drawn_is_reported(tmp_path):
    reported = []
    request = {'train': 2, 'val': 1, 'size': (128, 64), 'workers': 1}
    for _ in range(2):
        generate_streets(
            tmp_path / 'set', **request, on_image=lambda *count: reported.append(count)
        )
    assert reported == [(0, 3), (1, 3), (2, 3), (3, 3)]
