import pytest
from mmengine.registry import DefaultScope


# Tests of mmseg and of mmpose share a process, and mmengine keeps its default scope in it: what a
# test or a fixture of its module sets is not left to others.
@pytest.fixture(autouse=True, scope='module')
def default_scope_of_modules():
    yield from _restored_scope()


@pytest.fixture(autouse=True)
def default_scope_of_tests(default_scope_of_modules):
    yield from _restored_scope()


def _restored_scope():
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)
