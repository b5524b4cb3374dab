"""`python -m mmseg_tome run`: mmseg's and mmpose's own tools in the patched stack."""

import importlib.util
import json
import re
import subprocess
import sys
import types
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.visualization import Visualizer

from demo.scenes.streets import generate_streets
from mmseg_tome import cli
from mmseg_tome.cli import run
from mmseg_tome.compat import mmengine_flops, mmseg_drawing

ROOT = Path(__file__).resolve().parents[2]
STREETS = next(ROOT.glob('configs/streets/segformer_mit-b0_hq_1xb*.py'))
COCO = next(ROOT.glob('configs/coco/segformer_mit-b0_hq_1xb*.py'))


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Runs the command in this process and an empty folder; returns status, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', sys.argv)
    monkeypatch.setattr(sys, 'path', [*sys.path])
    # One that an earlier test made would draw into that test's folder.
    for visualizer in (Visualizer, *Visualizer.__subclasses__()):
        monkeypatch.setattr(visualizer, '_instance_dict', OrderedDict())

    def call(*arguments) -> tuple[int, str, str]:
        try:
            status = cli.main(['run', *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def test_a_tool_runs_in_the_patched_stack(tmp_path):
    command = [sys.executable, '-m', 'mmseg_tome', 'run', 'mmseg', 'print_config', STREETS]
    done = subprocess.run(
        [*map(str, command), '--cfg-options', 'model.backbone.tome_cfg=fast'],
        cwd=tmp_path,
        env={'PYTHONPATH': str(ROOT), 'PATH': ''},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "tome_cfg='fast'" in done.stdout


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['mmseg'], 'tools/misc/print_config\n'),
        (['mmsegmentation'], 'tools/analysis_tools/get_flops\n'),
        (['mmseg', 'misc/print_confg'], "did you mean 'tools/misc/print_config'?"),
        (['mmsg', 'print_config'], "no package 'mmsg': did you mean 'mmseg'? Allowed: mmseg,"),
    ],
)
def test_what_needs_no_import_is_answered_at_once(arguments, said):
    code = (
        'import runpy, sys;'
        f'sys.modules.update(dict.fromkeys({["torch", "numpy", "mmengine"]}));'
        f'sys.argv = {["mmseg_tome", "run", *arguments]};'
        'runpy.run_module("mmseg_tome", run_name="__main__", alter_sys=True)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert done.returncode == (0 if len(arguments) == 1 else 2)
    assert said in done.stdout + done.stderr
    assert 'Traceback' not in done.stderr


def test_lists_what_can_be_run(call):
    status, listed, _ = call('mmseg')
    assert status == 0
    names = listed.split()
    assert names == sorted(names) and {'tools/train', 'tools/misc/browse_dataset'} <= set(names)
    assert 'tools/torchserve/mmseg_handler' not in names  # is imported, not run


def test_lists_the_demos_of_mmpose(call):
    pytest.importorskip('mmpose')
    _, listed, _ = call('mmpose')
    assert {'demo/image_demo', 'tools/analysis_tools/print_config'} <= set(listed.split())
    assert 'mmdetection_cfg' not in listed


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['mmseg', 'prin_config'], "mmseg has no tool 'prin_config': did you mean 'tools/misc/pr"),
        (['mmseg', 'xyz'], "mmseg has no tool 'xyz': Allowed: tools/analysis_tools/analyze_logs, "),
        (
            ['mmseg', 'browse_dataset'],
            "several tools 'browse_dataset': give tools/analysis_tools/browse_dataset or ",
        ),
        (['torch'], "no package 'torch': Allowed: mmseg, mmpose"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(call, arguments, said):
    status, out, error = call(*arguments)
    assert (status, out) == (2, '')
    assert said in error.splitlines()[-1]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a tool that says how it was started."""
    tools = tmp_path / 'there' / 'toolbox' / '.mim' / 'tools'
    tools.mkdir(parents=True)
    (tools.parents[1] / '__init__.py').touch()
    (tools / 'sibling.py').write_text('VALUE = 7\n')
    (tools / 'say.py').write_text(
        'import sys\n'
        "if __name__ == '__main__':\n"
        '    import sibling\n'
        '    print(sys.argv, sibling.VALUE, __file__)\n'
        '    sys.exit(3)\n'
    )
    (tools / 'lack.py').write_text("import no_such_module\nif __name__ == '__main__':\n    pass\n")
    monkeypatch.syspath_prepend(tools.parents[2])
    monkeypatch.setitem(run.PACKAGES, 'toolbox', 'seg')
    return tools


@pytest.mark.parametrize('name', ['say', 'say.py', 'tools/say', 'tools/say.py'])
def test_a_tool_is_started_as_if_by_itself(package, call, name):
    status, out, _ = call('toolbox', name, '--help', 'config.py', '--cfg-options', 'a=b')
    path = str(package / 'say.py')
    assert status == 3
    assert out == f'{[path, "--help", "config.py", "--cfg-options", "a=b"]} 7 {path}\n'


def test_what_a_tool_lacks_is_said(package, call):
    status, _, error = call('toolbox', 'lack')
    assert status == 2
    assert error == f'error: {package / "lack.py"} needs no_such_module, which is not installed\n'


def test_a_package_without_tools_or_without_anything(package, call, monkeypatch):
    for path in package.glob('*.py'):
        path.unlink()
    assert 'toolbox came without its tools: there are none in' in call('toolbox')[2]
    monkeypatch.setitem(run.PACKAGES, 'nothing_here', 'pose')
    status, _, error = call('nothing_here', 'say')
    assert status == 2
    assert "nothing_here is not installed; get it with: pip install 'mmseg_tome[pose]'" in error


# The tools themselves.


def test_print_config_of_mmpose(call):
    pytest.importorskip('mmpose')
    status, out, _ = call('mmpose', 'print_config', COCO)
    assert status == 0
    assert "tome_cfg='hq'" in out


@pytest.fixture(scope='module')
def streets(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('streets')
    generate_streets(folder, train=2, val=1, size=(128, 64), workers=1)
    return folder


@pytest.mark.parametrize('folder', ['misc', 'analysis_tools'])
def test_browse_dataset_draws_the_labels(call, streets, tmp_path, folder):
    data = f'train_dataloader.dataset.data_root={streets}'
    options = ['--not-show', '--output-dir', 'pictures', '--cfg-options', data]
    assert call('mmseg', f'{folder}/browse_dataset', STREETS, *options)[0] == 0
    assert len(list((tmp_path / 'pictures').rglob('*.png'))) == 2


def test_analyze_logs_draws_a_curve(call, tmp_path, monkeypatch):
    if importlib.util.find_spec('seaborn') is None:
        # Not among what is installed for tests: frameworks that find it import it, and pandas.
        # The tool only sets its style.
        seaborn = types.ModuleType('seaborn')
        seaborn.set_style = lambda style: None
        monkeypatch.setitem(sys.modules, 'seaborn', seaborn)
    records = [{'step': i, 'loss': 1 / i} for i in (10, 20, 30)] + [{'step': 30, 'mIoU': 0.5}]
    (tmp_path / 'log.json').write_text('\n'.join(map(json.dumps, records)))
    options = ['--keys', 'loss', '--out', 'curve.png', '--backend', 'agg']
    status, out, _ = call('mmseg', 'analyze_logs', 'log.json', *options)
    assert status == 0
    assert 'metric is loss' in out
    assert (tmp_path / 'curve.png').stat().st_size > 1000


@pytest.mark.parametrize(
    'layer', ['decode_head.fusion_conv', 'backbone.layers[3][1][1].ffn.layers[4]']
)
def test_visualization_cam_shows_the_road_at_the_bottom(call, tmp_path, layer):
    pytest.importorskip('pytorch_grad_cam', reason='it brings scikit-learn; docs/install.md')
    generate_streets(tmp_path, train=1, val=1, size=(256, 128), workers=1)
    photo = next((tmp_path / 'leftImg8bit' / 'train').rglob('*.png'))
    trained = ROOT / 'checkpoints' / 'segformer_mit-b0_streets-1024x512.pth'
    options = ['--target-layers', layer, '--category-index', '0', '--device', 'cpu']
    status, _, error = call('mmseg', 'visualization_cam', photo, STREETS, trained, *options)
    assert status == 0, error
    # Red over blue; without any gradient all is blue.
    heat = cv2.imread('vis_cam.png').astype(int)
    heat = heat[..., 2] - heat[..., 0]
    assert heat[-32:].mean() > 0 > heat[:32].mean()


def flops(shown: str) -> float:
    return float(re.search(r'Flops: ([\d.]+)G', shown)[1])


def test_get_flops_counts_what_it_counts_of_stock(call, tmp_path):
    stock = dict(
        _delete_=True,
        type='mmseg.models.backbones.mit.MixVisionTransformer',
        embed_dims=32,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
    )
    head = dict(type='mmseg.models.decode_heads.SegformerHead')
    (tmp_path / 'stock.py').write_text(
        f'_base_ = {str(STREETS)!r}\nmodel = {dict(backbone=stock, decode_head=head)!r}\n'
    )

    def count(config, *options) -> float:
        return flops(call('mmseg', 'get_flops', config, '--shape', '64', '128', *options)[1])

    expected = count('stock.py')
    unmerged = count(STREETS, '--cfg-options', 'model.backbone.tome_cfg=None')
    assert unmerged == pytest.approx(expected, rel=0.02)
    merged = count(STREETS)
    assert 0.8 * expected < merged < expected  # it sees the projections, and no attention


def test_get_flops_of_mmpose(call):
    pytest.importorskip('mmpose')
    options = ['--input-shape', '64', '128', '--cfg-options', 'model.backbone.init_cfg=None']
    status, out, _ = call('mmpose', 'get_flops', COCO, *options)
    assert status == 0
    assert re.search(r'\| model +\| [\d.]+M +\| [\d.]+G ', out)


# The patches that they need.


def test_flops_go_by_the_inputs_where_a_shape_is_given_too(monkeypatch):
    from mmengine import analysis

    def refuses_both(model, input_shape=None, inputs=None, show_table=True):
        if input_shape is not None and inputs is not None:
            raise ValueError('"input_shape" and "inputs" cannot be both set.')
        return model, input_shape, inputs, show_table

    monkeypatch.setattr(analysis, 'get_model_complexity_info', refuses_both)
    assert mmengine_flops.patch() == ('mmengine get_model_complexity_info',)
    assert mmengine_flops.patch() == ()
    count = analysis.get_model_complexity_info
    assert count('model', (3, 64, 64), 'images', show_table=False) == (
        *('model', None, 'images', False),
    )
    assert count('model', (3, 64, 64)) == ('model', (3, 64, 64), None, True)
    assert count('model', inputs='images') == ('model', None, 'images', True)


def test_mmseg_draws_on_images_of_any_layout():
    from mmengine.structures import PixelData
    from mmseg.visualization import SegLocalVisualizer

    mmseg_drawing.patch()
    assert mmseg_drawing.patch() == ()
    image = np.random.default_rng(0).integers(0, 255, (3, 40, 50), np.uint8)
    labels = PixelData(data=np.arange(40)[None, :, None].repeat(50, 2) // 20)
    drawn = [
        SegLocalVisualizer()._draw_sem_seg(turned, labels, ('a', 'b'), [[9, 9, 9], [200, 0, 0]])
        for turned in (image.transpose(1, 2, 0), image.transpose(1, 2, 0).copy())
    ]
    assert (drawn[0] == drawn[1]).all()
    assert drawn[0].shape == (40, 50, 3)
