"""A small SegFormer of stock's classes and one of ours, and how they are compared.

In fp64, so that what differs by more than rounding is an error.
"""

import copy
from collections.abc import Callable

import torch
from mmengine.registry import init_default_scope
from mmseg.models.decode_heads import SegformerHead as StockHead
from torch import Tensor, nn

from mmseg_tome.models.segformer_head import SegformerHead
from tests.baselines.stock import make_pair, relative_difference
from tests.models.test_mit import image

HEADS, CLASSES = (1, 2, 4, 8), 5


class Segformer(nn.Module):
    """Backbone and head under the names that a segmentor gives them."""

    def __init__(self, backbone: nn.Module, decode_head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.decode_head = backbone, decode_head

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x))


def make_models(strategy: str = 'none', head: dict | None = None, **changes):
    """Stock's model, unmerged, and ours with a strategy: the same weights, in eval mode."""
    init_default_scope('mmseg')
    settings = dict(embed_dims=8, num_heads=HEADS, num_layers=[1, 1, 1, 1], **changes)
    stock, ours = make_pair(tome_cfg=strategy, **settings)
    options = dict(
        in_channels=[8 * n for n in HEADS],
        in_index=[0, 1, 2, 3],
        channels=16,
        num_classes=CLASSES,
        dropout_ratio=0.0,
        norm_cfg=dict(type='BN'),
    )
    models = [Segformer(stock, StockHead(**options | (head or {})))]
    for parameter in models[0].decode_head.parameters():
        nn.init.normal_(parameter, std=0.3)
    models.append(Segformer(ours, SegformerHead(**options | (head or {}))))
    models[1].load_state_dict(models[0].state_dict())
    return [model.eval().double() for model in models]


def photo(seed: int = 1) -> Tensor:
    return image((64, 96), batch=2, seed=seed).double()


def assert_same(
    stock: nn.Module, ours: nn.Module, tolerance: float = 1e-9, x: Tensor | None = None
) -> Tensor:
    """Compare outputs in inference and, as one vector, gradients of all parameters; return one."""
    x = photo() if x is None else x
    with torch.no_grad():
        expected = stock(x)
        assert relative_difference(ours(x), expected) <= tolerance
    gradients = [gradients_of(model, x) for model in (ours, stock)]
    assert list(gradients[0]) == list(gradients[1])
    assert gradients[1], 'no gradient anywhere'
    vectors = [torch.cat([g.flatten() for g in found.values()]) for found in gradients]
    difference = relative_difference(*vectors)
    assert difference <= tolerance
    return expected


def gradients_of(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The gradients of the parameters that get one."""
    model.zero_grad(set_to_none=True)
    loss_of(model, x).backward()
    return {n: p.grad.clone() for n, p in sorted(model.named_parameters()) if p.grad is not None}


def loss_of(model: nn.Module, x: Tensor) -> Tensor:
    out = model(x)
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype)
    return (out * weights.view_as(out)).sum() / out.numel() ** 0.5


def train(model: nn.Module, steps: int, lr: float = 0.05) -> None:
    """Some steps of SGD, in training mode and back."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr)
    model.train()
    for step in range(steps):
        optimizer.zero_grad()
        loss_of(model, photo(step).to(parameters[0].dtype)).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    model.eval()


def on_both(models: list[nn.Module], change: Callable[[nn.Module], object]) -> None:
    """Make the same change to both models, with the same random numbers."""
    for model in models:
        torch.manual_seed(3)
        change(model)


def set_submodule(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put a copy of a module into a model."""
    parent, _, child = name.rpartition('.')
    owner = model.get_submodule(parent)
    if child.isdigit():
        owner[int(child)] = copy.deepcopy(module)
    else:
        setattr(owner, child, copy.deepcopy(module))
