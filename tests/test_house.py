"""The rooms of docs/architecture.md: what is there, and which imports are allowed.

Imports are read from the source: one that hides in a function counts as well, and nothing has to be
installed.
"""

import ast
import graphlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / 'docs' / 'architecture.md'
CODE = ('mmseg_tome', 'benchmarks', 'demo', 'tools', 'tests')
STANDARD_LIBRARY = sys.stdlib_module_names
# Passed as text to an interpreter, which runs it in another tree: a program, no module.
PROGRAMS = {ROOT / 'mmseg_tome' / 'analysis' / 'revision_worker.py'}


def table(heading: str, page: str | None = None) -> list[list[str]]:
    """The names in backticks of the first column, row by row, of the table under a heading."""
    page = PAGE.read_text(encoding='utf-8') if page is None else page
    section = re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', page, re.DOTALL | re.MULTILINE)
    rows = [line.split('|')[1] for line in section[1].splitlines() if line.startswith('|')]
    return [re.findall(r'`([^`]+)`', row) for row in rows[2:]]


def module_name(path: Path, root: Path = ROOT) -> str:
    return '.'.join(path.relative_to(root).with_suffix('').parts)


class WithoutTypes(ast.NodeTransformer):
    """Leaves out what only type checkers import."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == 'TYPE_CHECKING'
        return None if is_for_types else self.generic_visit(node)


def imports(
    path: Path, root: Path = ROOT, *, lazy: bool = True, types: bool = True
) -> Iterator[str]:
    """Every module or name that a file imports, absolute: `from .a import b` is `pkg.a.b`.

    Without `lazy`, only what it imports while it is imported itself; without `types`, not what it
    imports for type checkers alone.
    """
    package = module_name(path, root).split('.')[:-1]
    tree = ast.parse(path.read_text(encoding='utf-8'))
    tree = tree if types else WithoutTypes().visit(tree)
    for node in ast.walk(tree) if lazy else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split('.') if node.module else [])]
            yield from ('.'.join([*base, alias.name]) for alias in node.names)


def files(*folders: str, root: Path = ROOT) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob('*.py'))


def wrong_way(floors: list[list[str]], arrows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that go up, or sideways, between floors that are listed from the top."""
    level = {room: number for number, rooms in enumerate(floors) for room in rooms}
    return [(a, b) for a, b in arrows if a != b and level[a] >= level[b]]


def room_of(name: str, floors: list[list[str]]) -> str | None:
    """The room of the checkout that a dotted name lies in: the longest that fits."""
    rooms = [room for rooms in floors for room in rooms]
    fitting = [room for room in rooms if f'{name}.'.startswith(room.replace('/', '.') + '.')]
    return max(fitting, key=len, default=None)


def floor_of(name: str) -> str:
    """The module or package right below `mmseg_tome` that a dotted name lies in."""
    below = name.split('.')[1:2] or ['__init__']
    package = ROOT / 'mmseg_tome'
    is_module = (package / f'{below[0]}.py').is_file() or (package / below[0]).is_dir()
    return below[0] if is_module else '__init__'  # e.g. `from mmseg_tome import apply_tome`


def is_ours(name: str) -> bool:
    return name.split('.')[0] == 'mmseg_tome'


def module_file(name: str) -> Path | None:
    """The file of the package that a dotted name is, or is defined in; None if it is another's."""
    if not is_ours(name):
        return None
    parts = name.split('.')
    for end in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:end])
        for path in (base.with_suffix('.py'), base / '__init__.py'):
            if path.is_file():
                return path
    raise AssertionError(f'{name} is nowhere')


def arrows_between_rooms(floors: list[list[str]]) -> list[tuple[str, str, str]]:
    found = []
    for path in files(*CODE):
        for name in imports(path):
            target = room_of(name, floors)
            if target is not None:
                found.append((room_of(module_name(path), floors), target, f'{path}: {name}'))
    return found


class TestPicture:
    def test_every_room_is_there(self):
        rooms = [room for (room,) in table('Rooms')]
        assert rooms and [room for room in rooms if not (ROOT / room).is_dir()] == []

    @pytest.mark.skipif(not shutil.which('git') or not (ROOT / '.git').exists(), reason='no git')
    def test_every_folder_is_a_room(self):
        done = subprocess.run(['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True)
        tops = {path.split('/')[0] for path in done.stdout.splitlines() if '/' in path}
        rooms = {room for (room,) in table('Rooms')}
        assert {f'{top}/' for top in tops if not top.startswith('.')} - rooms == set()

    def test_every_package_is_a_room(self):
        packages = {path.parent.relative_to(ROOT) for path in ROOT.glob('mmseg_tome/*/__init__.py')}
        packages |= {path.parent.relative_to(ROOT) for path in ROOT.glob('mmseg_tome/ops/*/*.py')}
        rooms = {room for (room,) in table('Rooms')}
        assert {f'{package.as_posix()}/' for package in packages} - rooms == set()

    def test_floors_list_every_module_once(self):
        listed = [name for row in table('Floors of the package') for name in row]
        there = {path.stem for path in ROOT.glob('mmseg_tome/*.py')}
        there |= {path.parent.name for path in ROOT.glob('mmseg_tome/*/__init__.py')}
        assert sorted(listed) == sorted(there)


class TestImports:
    def test_between_rooms_go_down(self):
        floors = table('Floors of the checkout')
        arrows = arrows_between_rooms(floors)
        assert {'demo', 'benchmarks', 'tools', 'tests'} <= {a for a, _, _ in arrows}
        wrong = wrong_way(floors, [(a, b) for a, b, _ in arrows])
        assert [where for a, b, where in arrows if (a, b) in wrong] == []

    def test_inside_the_package_go_down(self):
        floors = table('Floors of the package')
        arrows = {
            (floor_of(module_name(path)), floor_of(name), f'{path}: {name}')
            for path in set(files('mmseg_tome')) - PROGRAMS
            for name in imports(path)
            if is_ours(name)
        }
        assert ('models', 'ops') in {(a, b) for a, b, _ in arrows}
        wrong = wrong_way(floors, [(a, b) for a, b, _ in arrows])
        assert sorted(where for a, b, where in arrows if (a, b) in wrong) == []

    def test_programs_are_imported_by_nobody(self):
        imported = {module_file(n) for path in files(*CODE) for n in imports(path) if is_ours(n)}
        assert PROGRAMS & imported == set()
        assert all(path.is_file() for path in PROGRAMS)

    def test_no_cycle_between_modules(self):
        graph = {}
        for path in files('mmseg_tome'):
            graph[module_file(module_name(path))] = {
                target
                for name in imports(path, types=False)
                if (target := module_file(name)) not in (None, path)
            }
        list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError

    @pytest.mark.parametrize(
        ('room', 'allowed'),
        [
            ('mmseg_tome/merging', {'torch', 'mmseg_tome'}),
            ('mmseg_tome/ops', {'torch', 'mmseg_tome'}),
        ],
    )
    def test_outside_packages(self, room, allowed):
        found = [
            f'{path}: {name}'
            for path in files(room)
            for name in imports(path)
            if name.split('.')[0] not in (STANDARD_LIBRARY | allowed)
            and not ('triton' in path.parent.parts and name.split('.')[0] == 'triton')
        ]
        assert found == []

    def test_kernels_are_imported_only_where_they_run(self):
        """Where there is no triton, importing the ops must not need it."""
        found = [
            f'{path}: {name}'
            for path in files('mmseg_tome')
            for name in imports(path, lazy=False)
            if path.parent.name != 'triton'
            and (name.split('.')[0] == 'triton' or name.startswith('mmseg_tome.ops.triton'))
        ]
        assert found == []


def test_no_module_shadows_the_standard_library():
    """Run as a script, a module puts its folder first on the path: `profile.py` would be found."""
    found = [path for path in files(*CODE) if path.stem in STANDARD_LIBRARY]
    assert found == []


class TestTheTestsThemselves:
    """What is wrong is found: on made-up rooms."""

    def test_arrows(self):
        floors = [['top'], ['left', 'right'], ['bottom']]
        assert wrong_way(floors, [('top', 'bottom'), ('left', 'left')]) == []
        up, aside = ('bottom', 'left'), ('left', 'right')
        assert wrong_way(floors, [up, aside]) == [up, aside]

    def test_imports_are_seen_wherever_they_hide(self, tmp_path):
        package = tmp_path / 'a' / 'b'
        package.mkdir(parents=True)
        path = package / 'c.py'
        path.write_text('import x.y\ndef f():\n    from ..d import e\n    from . import g\n')
        assert list(imports(path, tmp_path)) == ['x.y', 'a.d.e', 'a.b.g']
        assert list(imports(path, tmp_path, lazy=False)) == ['x.y']
        path.write_text('if TYPE_CHECKING:\n    import x\nelse:\n    import y\nimport z\n')
        assert sorted(imports(path, tmp_path)) == ['x', 'y', 'z']
        assert list(imports(path, tmp_path, types=False)) == ['z']

    def test_longest_room(self):
        floors = [['demo'], ['demo/scenes']]
        assert room_of('demo.scenes.streets', floors) == 'demo/scenes'
        assert room_of('demo.scenery', floors) == 'demo'
        assert room_of('numpy', floors) is None

    def test_table(self):
        page = '## A\n\n| x | y |\n| --- | --- |\n| `p`, `q` | `no` |\n| `r` | |\n\n## B\n'
        assert table('A', page) == [['p', 'q'], ['r']]
