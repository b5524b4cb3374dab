"""``import mmseg_tome.a.b`` always gives the module, wherever one is called so."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import mmseg_tome


def modules_in(package: ModuleType) -> Iterator[tuple[ModuleType, str, ModuleType]]:
    """Every module of a package: the package that holds it, its name in there, and itself."""
    for info in pkgutil.iter_modules(package.__path__):
        if info.name == '__main__':
            continue
        module = importlib.import_module(f'{package.__name__}.{info.name}')
        yield package, info.name, module
        if info.ispkg:
            yield from modules_in(module)


def test_no_module_is_shadowed_by_what_its_package_exports():
    pytest.importorskip('mmseg')
    pytest.importorskip('mmpose')
    if importlib.util.find_spec('triton') is None:
        pytest.skip('the kernels cannot be imported without triton')
    modules = list(modules_in(mmseg_tome))
    assert len(modules) > 60
    assert [
        module.__name__ for package, name, module in modules if getattr(package, name) is not module
    ] == []
