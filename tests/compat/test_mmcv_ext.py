"""The stand-in for mmcv's compiled operators, and that nothing real is hidden by it."""

import copy
import importlib.util
import inspect
import pickle
import sys

import pytest

from mmseg_tome.compat import mmcv_ext

STATE = """
from mmseg_tome.compat import mmcv_ext
before = set(sys.modules)
patched = mmcv_ext.patch()
print(patched, sorted(name for name in set(sys.modules) - before if name.startswith('mmcv')))
"""


def test_compiled_operators_are_left_alone(run, fake_package):
    fake_package('mmcv', _ext='nms = "compiled"')
    printed = run(STATE + 'import mmcv._ext; print(mmcv._ext.nms)')
    assert printed.splitlines() == ['() []', 'compiled']


def test_compiled_operators_that_do_not_import_say_so_themselves(run, fake_package):
    fake_package('mmcv', _ext='raise ImportError("undefined symbol: _ZN3c105ErrorC2E")')
    printed = run(
        STATE
        + """
try:
    import mmcv._ext
except ImportError as error:
    print(error)
"""
    )
    assert printed.splitlines() == ['() []', 'undefined symbol: _ZN3c105ErrorC2E']


def test_missing_operators_get_the_stand_in(run, fake_package):
    fake_package('mmcv')
    printed = run(
        STATE
        + """
import importlib
print(mmcv_ext.patch(), type(importlib.import_module('mmcv._ext')).__name__)
"""
    )
    assert printed.splitlines() == ["('mmcv._ext',) ['mmcv._ext']", '() MissingOps']


def test_missing_mmcv_is_left_alone(monkeypatch):
    monkeypatch.delitem(sys.modules, 'mmcv._ext', raising=False)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    assert mmcv_ext.patch() == ()
    assert 'mmcv._ext' not in sys.modules


@pytest.fixture
def stand_in(monkeypatch) -> mmcv_ext.MissingOps:
    module = mmcv_ext.MissingOps()
    monkeypatch.setitem(sys.modules, 'mmcv._ext', module)
    return module


def test_an_operator_exists_and_names_itself_when_called(stand_in):
    assert hasattr(stand_in, 'ms_deform_attn_forward')
    with pytest.raises(
        NotImplementedError, match=r"'ms_deform_attn_forward'.*full mmcv has it.*pip"
    ):
        stand_in.ms_deform_attn_forward(1, im2col_step=2)


def test_an_operator_can_be_pickled_and_copied(stand_in):
    assert pickle.loads(pickle.dumps(stand_in.nms)) is stand_in.nms
    assert copy.deepcopy(stand_in.nms) is stand_in.nms


@pytest.mark.parametrize('name', ['__file__', '__path__', '__wrapped__', '_private'])
def test_what_python_asks_of_a_module_is_not_an_operator(name, stand_in):
    with pytest.raises(AttributeError, match=name):
        getattr(stand_in, name)


def test_the_import_system_can_ask_about_it(stand_in):
    spec = importlib.util.find_spec('mmcv._ext')
    assert spec is stand_in.__spec__
    assert spec.loader is None
    assert inspect.getmodule(stand_in.nms) is stand_in
    assert inspect.unwrap(stand_in.nms) is stand_in.nms
    assert repr(stand_in) == "<module 'mmcv._ext' (stand-in of mmseg_tome)>"


# Full mmcv is an option, with which there is nothing to stand in for.
_mmcv = importlib.util.find_spec('mmcv')
lite_only = pytest.mark.skipif(
    _mmcv is None or not mmcv_ext._is_absent(), reason='mmcv is absent, or has its operators'
)


@lite_only
def test_the_whole_stack_imports_beside_mmcv_lite(run):
    for package in ('mmseg', 'mmdet', 'mmpose'):
        pytest.importorskip(package)
    printed = run("""
from mmseg_tome.compat import patch
patched = patch()
assert 'mmcv._ext' in patched, patched
assert patch() == ()

import mmseg.models, mmdet.models, mmpose.models
from mmcv.utils.ext_loader import check_ops_exist
from mmengine.utils.dl_utils import mmcv_full_available
print(check_ops_exist(), mmcv_full_available())

from mmcv.ops import get_compiler_version, nms
print(get_compiler_version())
import torch
try:
    nms(torch.rand(3, 4), torch.rand(3), 0.5)
except NotImplementedError as error:
    print(error)
""")
    asked, compiler, refused = printed.splitlines()[-3:]
    assert asked == 'False False'
    assert compiler == 'n/a'
    assert refused.startswith("mmcv operator 'nms' is compiled code")
