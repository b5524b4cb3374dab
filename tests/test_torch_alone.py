"""With torch, numpy, packaging and pyyaml alone: what works, and what is said of the rest."""

import json
import subprocess
import sys
from pathlib import Path

from mmseg_tome import cli
from mmseg_tome.strategies import PRESETS

ROOT = Path(__file__).resolve().parents[1]
ABSENT = (
    *('mmengine', 'mmcv', 'mmseg', 'mmpose', 'mmdet', 'mim', 'torchvision'),
    *('matplotlib', 'pandas', 'rich', 'cv2', 'PIL', 'scipy', 'tabulate', 'optuna', 'tomesd'),
)
# Not by None in sys.modules: then an import fails in another way than that of a missing package.
PREAMBLE = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {ABSENT}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {ABSENT} else find_spec(name, *rest)
sys.meta_path.insert(0, Absent())
"""


def run(script: str, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, '-W', 'error::UserWarning', '-c', PREAMBLE + script],
        cwd=folder,
        env={'PYTHONPATH': str(ROOT), 'PATH': ''},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_tokens_are_merged(tmp_path):
    """Every preset's mergings, forward and backward, and those of a strategy file."""
    (tmp_path / 'rates.yaml').write_text('- {kv_mode: bsm, kv_r: 0.5, kv_sx: 2, kv_sy: 2}\n' * 4)
    done = run(
        """
import torch
from mmseg_tome import PRESETS
from mmseg_tome.strategies import parse_tome_cfg

tokens = torch.randn(2, 8 * 12, 16, generator=torch.Generator().manual_seed(0), requires_grad=True)
for cfg in [*PRESETS, 'rates.yaml']:
    counts = []
    for stage in parse_tome_cfg(cfg).stages:
        for merging in filter(None, (stage.q, stage.kv)):
            plan = merging.plan(tokens, (8, 12))
            merged = plan.merge(tokens)
            restored = plan.unmerge(merged)
            assert restored.shape == tokens.shape
            restored.square().sum().backward()
            assert tokens.grad.isfinite().all()
            counts.append(merged.shape[1])
    print(cfg, *counts)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    rows = map(str.split, done.stdout.splitlines())
    counts = {name: [int(count) for count in rest] for name, *rest in rows}
    assert counts.keys() == {*PRESETS, 'rates.yaml'}
    assert counts['none'] == counts['downsample'] == []
    assert all(0 < count < 96 for name in counts for count in counts[name])
    assert counts['rates.yaml'] == [48] * 4


def test_every_module_of_merging_and_ops_imports(tmp_path):
    done = run(
        """
import importlib, pkgutil
import mmseg_tome.merging, mmseg_tome.ops
for package in (mmseg_tome.merging, mmseg_tome.ops):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
        importlib.import_module(module.name)
        print(module.name)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    files = [*ROOT.glob('mmseg_tome/merging/**/*.py'), *ROOT.glob('mmseg_tome/ops/**/*.py')]
    names = {'.'.join(path.relative_to(ROOT).with_suffix('').parts) for path in files}
    names = {name.removesuffix('.__init__') for name in names}
    assert {*done.stdout.split(), 'mmseg_tome.merging', 'mmseg_tome.ops'} == names


def test_models_say_what_they_need(tmp_path):
    done = run(
        """
import torch
from mmseg_tome import apply_tome
try:
    apply_tome(torch.nn.Linear(1, 1), 'hq')
except ModuleNotFoundError as error:
    print(error)
try:
    import mmseg_tome.models
except ModuleNotFoundError as error:
    print(error)
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    needs = 'needs MMSegmentation or MMPose, and neither is installed'
    assert first.startswith(f'apply_tome {needs}')
    assert second.startswith(f'mmseg_tome.models {needs}')
    assert all("pip install 'mmseg_tome[seg]'" in line for line in (first, second))


def test_commands_work_or_say_what_to_install(tmp_path):
    arguments = {
        'search': ['config.py', 'checkpoint.pth'],
        'show': ['image.png', '--config', 'config.py', '--checkpoint', 'checkpoint.pth'],
        'convert': ['missing.pth', 'ours.pth'],
        'convert-jbd': ['data'],
        'run': ['mmseg', 'print_config'],
        'configs': ['cityscapes'],
    }
    done = run(
        f"""
import contextlib, io, json
from mmseg_tome import cli
answers = {{}}
for command in cli.COMMANDS:
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        status = cli.main([command, *{arguments}.get(command, [])])
    answers[command] = status, out.getvalue(), err.getvalue()
print(json.dumps(answers))
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for command, word in (('configs', 'cityscapes'), ('env', 'torch ')):
        status, out, err = answers.pop(command)
        assert (status, err) == (0, '')
        assert word in out
    status, out, err = answers.pop('convert')  # works, where there is something to convert
    assert (status, out) == (2, '')
    assert err == 'error: missing.pth is no file and no folder\n'
    assert answers.keys() == cli.COMMANDS.keys() - {'configs', 'env', 'convert'}
    for command, (status, out, err) in answers.items():
        assert (status, out) == (2, '')
        assert err.startswith(f'error: python -m mmseg_tome {command} needs ')
        assert err.count('\n') == 1
        extra = 'analysis' if command == 'convert-jbd' else 'seg'
        assert f"pip install 'mmseg_tome[{extra}]'" in err


def test_checkpoints_are_converted(tmp_path):
    """Those of others, to and fro; only colors of known data sets need mmseg."""
    done = run(
        """
import torch
from mmseg_tome.cli import main
depths, widths, ratios = (1, 2, 1, 1), (4, 8, 12, 16), (8, 4, 2, 1)
weights, channels = {}, 3
for n, (depth, width, ratio) in enumerate(zip(depths, widths, ratios), 1):
    shapes = {f'patch_embed{n}.proj': (width, channels, *(2 * [7 if n == 1 else 3]))}
    shapes |= {f'patch_embed{n}.norm': (width,), f'norm{n}': (width,)}
    for b in range(depth):
        layers = {'norm1': (width,), 'norm2': (width,), 'attn.q': (width, width)}
        layers |= {'attn.kv': (2 * width, width), 'attn.proj': (width, width)}
        if ratio > 1:
            layers |= {'attn.sr': (width, width, ratio, ratio), 'attn.norm': (width,)}
        layers |= {'mlp.fc1': (4 * width, width), 'mlp.fc2': (width, 4 * width)}
        layers |= {'mlp.dwconv.dwconv': (4 * width, 1, 3, 3)}
        shapes |= {f'block{n}.{b}.{name}': shape for name, shape in layers.items()}
    for name, shape in shapes.items():
        weights[f'{name}.weight'] = torch.randn(shape)
        weights[f'{name}.bias'] = torch.randn(shape[0])
    channels = width
torch.save(weights, 'nvlabs.pth')
for arguments in ('nvlabs.pth ours.pth', 'ours.pth hf --to hf', 'hf back.pth --to nvlabs'):
    assert main(['convert', *arguments.split()]) == 0
back = torch.load('back.pth')
assert back.keys() == weights.keys()
assert all(torch.equal(back[name], value) for name, value in weights.items())
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('NVlabs: a MiT of 1+2+1+1 blocks with 4/8/12/16 channels')
