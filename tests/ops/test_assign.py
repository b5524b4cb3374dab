import torch

from mmseg_tome.ops import assign_slots


def test_by_hand():
    # Six tokens: 0 and 3 are destinations. Sources 1, 2, 4, 5, of which 2 and 5 are merged.
    src_index, dst_index = torch.tensor([1, 2, 4, 5]), torch.tensor([0, 3])
    score, match = torch.tensor([[0.1, 0.9, -0.5, 0.8]]), torch.tensor([[0, 1, 1, 0]])
    slot, members = assign_slots(score, match, src_index, dst_index, num_merged=2)
    assert slot.tolist() == [[2, 0, 3, 3, 1, 2]]
    assert members is None


def test_all_sources_can_be_merged():
    index = torch.tensor([1, 3]), torch.tensor([0, 2])
    slot, _ = assign_slots(torch.rand(2, 2), torch.tensor([[1, 1], [0, 1]]), *index, num_merged=2)
    assert slot.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1]]
