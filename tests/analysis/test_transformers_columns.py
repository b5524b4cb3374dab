"""The columns of transformers in a benchmark: compared with mmseg's modules, and timed."""

import math

import pytest
import torch

pytest.importorskip('mmseg')
import mmseg_tome  # noqa: F401 - patches torchvision, which transformers imports
from mmseg_tome.analysis import benchmark
from mmseg_tome.analysis.implementations import (
    Transformers,
    TransformersEager,
    TransformersTome,
    implementation,
    selectable,
)
from mmseg_tome.analysis.workload import Workload
from mmseg_tome.strategies import PRESETS
from tests.baselines.stock import relative_difference
from tests.integrations.transformers.models import has_stages

pytest.importorskip('transformers', exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


needs_sdpa = pytest.mark.skipif(not has_stages(), reason='this version has eager attention alone')


def image():
    return torch.randn(1, 3, 128, 160, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('strategy', PRESETS)
def test_converted_models_compute_what_their_references_do(strategy):
    column = TransformersTome(strategy)
    with torch.no_grad():
        expected = column.reference().build('b0')(image())
        assert relative_difference(column.build('b0')(image()), expected) < 1e-4
        if strategy != 'none':
            other = TransformersTome('none').build('b0')(image())
            assert other.shape != expected.shape or relative_difference(other, expected) > 1e-3


@needs_sdpa
def test_they_are_measured_in_one_run():
    columns = [TransformersEager(), Transformers(), TransformersTome('hq')]
    rows = benchmark.measure(Workload('b0', 128, 128), columns, repeats=1)
    times = [row for row in rows if row.metric == benchmark.SECONDS]
    assert [row.implementation for row in times] == [column.name for column in columns]
    assert all(row.value > 0 and not row.note for row in times)
    differences = [row.value for row in rows if row.metric == 'relative_difference']
    assert len(differences) == 3 and max(differences) < 1e-4


@needs_sdpa
def test_the_encoder_alone():
    column = Transformers()
    with torch.no_grad():
        found = column.build('b0', 'backbone')(image())
        expected = column.reference().build('b0', 'backbone')(image())
    assert [m.shape for m in found] == [m.shape for m in expected] and len(found) == 4
    assert all(relative_difference(*pair) < 1e-4 for pair in zip(found, expected, strict=True))


def test_what_is_not_measured():
    assert TransformersTome('hq') in selectable() and Transformers() in selectable()
    with pytest.raises(ValueError, match="it is 'transformers_tome hq'"):
        implementation('transformers hq')
    assert 'leave out --train' in Transformers().unavailable_reason(mode='training')
    (row,) = benchmark.measure(Workload('b0', 128, 128, scope='whole'), [TransformersEager()], 1)
    assert math.isnan(row.value) and 'without --predict' in row.note
