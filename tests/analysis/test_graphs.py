"""Models that are measured as CUDA graphs."""

import gc

import pytest
import torch

pytest.importorskip('mmseg')
from mmseg_tome.analysis.implementations import Graphed, Ours, Plain, Replayed
from tests.baselines.stock import relative_difference
from tests.gpu import needs_gpu

pytestmark = [
    needs_gpu,
    pytest.mark.filterwarnings('ignore::UserWarning'),  # MMSegmentation's own
]


def images() -> torch.Tensor:
    return torch.randn(1, 3, 160, 128, generator=torch.Generator().manual_seed(0)).cuda()


@pytest.mark.parametrize('implementation', [Graphed, Replayed])
def test_it_outlives_the_model_and_the_images_that_it_was_recorded_of(implementation):
    expected = Ours('balanced').inference(Ours('balanced').build('b0').cuda(), images())()
    one = implementation('balanced')
    run = one.inference(one.build('b0').cuda(), images())
    gc.collect()
    torch.cuda.empty_cache()
    written_over = torch.full((2**28,), 7.0, device='cuda')
    for _ in range(2):
        assert relative_difference(run(), expected) < 1e-4
    assert written_over.min() == 7


@pytest.mark.parametrize('strategy', ['hq', 'balanced', 'n2d_2x2'])
def test_the_definition_is_computed_on_a_gpu_too(strategy):
    outs = [
        one.inference(one.build('b0').to(device).double(), images().to(device).double())()
        for one, device in ((Plain(strategy), 'cpu'), (Plain(strategy), 'cuda'))
    ]
    assert relative_difference(outs[1].cpu(), outs[0]) < 1e-6
