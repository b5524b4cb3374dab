"""Which source files a module depends on: the closure over imports within this project."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.util import resolve_name
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ('mmseg_tome', 'benchmarks', 'demo')
# They import everything so that it is registered; what a result depends on by way of a registry is
# found from its config instead, or else everything would depend on everything.
REGISTRATION = (
    'mmseg_tome',
    'mmseg_tome.registration',
    'mmseg_tome.datasets',
    'mmseg_tome.engine',
    'mmseg_tome.evaluation',
)


def closure(modules: Iterable[str], root: Path = ROOT) -> dict[str, str]:
    """Hash the files of modules and of all that they import, at any depth, in functions too.

    A name that a package's ``__init__`` only passes on leads to the module that defines it. Imports
    for type checkers alone are left out, as are those of :data:`REGISTRATION`.

    Args:
        modules: Such as ``'mmseg_tome.analysis.benchmark'``.
        root: Folder of the packages.

    Returns:
        By path below ``root``, the first 16 digits of the SHA-256; sorted.

    Raises:
        ModuleNotFoundError: If one of ``modules`` is not there.
    """
    found: dict[str, Path] = {}
    queue = list(modules)
    for module in queue:
        if _path(module, root) is None:
            raise ModuleNotFoundError(f'{module}: there is no such file below {root}')
    while queue:
        module = queue.pop()
        path = _path(module, root)
        if module in found or path is None or module in REGISTRATION:
            continue
        found[module] = path
        queue += _dependencies(module, path, root)
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(found.values())
    }


def _path(module: str, root: Path) -> Path | None:
    if module.partition('.')[0] not in PACKAGES:
        return None
    base = root.joinpath(*module.split('.'))
    candidates = (base.with_name(f'{base.name}.py'), base / '__init__.py')
    return next((path for path in candidates if path.is_file()), None)


def _dependencies(module: str, path: Path, root: Path) -> Iterator[str]:
    for target, name in _imports(module, path):
        yield _definer(target, name, root) if name else target


def _definer(package: str, name: str, root: Path) -> str:
    """The module that ``from package import name`` gets the name from."""
    if name == '*':
        return package
    if _path(f'{package}.{name}', root) is not None:
        return f'{package}.{name}'
    path = _path(package, root)
    if path is not None and path.name == '__init__.py':
        for target, original, alias in _passed_on(package, path):
            if alias == name:
                return _definer(target, original, root)
    return package


def _imports(module: str, path: Path) -> Iterator[tuple[str, str | None]]:
    """Modules that are imported, and the name that is imported from them."""
    package = module if path.name == '__init__.py' else module.rpartition('.')[0]
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            target = _target(module, path, node)
            yield from ((target, alias.name) for alias in node.names)
        else:  # import_module('.x', __package__)
            yield resolve_name(ast.literal_eval(node.args[0]), package), None


def _passed_on(package: str, path: Path) -> Iterator[tuple[str, str, str]]:
    """Module, name there, and name here of what an ``__init__`` imports from elsewhere."""
    for node in _nodes(path):
        if isinstance(node, ast.ImportFrom):
            target = _target(package, path, node)
            yield from ((target, alias.name, alias.asname or alias.name) for alias in node.names)


def _target(module: str, path: Path, node: ast.ImportFrom) -> str:
    """The absolute name of the module that is imported from."""
    if not node.level:
        return node.module or ''
    parts = module.split('.')
    levels = node.level - (path.name == '__init__.py')
    parts = parts[: len(parts) - levels]
    return '.'.join([*parts, *([node.module] if node.module else [])])


def _nodes(path: Path) -> list[ast.Import | ast.ImportFrom | ast.Call]:
    return _parse(path.read_text(encoding='utf-8'))


@lru_cache(maxsize=1024)
def _parse(source: str) -> list[ast.Import | ast.ImportFrom | ast.Call]:
    """Everything in a file that imports."""
    found: list[ast.Import | ast.ImportFrom | ast.Call] = []
    queue: list[ast.AST] = [ast.parse(source)]
    while queue:
        node = queue.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_import_module(node):
            found.append(node)
        elif _is_for_type_checkers(node):
            queue += node.orelse
        else:
            queue += ast.iter_child_nodes(node)
    return found


def _is_import_module(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a module with a fixed name is imported; others are those of other projects."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith('import_module')
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def _is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and 'TYPE_CHECKING' in ast.unparse(node.test)
