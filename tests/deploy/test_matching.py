"""Matches of one forward pass, used by another."""

import pytest
import torch

from mmseg_tome.deploy.graph import Graph
from mmseg_tome.deploy.matching import recorded_slots, replayed_slots
from tests.deploy.models import normalized, picture, tiny_segmentor

pytest.importorskip('mmseg')


@pytest.fixture
def graph() -> Graph:
    return Graph(tiny_segmentor('hq'), 'logits')


@pytest.fixture
def images(graph) -> torch.Tensor:
    return normalized(tiny_segmentor(), picture(104, 136, batch=2))


def run(graph, images):
    with torch.no_grad(), recorded_slots() as slots:
        return graph(images), slots


def test_own_matches_change_nothing(graph, images):
    expected, slots = run(graph, images)
    assert len(slots) == 5  # one for each block: kv, kv, kv, q, q
    with torch.no_grad(), replayed_slots(slots) as found:
        assert torch.equal(graph(images), expected)
    assert found.tokens == sum(slot.numel() for slot in slots)
    assert (found.moved, found.lost) == (0, 0.0)


def test_a_token_in_the_wrong_place_is_seen(graph, images):
    expected, slots = run(graph, images)
    queries = slots[3][0]
    merged = queries == queries.max()  # the last destination, and what is merged into it
    source = int(merged.nonzero()[-1])
    queries[source] = queries.max() - 1  # the destination before it
    with torch.no_grad(), replayed_slots(slots) as found:
        out = graph(images)
    assert not torch.equal(out, expected)
    assert found.moved >= 1 and found.lost > 1e-3


def test_numbers_of_the_tokens_that_stay_do_not_matter(graph, images):
    """Which tokens are merged into which is all that counts, and near-ties renumber the others."""
    _, slots = run(graph, images)
    queries = slots[3][0]
    first, second = (queries == 0).nonzero().item(), (queries == 1).nonzero().item()
    queries[first], queries[second] = 1, 0
    with torch.no_grad(), replayed_slots(slots) as found:
        graph(images)
    assert found.moved == 0
