"""Importing torchvision without its operators, and leaving every other torchvision alone."""

import pytest

# What torchvision does: a module that imports fine, then one that needs the operators to exist.
WITHOUT_OPERATORS = """
import torchvision.extension
import torch
for name in ('nms', 'qnms'):
    torch.library.register_fake(f'torchvision::{name}')(lambda dets, scores, threshold: dets)
"""
REPORT = """
from mmseg_tome.compat import torchvision_ops
import torch
print(torchvision_ops.patch())
modules = sorted(name for name in sys.modules if name.startswith('torchvision'))
print(modules, hasattr(torch.ops.torchvision, 'nms'))
try:
    import torchvision
    print('imported')
except Exception as error:
    print(type(error).__name__, error)
print(torchvision_ops.patch())
"""


@pytest.mark.parametrize(
    ('source', 'patched', 'state', 'outcome'),
    [
        (
            WITHOUT_OPERATORS,
            "('torchvision::nms',)",
            "['torchvision', 'torchvision.extension'] True",
            'imported',
        ),
        (
            'import torchvision.extension',
            '()',
            "['torchvision', 'torchvision.extension'] False",
            'imported',
        ),
        ("raise ImportError('no PIL')", '()', '[] False', 'ImportError no PIL'),
        (
            "raise RuntimeError('operator torchvision::roi_align does not exist')",
            '()',
            '[] False',
            'RuntimeError operator torchvision::roi_align does not exist',
        ),
        (
            WITHOUT_OPERATORS + "raise ImportError('no PIL')",
            "('torchvision::nms',)",
            '[] True',
            'ImportError no PIL',
        ),
    ],
    ids=[
        'without operators',
        'healthy',
        'import error',
        'another operator',
        'without operators and PIL',
    ],
)
def test_patches_missing_operators_alone(source, patched, state, outcome, run, fake_package):
    fake_package('torchvision', __init__=source, extension='')
    assert run(REPORT).splitlines() == [patched, state, outcome, '()']


def test_is_not_imported_without_mmengine(run, fake_package):
    fake_package('torchvision')
    printed = run("""
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == 'mmengine' else find_spec(name)
from mmseg_tome.compat import torchvision_ops
print(torchvision_ops.patch(), 'torchvision' in sys.modules)
""")
    assert printed == '() False\n'
