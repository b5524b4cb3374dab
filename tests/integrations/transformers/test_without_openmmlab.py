"""With torch and transformers alone: models are converted, and the rest says what it needs."""

import ast

import pytest

from mmseg_tome.strategies import PRESETS
from tests.test_torch_alone import ROOT, run

pytest.importorskip('transformers', exc_type=ImportError)


def test_models_are_converted(tmp_path):
    """Every strategy, forward and backward, and back; on odd sizes."""
    done = run(
        """
import sys
import mmseg_tome
assert 'transformers' not in sys.modules
import torch
import transformers
from mmseg_tome import PRESETS, apply_tome

config = transformers.SegformerConfig(
    depths=(1, 1, 1, 1), hidden_sizes=(16, 32, 80, 128), decoder_hidden_size=16, num_labels=5
)
torch.manual_seed(0)
image = torch.randn(1, 3, 97, 130).double()

def is_same(out):
    return out.shape == expected.shape and bool((out - expected).norm() < 1e-9 * expected.norm())

for cls in ('ForSemanticSegmentation', 'ForImageClassification', 'Model'):
    model = getattr(transformers, 'Segformer' + cls)(config).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=max(1, parameter[0].numel()) ** -0.5)
    expected = model(image)[0]
    for name in PRESETS:
        out = apply_tome(model, name)(image)[0]
        out.square().mean().backward()
        assert out.isfinite().all()
        print(name, is_same(out))
    assert is_same(apply_tome(model, None)(image)[0])
found = [name for name in sys.modules if name.partition('.')[0] in ('mmengine', 'mmcv', 'mmseg')]
assert not found, found
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.split()[0] in PRESETS]
    assert lines == [[name, str(name == 'none')] for name in PRESETS] * 3


def test_every_module_imports(tmp_path):
    done = run(
        """
import importlib, pkgutil
import mmseg_tome.integrations as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
    print(module.name)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    files = [p for p in ROOT.glob('mmseg_tome/integrations/*/**/*.py') if p.stem != '__init__']
    assert len(set(done.stdout.split())) == len(files) + 1


def test_what_needs_openmmlab_says_so(tmp_path):
    done = run(
        """
import torch, transformers
from transformers import SegformerModel
from mmseg_tome import apply_tome
for use in ('apply_tome(torch.nn.Linear(1, 1), "hq")', '__import__("mmseg_tome.models")'):
    try:
        eval(use)
    except (ValueError, ImportError) as error:
        print(type(error).__name__, error)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[-2:]
    assert first.startswith('ValueError apply_tome found no MixVisionTransformer in the Linear')
    assert second.startswith('ModuleNotFoundError mmseg_tome.models needs MMSegmentation')


def test_extra_brings_transformers_alone():
    tree = ast.parse((ROOT / 'setup.py').read_text())
    (extras,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == 'EXTRAS'
    )
    entries = zip(map(ast.literal_eval, extras.keys), map(ast.unparse, extras.values), strict=True)
    assert dict(entries)['transformers'] == "[ranged('transformers')]"
