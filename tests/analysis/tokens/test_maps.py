import pytest
import torch

from mmseg_tome import apply_tome
from mmseg_tome.analysis.tokens.maps import recorded_token_maps, slots_of
from mmseg_tome.merging import BipartiteSoftMatching, NeighborPooling1d, NeighborPooling2d
from mmseg_tome.models import MixVisionTransformer

EVERYTHING = [
    dict(kv_mode='bsm', kv_r=0.5, kv_sx=2, kv_sy=2),
    dict(q_mode='n2d', q_s=2, kv_mode='n1d', kv_s=3),
    dict(q_mode='bsm', q_r=0.6, q_sx=2, q_sy=2),
    dict(),
]


def make_backbone(tome_cfg):
    torch.manual_seed(0)
    backbone = MixVisionTransformer(
        embed_dims=4, num_layers=[1, 2, 1, 1], num_heads=[1, 2, 3, 4], mlp_ratio=2
    )
    for parameter in backbone.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=2 / parameter[0].numel() ** 0.5)
    return apply_tome(backbone.eval(), tome_cfg)


def same_groups(a, b):
    return torch.equal(a[:, None] == a, b[:, None] == b)


@pytest.mark.parametrize(
    'merging',
    [
        BipartiteSoftMatching(0.6, 2, 2),
        BipartiteSoftMatching(0.9, 4, 4),
        BipartiteSoftMatching(0.6, 9, 9),  # larger than the map: nothing is merged
        NeighborPooling2d(2),
        NeighborPooling2d((7, 2)),
        NeighborPooling1d(2),
    ],
    ids=str,
)
def test_slots_are_those_that_get_the_same_value_back(merging):
    torch.manual_seed(0)
    hw = (7, 8)
    plan = merging.plan(torch.randn(1, 56, 5), hw)
    slots = slots_of(plan, 56)
    numbers = torch.arange(float(merging.num_tokens(hw)))[None, :, None]
    assert same_groups(slots, plan.unmerge(numbers).flatten())
    assert len(slots.unique()) == merging.num_tokens(hw)


@pytest.mark.parametrize('hw', [(7, 8), (4, 3)])
def test_slots_are_the_windows_that_are_averaged(hw):
    """Also where they are not quite those of nearest neighbor, by which pooling is undone."""
    h, w = hw
    rows, columns = torch.arange(h)[:, None], torch.arange(w)
    plan = NeighborPooling2d(3).plan(torch.empty(0), hw)
    windows = ((rows // 3) * -(-w // 3) + columns // 3).flatten()
    assert torch.equal(slots_of(plan, h * w), windows)
    numbers = torch.arange(float(windows.max() + 1))[None, :, None]
    assert not torch.equal(plan.unmerge(numbers).flatten().long(), windows)


@pytest.mark.parametrize('tome_cfg', ['hq', 'n2d_2x2', EVERYTHING], ids=['hq', 'n2d', 'custom'])
def test_recording_changes_nothing_and_counts_as_the_backbone_does(tome_cfg):
    backbone = make_backbone(tome_cfg)
    before = [(b.attn.q_merging, b.attn.kv_merging) for s in backbone.layers for b in s[1]]
    x = torch.randn(1, 3, 168, 200)
    with torch.no_grad():
        expected = backbone(x)
        with recorded_token_maps(backbone) as maps:
            actual = backbone(x)
    assert all(torch.equal(a, e) for a, e in zip(actual, expected, strict=True))
    assert before == [(b.attn.q_merging, b.attn.kv_merging) for s in backbone.layers for b in s[1]]

    counts = backbone.token_counts((168, 200))
    places = [
        (stage, block + 1, side)
        for stage, algorithms in enumerate(backbone.strategy.stages, 1)
        for block in range(backbone.num_layers[stage - 1])
        for side in ('kv', 'q')  # as a block merges them
        if getattr(algorithms, side)
    ]
    assert [(m.stage, m.block, m.side) for m in maps] == places
    for m in maps:
        n = counts[m.stage - 1]
        both = (n.q, n.q_merged) if m.side == 'q' else (n.kv, n.kv_merged)
        assert (m.slots.size, m.num_slots) == both
        h, w = m.slots.shape
        assert m.pixels == 2 ** (m.stage + 1) * (
            backbone.sr_ratios[m.stage - 1] ** (m.side == 'kv')
        )
        assert abs(h * m.pixels - 168) < m.pixels and abs(w * m.pixels - 200) < m.pixels


def test_strategies_are_back_after_a_failure():
    backbone = make_backbone('hq')
    merging = backbone.layers[0][1][0].attn.kv_merging
    with pytest.raises(ValueError, match='2 images at once'), recorded_token_maps(backbone):
        backbone(torch.randn(2, 3, 64, 64))
    assert backbone.layers[0][1][0].attn.kv_merging is merging


def test_description_and_merged_tokens():
    backbone = make_backbone(EVERYTHING)
    with recorded_token_maps(backbone) as maps:
        backbone(torch.randn(1, 3, 72, 72))
    pooled = next(m for m in maps if m.side == 'q' and m.stage == 2)
    assert str(pooled) == 'stage 2, block 1, queries: 81 → 25'
    # Windows of 2x2 over 9x9 tokens leave the last one, in the corner, alone.
    assert not pooled.is_merged[8, 8] and pooled.is_merged.sum() == 80
