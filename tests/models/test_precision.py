"""fp16 and bf16: autocast and pure. Near-ties of similarities may turn around in low precision, so
outputs are compared with the matches held fixed, and the matches by how well they score."""

import pytest
import torch
from torch.nn import functional as F

from mmseg_tome.merging import BipartiteSoftMatching, cells
from mmseg_tome.ops import best_match
from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import image


class Recorder:
    """Records the plans of a forward pass, and can replay them in another one."""

    def __init__(self, monkeypatch):
        self.plans, self.replay = [], None
        original = BipartiteSoftMatching._assign

        def assign(algorithm, tokens, hw, num_merged):
            if self.replay is not None:
                return self.replay.pop(0)
            self.plans.append(original(algorithm, tokens, hw, num_merged))
            return self.plans[-1]

        monkeypatch.setattr(BipartiteSoftMatching, '_assign', assign)


def low_precision(model, x, dtype, autocast):
    if autocast:
        with torch.autocast('cpu', dtype):
            return model(x)
    return model.to(dtype)(x.to(dtype))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('autocast', [True, False])
@pytest.mark.parametrize('strategy', ['none', 'hq', 'fast', 'n2d_2x2'])
def test_error_is_at_most_twice_stocks(monkeypatch, strategy, autocast, dtype):
    """With the fp64 model's matches, the error against it is at most twice that of stock."""
    recorder = Recorder(monkeypatch)
    stock, ours = make_pair(tome_cfg=strategy)
    x = image((128, 160))
    with torch.no_grad():
        expected = ours.double()(x.double())
        stock_expected = stock.double()(x.double())
        stock_out = low_precision(stock.float(), x, dtype, autocast)
        recorder.replay = list(recorder.plans)
        out = low_precision(ours.float(), x, dtype, autocast)
    assert recorder.replay == []
    assert len(recorder.plans) == (8 if strategy in ('hq', 'fast') else 0)
    for ours_map, want, stock_map, stock_want in zip(
        out, expected, stock_out, stock_expected, strict=True
    ):
        error = relative_difference(ours_map, want)
        stock_error = relative_difference(stock_map, stock_want)
        assert 0 < error <= 2 * stock_error


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('autocast', [True, False])
def test_matches_score_as_well_as_the_references(dtype, autocast):
    """The chosen matches' true similarity is the best one's within the dtype's accuracy."""
    torch.manual_seed(0)
    hw, algorithm = (24, 31), BipartiteSoftMatching(0.8, 4, 4)
    tokens = torch.randn(2, hw[0] * hw[1], 32, dtype=torch.double)
    src_index, dst_index = cells.partition(*hw, 4, 4, tokens.device)
    true = F.cosine_similarity(tokens[:, src_index, None], tokens[:, None, dst_index], dim=-1)
    with torch.autocast('cpu', dtype, enabled=autocast):
        low = tokens.float() if autocast else tokens.to(dtype)
        _, match = best_match(low, src_index, dst_index)
        plan = algorithm.plan(low, hw)
    epsilon = torch.finfo(dtype).eps
    chosen = true.gather(2, match[..., None])[..., 0]
    assert (true.amax(2) - chosen).max() <= 2 * epsilon
    # The merged sources are the ones that score highest, within the same accuracy.
    merged = plan.slot[:, src_index] >= src_index.numel() - algorithm.num_merged(hw)
    assert merged.sum(1).tolist() == [algorithm.num_merged(hw)] * 2
    worst_merged = torch.where(merged, chosen, torch.inf).amin(1)
    best_kept = torch.where(merged, -torch.inf, chosen).amax(1)
    assert (best_kept - worst_merged).max() <= 4 * epsilon


@pytest.mark.parametrize('strategy', ['none', 'hq', 'n2d_2x2'])
def test_training_under_autocast(strategy):
    _, ours = make_pair(tome_cfg=strategy)
    ours.train()
    with torch.autocast('cpu', torch.bfloat16):
        loss = sum(o.float().square().mean() for o in ours(image((128, 128))))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ours.parameters())
