import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def default_scope_is_not_left_to_others():
    """Tests of mmseg and of mmpose share a process, and mmengine keeps its default scope in it."""
    before = dict(DefaultScope._instance_dict)
    yield
    DefaultScope._instance_dict.clear()
    DefaultScope._instance_dict.update(before)
