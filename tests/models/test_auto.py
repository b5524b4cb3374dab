"""``tome_cfg='auto'``: HQ with weighted keys in the layers where it pays."""

import pytest
import torch
from torch.nn import functional as F

pytest.importorskip('mmcv')
from mmseg_tome import apply_tome
from mmseg_tome.merging import cost
from mmseg_tome.models import MixVisionTransformer, token_counts

SIZE = dict(embed_dims=32, num_layers=[1, 1, 1, 1])


def make(tome_cfg: str) -> MixVisionTransformer:
    torch.manual_seed(0)
    model = MixVisionTransformer(**SIZE, tome_cfg=tome_cfg)
    model.init_weights()
    return model.eval()


def set_threshold(monkeypatch, operations: float) -> None:
    monkeypatch.setattr(cost, 'threshold', lambda device: operations)


def run(model: MixVisionTransformer, x: torch.Tensor) -> list[torch.Tensor]:
    with torch.no_grad():
        return model(x)


@pytest.mark.parametrize('operations, same_as', [(0, 'hq_weighted'), (1e15, 'none')])
def test_is_hq_or_unmerged_at_the_ends(monkeypatch, operations, same_as):
    set_threshold(monkeypatch, operations)
    x = torch.randn(1, 3, 256, 320)
    for out, want in zip(run(make('auto'), x), run(make(same_as), x), strict=True):
        assert torch.equal(out, want)


def stages_that_merge(monkeypatch, model: MixVisionTransformer, x: torch.Tensor) -> list[bool]:
    seen = []
    original = F.scaled_dot_product_attention

    def spy(q, k, v, *args):
        seen.append((q.shape[2], k.shape[2]))
        return original(q, k, v, *args)

    with monkeypatch.context() as patch:
        patch.setattr(F, 'scaled_dot_product_attention', spy)
        run(model, x)
    counts = model.token_counts(tuple(x.shape[2:]), len(x))
    assert seen == [(n.q_merged, n.kv_merged) for n in counts]
    return [(n.q, n.kv) != one for n, one in zip(counts, seen, strict=True)]


def test_decides_per_stage_from_what_is_saved(monkeypatch):
    model = make('auto')
    saved = [
        cost.saved_operations(
            *(attn.q_merging, attn.kv_merging, (n, n), (n // ratio,) * 2),
            *(attn.embed_dims, attn.num_heads, attn.kv_weighted),
        )
        for n, ratio, attn in zip(
            (64, 32, 16, 8), (8, 4, 2, 1), [layer[1][0].attn for layer in model.layers], strict=True
        )
    ]
    second = sorted(saved)[1]
    x = torch.randn(1, 3, 256, 256)
    set_threshold(monkeypatch, second)
    assert stages_that_merge(monkeypatch, model, x) == [one > second for one in saved]
    # Two images save twice as much, by the same number of steps.
    assert stages_that_merge(monkeypatch, model, x.repeat(2, 1, 1, 1)) == [
        2 * one > second for one in saved
    ]


def test_few_tokens_are_left_alone_and_many_merged():
    model = make('auto')
    assert [n.q + n.kv == n.q_merged + n.kv_merged for n in model.token_counts((128, 128))] == [
        True
    ] * 4
    assert model.token_counts((2048, 2048)) == make('hq').token_counts((2048, 2048))


def test_says_once_for_every_choice(monkeypatch):
    lines = []
    monkeypatch.setattr(token_counts, 'print_log', lambda line, logger: lines.append(line))
    model = make('auto')
    assert lines.pop().startswith('Token merging: auto. Tokens at 1024x1024: stage 1: q 65536, kv')
    set_threshold(monkeypatch, 1e15)
    run(model, torch.randn(1, 3, 64, 96))
    assert lines == [
        'Token merging: auto. Tokens at 96x64: stage 1: q 384, kv 6; stage 2: q 96, kv 6; '
        'stage 3: q 24, kv 6; stage 4: q 6, kv 6'
    ]
    run(model, torch.randn(1, 3, 96, 96))  # the same choice
    assert len(lines) == 1
    set_threshold(monkeypatch, 0)
    run(model, torch.randn(2, 3, 256, 256))
    assert (
        len(lines) == 2 and 'Tokens at 256x256, batch 2: stage 1: q 4096, kv 64 -> 26' in lines[1]
    )


def test_explicit_presets_stay_what_they_say(monkeypatch):
    set_threshold(monkeypatch, 1e15)
    model = apply_tome(make('auto'), 'hq')
    assert stages_that_merge(monkeypatch, model, torch.randn(1, 3, 256, 256)) == [True] * 4


def test_checkpointing_repeats_the_choice(monkeypatch):
    set_threshold(monkeypatch, 0)
    x = torch.randn(1, 3, 128, 128)
    grads = []
    for with_cp in (False, True):
        model = make('auto').train()
        for layer in model.layers:
            for block in layer[1]:
                block.with_cp = with_cp
        sum(out.square().mean() for out in model(x)).backward()
        grads.append([p.grad for p in model.parameters()])
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other)


def test_compiles_whole():
    model = make('auto')
    compiled = torch.compile(model, backend='eager', fullgraph=True)
    x = torch.randn(1, 3, 128, 128)
    for out, want in zip(run(compiled, x), run(model, x), strict=True):
        assert torch.equal(out, want)
