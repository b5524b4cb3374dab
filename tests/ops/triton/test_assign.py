import pytest
import torch

from mmseg_tome.ops import assign_slots, use_backend
from mmseg_tome.ops.merge import Members

from .accuracy import counted_runs, on_gpu


def places(a: int, d: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    index = torch.randperm(a + d, generator=torch.Generator().manual_seed(a)).to(device)
    return index[:a].sort().values, index[a:].sort().values


def check_members(slot: torch.Tensor, members: Members) -> None:
    """Each slot's tokens stand between its offsets, and every token stands somewhere."""
    (b, n), m = slot.shape, members.offsets.shape[1] - 1
    order = members.order.long()
    assert torch.equal(order.sort(1).values, torch.arange(n, device=slot.device).expand(b, -1))
    slots = torch.arange(m, device=slot.device)
    for i in range(b):
        sizes = members.offsets[i].diff()
        assert members.offsets[i, 0] == 0 and (sizes >= 1).all()
        assert torch.equal(slot[i, order[i]], slots.repeat_interleave(sizes))


def assign(score, match, index, num_merged):
    with counted_runs() as ran:
        slot, members = assign_slots(score, match, *index, num_merged)
    assert ran == {'assign_slots': 1}
    check_members(slot, members)
    return slot


@pytest.fixture(params=['small blocks', pytest.param('large blocks', marks=on_gpu)])
def blocks(request, monkeypatch):
    """Small ones are several, also of what the interpreter can take."""
    if request.param == 'small blocks':
        from mmseg_tome.ops.triton import assign as kernels

        monkeypatch.setattr(kernels, '_SELECT_BLOCK', 16)
        monkeypatch.setattr(kernels, '_GROUP_BLOCK', 16)


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize(
    'b, a, d, num_merged',
    [
        (1, 1, 1, 1),
        (2, 45, 7, 30),
        (1, 33, 7, 33),
        (2, 35, 9, 1),
        pytest.param(2, 30420, 1980, 25920, marks=on_gpu),
    ],
)
def test_equals_pytorch(device, b, a, d, num_merged):
    torch.manual_seed(0)
    # No two scores are equal, and some are negative.
    score = torch.stack([torch.randperm(a) / a - 0.3 for _ in range(b)]).to(device)
    match = torch.randint(0, d, (b, a)).to(device)
    index = places(a, d, device)
    with use_backend('torch'):
        expected, _ = assign_slots(score, match, *index, num_merged)
    assert torch.equal(assign(score, match, index, num_merged), expected)


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize('scores', [[-0.0, 0.0], [-1.0, 0.25, -0.25, 0.0]])
def test_of_equal_scores_the_first_are_merged(device, scores):
    torch.manual_seed(0)
    score = torch.tensor(scores, device=device)[torch.randint(0, len(scores), (2, 40))]
    index = places(40, 6, device)
    for num_merged in (23, 40):
        slot = assign(score, torch.zeros(2, 40, dtype=torch.long, device=device), index, num_merged)
        merged = slot[:, index[0]] >= 40 - num_merged
        best = score.add(0.0).sort(dim=1, descending=True, stable=True).indices[:, :num_merged]
        assert torch.equal(merged, torch.zeros_like(merged).scatter(1, best, True))


def test_one_destination_gets_everything(device):
    index = places(300, 8, device)
    slot = assign(
        torch.ones(1, 300, device=device),
        torch.full((1, 300), 5, device=device),
        index,
        300,
    )
    assert torch.equal(slot[0, index[0]], torch.full((300,), 5, device=device))
    assert torch.equal(slot[0, index[1]], torch.arange(8, device=device))


def test_infinite_scores_and_not_a_number(device):
    score = torch.tensor([[torch.nan, torch.inf, 0.5, -torch.inf, torch.nan, -0.5]], device=device)
    match = torch.tensor([[0, 1, 2, 0, 1, 2]], device=device)
    index = places(6, 3, device)
    slot = assign(score, match, index, 3)
    assert (slot[0, index[0]] >= 3).tolist() == [True, True, False, False, True, False]
