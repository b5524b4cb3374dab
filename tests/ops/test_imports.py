"""``ops`` and ``merging`` need torch alone: models outside of OpenMMLab compute with them."""

import subprocess
import sys

from tests.compat.conftest import PREAMBLE

SCRIPT = (
    PREAMBLE
    + """
import torch

for name in ('mmengine', 'mmcv', 'mmseg', 'mmpose', 'mmdet', 'numpy', 'cv2', 'yaml', 'triton',
             'pandas', 'matplotlib', 'rich'):
    if name not in sys.modules:
        sys.modules[name] = None  # importing it fails
before = set(sys.modules)

from mmseg_tome.merging import BipartiteSoftMatching, NeighborPooling2d, merged_attention
from mmseg_tome.ops import AttentionWeights, FFNWeights, mix_ffn
from torch import nn

torch.manual_seed(0)
x, c, hw = torch.randn(2, 48, 16), 16, (6, 8)
kv, kv_hw = torch.randn(2, 24, 16), (4, 6)
reference = nn.MultiheadAttention(c, 4, batch_first=True)
weight, bias, out = reference.in_proj_weight, reference.in_proj_bias, reference.out_proj
weights = AttentionWeights(weight[:c], bias[:c], weight[c:], bias[c:], out.weight, out.bias)
plain = merged_attention(x, hw, kv, kv_hw, weights, 4)
assert torch.allclose(plain, reference(x, kv, kv)[0], atol=1e-6)

q_merging, kv_merging = BipartiteSoftMatching(0.5, 2, 2), NeighborPooling2d(2)
plan = q_merging.plan(x, hw)
fewer = kv_merging.plan(kv, kv_hw).merge(kv)
assert plan.merge(x).shape == (2, 24, 16) and fewer.shape == (2, 6, 16)
expected = plan.unmerge(reference(plan.merge(x), fewer, fewer)[0])
merged = merged_attention(x, hw, kv, kv_hw, weights, 4, q_merging, kv_merging)
assert torch.allclose(merged, expected, atol=1e-6)

layers = nn.Linear(16, 32), nn.Conv2d(32, 32, 3, padding=1, groups=32), nn.Linear(32, 16)
weights = FFNWeights(*(p for layer in layers for p in layer.parameters()))
hidden = layers[1](layers[0](x).transpose(1, 2).unflatten(2, hw)).flatten(2).transpose(1, 2)
expected = x + layers[2](nn.functional.gelu(hidden))
for grad in (True, False):
    with torch.set_grad_enabled(grad):
        assert torch.allclose(mix_ffn(x, hw, weights, shortcut=x), expected, atol=1e-6)

tops = {name.partition('.')[0] for name in set(sys.modules) - before}
print(sorted(tops - set(sys.stdlib_module_names) - {'torch'}))
"""
)


def test_torch_alone_is_imported_and_computes_attention_and_mix_ffn(tmp_path):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['mmseg_tome']"
