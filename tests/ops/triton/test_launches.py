"""How many kernels a block launches, which is what small batches wait for."""

from collections import Counter

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmseg_tome.merging import BipartiteSoftMatching, NeighborPooling2d
from mmseg_tome.models import EfficientMultiheadAttention
from mmseg_tome.models.mit import TransformerEncoderLayer
from mmseg_tome.ops import dispatch, merge_tokens
from tests.models.test_segformer_head import make_heads, maps

from .accuracy import counted_runs

HW = 8, 8
# These launch nothing: they name memory, take it, or ask for a dtype.
FREE = {
    *('view', '_unsafe_view', 't', 'transpose', 'permute', 'slice', 'select', 'unbind', 'split'),
    *('detach', 'alias', 'unsqueeze', 'expand', 'as_strided', 'empty', 'new_empty', 'reshape'),
    *('promote_types', 'split_with_sizes'),
}
# Norms of the tokens beside the best matches; within a window, scores and matches of the sources
# picked from those of all tokens; and two steps of finding slots.
LAUNCHES = {'best_match': 2, 'best_local_match': 3, 'assign_slots': 2}


class Launches(TorchDispatchMode):
    """Counts operators by name, views and allocations left out."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if name not in FREE:
            self.counts[name] += LAUNCHES.get(name, 1)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    'q_merging, most',
    [
        (None, 13),
        (NeighborPooling2d(2), 15),
        (BipartiteSoftMatching(0.8, 4, 4), 19),
        (BipartiteSoftMatching(0.8, 4, 4, window=1), 20),
    ],
)
def test_launches_of_a_block_of_stage_3(device, q_merging, most):
    if device != 'cpu':
        pytest.skip('the names of operators are those of a CPU')
    torch.manual_seed(0)
    block = TransformerEncoderLayer(32, 2, 64, sr_ratio=2).to(device).eval()
    block.attn.q_merging = q_merging
    x = torch.randn(1, HW[0] * HW[1], 32, device=device)
    with torch.no_grad():
        block(x, HW)  # fills the cache of partitions
        with Launches() as launches:
            block(x, HW)
    assert launches.counts.total() == most, launches.counts
    assert launches.counts['depthwise_gelu'] == 1
    assert launches.counts['layer_norm'] == 3
    pools = isinstance(q_merging, NeighborPooling2d)
    assert launches.counts['pool_tokens'] == launches.counts['unpool_tokens'] == pools


@pytest.mark.parametrize('kv_weighted, most', [(False, 12), (True, 15)])
def test_weighting_keys_takes_three_launches(device, kv_weighted, most):
    if device != 'cpu':
        pytest.skip('the names of operators are those of a CPU')
    torch.manual_seed(0)
    attention = EfficientMultiheadAttention(
        32, 2, sr_ratio=2, kv_merging=BipartiteSoftMatching(0.5, 2, 2), kv_weighted=kv_weighted
    ).eval()
    x = torch.randn(1, HW[0] * HW[1], 32)
    with torch.no_grad():
        attention(x, HW)
        with Launches() as launches:
            attention(x, HW)
    assert launches.counts.total() == most, launches.counts


def test_launches_of_the_head(device):
    """A product and a norm for each level, its product in the fusion, their sum, the classes."""
    if device != 'cpu':
        pytest.skip('the names of operators are those of a CPU')
    _, head = make_heads()
    feats = [x.contiguous(memory_format=torch.channels_last) for x in maps()]
    with torch.no_grad(), Launches() as launches:
        head.eval()(feats)
    assert launches.counts['add_levels'] == 5
    assert launches.counts.total() == 14, launches.counts


def test_the_dispatcher_is_left_out_in_inference_alone(monkeypatch, device):
    monkeypatch.setattr(dispatch, 'launchers', dict(dispatch.launchers))
    tokens = torch.randn(1, 4, 3, device=device)
    slot = torch.tensor([[0, 1, 1, 0]], device=device)
    merge_tokens(tokens, slot, 2)  # loads the kernels
    seen, launch = [], dispatch.launchers['reduce_slots']
    dispatch.launchers['reduce_slots'] = lambda *args: (seen.append(1), launch(*args))[1]
    expected = torch.stack([tokens[0, [0, 3]].mean(0), tokens[0, [1, 2]].mean(0)])
    with counted_runs() as ran:
        torch.testing.assert_close(merge_tokens(tokens, slot, 2)[0], expected)
        assert len(seen) == 1
        with torch.no_grad():
            merge_tokens(tokens.clone().requires_grad_(), slot, 2)
        assert len(seen) == 2
        assert merge_tokens(tokens.clone().requires_grad_(), slot, 2).requires_grad
        with Launches():
            merge_tokens(tokens, slot, 2)
        assert len(seen) == 2
    assert ran['reduce_slots'] == 4
