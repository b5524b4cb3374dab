"""BF16OptimWrapper: bfloat16 forward passes, float32 weights, gradients and steps."""

import pytest
import torch
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn

import mmseg_tome  # noqa: F401 - registers it


class Seen(nn.Module):
    """A linear model that notes the type in which it computed."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(64, 3)
        self.dtype = None

    def forward(self, x):
        y = self.linear(x)
        self.dtype = y.dtype
        return y.float().square().mean()


def gradients(wrapper_type, **kwargs):
    model = Seen()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    wrapper = OPTIM_WRAPPERS.build(dict(type=wrapper_type, optimizer=optimizer, **kwargs))
    before = model.linear.weight.detach().clone()
    x = torch.randn(16, 64, generator=torch.Generator().manual_seed(1))
    with wrapper.optim_context(model):
        loss = model(x)
    wrapper.backward(loss)
    gradient = model.linear.weight.grad.clone()
    wrapper.step()
    return model, loss.detach(), gradient, model.linear.weight.detach() - before


def test_forward_in_bfloat16_and_the_rest_in_float32():
    exact, loss, gradient, _ = gradients('OptimWrapper')
    assert exact.dtype == torch.float32
    model, bf16_loss, bf16_gradient, bf16_step = gradients('BF16OptimWrapper')
    assert model.dtype == torch.bfloat16
    assert model.linear.weight.dtype == bf16_gradient.dtype == torch.float32
    # bfloat16 keeps 8 bits: a relative error of 2^-8, and not none.
    torch.testing.assert_close(bf16_loss, loss, rtol=2**-7, atol=0)
    assert not torch.equal(bf16_gradient, gradient)
    assert (bf16_gradient - gradient).norm() < 2**-6 * gradient.norm()
    torch.testing.assert_close(bf16_step, -0.5 * bf16_gradient)


def test_arguments_of_optim_wrapper_work():
    _, _, _, step = gradients('BF16OptimWrapper', clip_grad=dict(max_norm=1e-3))
    assert step.norm() == pytest.approx(0.5e-3, rel=0.05)


def test_nothing_is_cast_outside_its_context():
    model = gradients('BF16OptimWrapper')[0]
    model(torch.zeros(1, 64))
    assert model.dtype == torch.float32
