"""Against SegFormer in Hugging Face's transformers, which is code of its own."""

import re

import pytest
import torch

import mmseg_tome  # noqa: F401 - patches torchvision, which transformers imports
from tests.baselines.stock import B0, make_pair, relative_difference
from tests.models.test_mit import image

transformers = pytest.importorskip('transformers', exc_type=ImportError)

# In the order in which they apply; `i` is the stage and `j` the block.
NAMES = [
    (r'layers\.(\d)\.0\.projection', r'stages.\1.patch_embeddings.proj'),
    (r'layers\.(\d)\.0\.norm', r'stages.\1.patch_embeddings.layer_norm'),
    (r'layers\.(\d)\.2', r'stages.\1.layer_norm'),
    (r'layers\.(\d)\.1', r'stages.\1.blocks'),
    (r'norm1', 'layernorm_before'),
    (r'norm2', 'layernorm_after'),
    (r'attn\.attn\.out_proj', 'attention.o_proj'),
    (r'attn\.sr', 'attention.sequence_reduction.sequence_reduction'),
    (r'attn\.norm', 'attention.sequence_reduction.layer_norm'),
    (r'ffn\.layers\.0', 'mlp.fc1'),
    (r'ffn\.layers\.1', 'mlp.dwconv.dwconv'),
    (r'ffn\.layers\.4', 'mlp.fc2'),
]


def renamed(state: dict) -> dict:
    out = {}
    for name, tensor in state.items():
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        if 'mlp.fc' in name and name.endswith('weight'):
            tensor = tensor.flatten(1)
        if (match := re.fullmatch(r'(.*)attn\.attn\.in_proj_(weight|bias)', name)) is None:
            out[name] = tensor
            continue
        for which, part in zip('qkv', tensor.chunk(3), strict=True):
            out[f'{match[1]}attention.{which}_proj.{match[2]}'] = part
    return out


@pytest.mark.parametrize('hw', [(128, 128), (97, 161)])
def test_same_maps_and_gradients_as_transformers(hw):
    widths = [B0['embed_dims'] * heads for heads in B0['num_heads']]
    config = transformers.SegformerConfig(hidden_sizes=widths, depths=B0['num_layers'])
    theirs = transformers.SegformerModel(config).eval()
    eps = {m.eps for m in theirs.modules() if isinstance(m, torch.nn.LayerNorm)}
    assert len(eps) == 1
    _, ours = make_pair(norm_cfg=dict(type='LN', eps=eps.pop()))
    theirs.load_state_dict(renamed(ours.state_dict()))
    x = image(hw, batch=2)
    ours_x, theirs_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    outs = ours(ours_x)
    expected = theirs(theirs_x, output_hidden_states=True).hidden_states
    for out, want in zip(outs, expected, strict=True):
        assert out.shape == want.shape
        assert relative_difference(out, want) <= 1e-5
    for maps in (outs, expected):
        sum(m.square().mean() for m in maps).backward()
    assert relative_difference(ours_x.grad, theirs_x.grad) <= 1e-5
