"""What autograd keeps for the backward pass."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def saved_bytes(run: Callable[[], object], model: nn.Module) -> int:
    """Count the bytes of all storages that autograd saves during ``run``, each once.

    The same on any device. The model's parameters are not counted, since they are there anyway.

    Args:
        run: A forward pass. What a backward pass saves for itself is gone when it ends.
        model: The model that it is of.
    """
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    storages: dict[int, int] = {}
    # Keeps the storages alive until they are counted: a freed one's address may be used again.
    alive = []

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor.detach())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        run()
    return sum(storages.values())
