import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.merging import BipartiteSoftMatching
from mmseg_tome.merging.cells import partition
from mmseg_tome.ops import best_local_match, use_backend

from .accuracy import DTYPES, check_accuracy, counted_runs, on_both, on_gpu


def sources(hw: tuple[int, int], cell: tuple[int, int], device: str) -> torch.Tensor:
    return partition(*hw, cell[1], cell[0], torch.device(device))[0]


@pytest.fixture(params=['small blocks', pytest.param('large blocks', marks=on_gpu)])
def blocks(request, monkeypatch):
    """Small ones are several, of tokens, destinations and channels."""
    if request.param == 'small blocks':
        from mmseg_tome.ops.triton import local_match as kernels

        monkeypatch.setattr(kernels, '_BLOCKS', {2: (16, 16, 16), 4: (16, 16, 16)})


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(
    'b, hw, cell, window, c',
    [
        (1, (1, 2), (1, 2), 1, 1),
        (2, (7, 9), (2, 2), 3, 16),
        (1, (9, 11), (4, 4), 1, 20),  # a cell fills a block; borders are ragged
        (2, (5, 13), (1, 3), 5, 9),
        (1, (8, 12), (5, 5), 3, 4),  # a cell takes two blocks
        (1, (6, 11), (3, 2), 99, 8),  # all destinations, in several blocks
        pytest.param(2, (64, 64), (4, 4), 3, 320, marks=on_gpu),
        pytest.param(1, (135, 240), (4, 4), 5, 320, marks=on_gpu),
        pytest.param(2, (131, 257), (2, 2), 3, 64, marks=on_gpu),
    ],
)
def test_finds_the_best(device, dtype, b, hw, cell, window, c):
    torch.manual_seed(0)
    tokens = torch.randn(b, hw[0] * hw[1], c).to(device, dtype)
    src_index = sources(hw, cell, device)
    with counted_runs() as ran:
        plain, (score, match), exact = on_both(
            best_local_match, tokens, src_index, hw, cell, window
        )
    assert ran == {'best_local_match': 1}
    assert match.dtype == plain[1].dtype
    check_accuracy(score, plain[0], exact[0], terms=c)
    # A near-tie may turn around; then both are about equally similar, and near the source.
    columns = hw[1] // cell[1]
    near = match // columns * cell[0] * hw[1] + match % columns * cell[1]
    doubles = F.normalize(tokens.double(), dim=-1)
    chosen = doubles.gather(1, near.unsqueeze(2).expand(-1, -1, c))
    assert (exact[0] - (doubles[:, src_index] * chosen).sum(2)).max() < 1e-6
    for axis, (size, side) in enumerate(zip(hw, cell, strict=True)):
        place = (src_index // hw[1], src_index % hw[1])[axis] // side
        own = place.clamp(max=size // side - 1)
        found = (match // columns, match % columns)[axis]
        assert found.min() >= 0 and found.max() < size // side
        assert (found - own).abs().max() <= window // 2


@pytest.mark.usefixtures('blocks')
@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize('window', [1, 3, 5])
def test_of_equal_similarities_the_first_wins(device, dtype, window):
    torch.manual_seed(0)
    hw, cell = (7, 22), (2, 2)
    # Two kinds of destinations in turns, so that each is in sight of a source several times.
    kinds = torch.randn(2, 12)
    tokens = torch.randn(2, *hw, 12)
    tokens[:, 0:6:2, 0:22:2] = kinds[(torch.arange(3)[:, None] + torch.arange(11)) % 2]
    tokens = tokens.flatten(1, 2).to(device, dtype)
    plain, (_, match), _ = on_both(
        best_local_match, tokens, sources(hw, cell, device), hw, cell, window
    )
    assert torch.equal(match, plain[1])


@pytest.mark.parametrize('dtype', DTYPES)
def test_equal_tokens_all_match_the_first_nearby(device, dtype):
    tokens = torch.full((2, 64, 7), 0.37).to(device, dtype)
    plain, (score, match), _ = on_both(
        best_local_match, tokens, sources((8, 8), (2, 2), device), (8, 8), (2, 2), 3
    )
    assert torch.equal(match, plain[1]) and match[0, 0] == 0 and match[0, -1] == 10
    torch.testing.assert_close(score, torch.ones_like(score))


def test_zeros_have_similarity_zero(device):
    torch.manual_seed(0)
    tokens = torch.randn(1, 36, 8, device=device)
    src_index = sources((6, 6), (2, 2), device)
    tokens[:, src_index[:3]] = 0
    tokens[:, 14] = 0  # the destination in the middle
    plain, (score, match), _ = on_both(best_local_match, tokens, src_index, (6, 6), (2, 2), 3)
    assert not score[:, :3].any()
    torch.testing.assert_close(score, plain[0])
    assert torch.equal(match, plain[1])


def test_tiny_and_large_tokens(device):
    """Norms near the epsilon of F.normalize, and products near the end of fp16's range."""
    torch.manual_seed(0)
    src_index = sources((6, 7), (2, 2), device)
    for scale, dtype in ((1e-14, torch.float32), (1e4, torch.float16)):
        tokens = (torch.randn(1, 42, 8) * scale).to(device, dtype)
        plain, actual, exact = on_both(best_local_match, tokens, src_index, (6, 7), (2, 2), 3)
        assert torch.equal(actual[1], plain[1])
        check_accuracy(actual[0], plain[0], exact[0])


def test_not_a_number_gives_valid_indices(device):
    """Training under a gradient scaler meets it, and is to skip the step, not to crash."""
    torch.manual_seed(0)
    tokens = torch.randn(2, 42, 8, device=device)
    src_index = sources((6, 7), (2, 2), device)
    tokens[0, src_index[2]] = tokens[0, 16] = torch.nan
    tokens[1] = torch.nan
    _, match = best_local_match(tokens, src_index, (6, 7), (2, 2), 3)
    assert match.min() >= 0 and match.max() < 9


def test_any_tokens_can_be_sources(device):
    torch.manual_seed(0)
    tokens = torch.randn(2, 63, 8, device=device)
    some = torch.tensor([62, 0, 17, 17, 16], device=device)
    for src_index in (some, some[:0]):
        plain, (score, match), _ = on_both(best_local_match, tokens, src_index, (7, 9), (2, 2), 3)
        assert score.shape == (2, len(src_index)) and torch.equal(match, plain[1])
        torch.testing.assert_close(score, plain[0])


def test_layout_and_grad_mode_do_not_matter(device):
    torch.manual_seed(0)
    tokens = torch.randn(2, 8, 42, device=device, requires_grad=True).transpose(1, 2)
    rest = sources((6, 7), (2, 2), device), (6, 7), (2, 2), 3
    score, match = best_local_match(tokens, *rest)
    assert not score.requires_grad
    with torch.autocast(device, torch.bfloat16):
        again = best_local_match(tokens.contiguous(), *rest)
    assert torch.equal(score, again[0]) and torch.equal(match, again[1])


def test_no_larger_tensor_than_the_tokens(device, monkeypatch):
    """Scores with all candidates are never written."""
    from mmseg_tome.ops.triton import local_match as kernels

    sizes = []

    class Kernel:
        def __getitem__(self, grid):
            def launch(*args, **_):
                sizes.extend(a.numel() for a in args if isinstance(a, torch.Tensor))

            return launch

    monkeypatch.setattr(kernels, '_best_local_match', Kernel())
    tokens = torch.zeros(2, 64, 3, device=device)
    best_local_match(tokens, sources((8, 8), (2, 2), device), (8, 8), (2, 2), 5)
    assert sizes == [2 * 64 * 3, 2 * 64, 2 * 64]


def test_a_map_of_another_size_is_refused(device):
    with pytest.raises(ValueError, match='12 tokens are no map of 4x4'):
        best_local_match(
            torch.ones(1, 12, 3, device=device), torch.arange(3, device=device), (4, 4), (2, 2), 3
        )


@pytest.mark.parametrize('window', [1, 3, 5])
@pytest.mark.parametrize(
    'hw, r, sx, sy, c', [((7, 11), 0.6, 2, 2, 10), ((13, 9), 0.9, 4, 4, 17), ((2, 9), 0.4, 3, 1, 6)]
)
def test_equal_plans(device, hw, r, sx, sy, c, window):
    torch.manual_seed(0)
    algorithm = BipartiteSoftMatching(r, sx, sy, window)
    tokens = torch.randn(2, hw[0] * hw[1], c, device=device)
    with use_backend('torch'):
        plain = algorithm.plan(tokens, hw)
    with counted_runs() as ran:
        plan = algorithm.plan(tokens, hw)
    # A window over the whole map is matched as without one.
    covers = max(hw[0] // sy, hw[1] // sx) <= window // 2 + 1
    assert ran == {'best_match' if covers else 'best_local_match': 1, 'assign_slots': 1}
    assert torch.equal(plan.slot, plain.slot)


def test_a_map_smaller_than_a_cell_is_left_as_it_is(device):
    tokens = torch.randn(2, 3 * 9, 5, device=device)
    with counted_runs() as ran:
        plan = BipartiteSoftMatching(0.8, 4, 4, 3).plan(tokens, (3, 9))
    assert plan.merge(tokens) is tokens and not ran


def test_fp64_stays_with_pytorch(device):
    tokens = torch.randn(1, 36, 8, dtype=torch.double, device=device)
    with counted_runs() as ran:
        score, _ = best_local_match(tokens, sources((6, 6), (2, 2), device), (6, 6), (2, 2), 3)
    assert score.dtype == torch.double and not ran
