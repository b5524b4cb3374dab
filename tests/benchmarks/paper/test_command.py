"""The command itself, and one table by real runs of `mim`."""

import runpy
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip('mmseg')
from benchmarks.paper import __main__ as command
from benchmarks.paper.parser import build_parser, launch_arguments
from demo.scenes.streets import generate_streets
from mmseg_tome.analysis.results import read_csv
from mmseg_tome.config_files import config_root

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(not (ROOT / 'tools').is_dir(), reason='tools/ is in checkouts only')


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """The command, in an empty folder; signals are put back."""
    monkeypatch.chdir(tmp_path)
    numbers = [getattr(signal, name) for name in ('SIGTERM', 'SIGHUP') if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield command
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_table_by_real_runs(tool, tmp_path, capsys):
    """Trained, tested, and the second time kept."""
    generate_streets('data', train=2, val=1, size=(128, 64), workers=1)
    arguments = [
        'table3',
        f'--config={config_root()}/streets/segformer_mit-b0_none_1xb4-4k_streets-1024x512.py',
        *('--strategies', 'none', '--seeds', '4', '--repeats', '0', '--out', 'out'),
        '--cfg-options',
        *(f'{split}_dataloader.dataset.data_root=data' for split in ('train', 'val', 'test')),
        *(f'{split}_dataloader.num_workers=0' for split in ('train', 'test')),
        *(f'{split}_dataloader.persistent_workers=False' for split in ('train', 'test')),
        'train_dataloader.dataset.pipeline.2.scale=(128,64)',
        'train_dataloader.dataset.pipeline.3.crop_size=(64,64)',
        'test_dataloader.dataset.pipeline.1.scale=(128,64)',
        'model.backbone.num_layers=[1,1,1,1]',
        'model.data_preprocessor.size=(64,64)',
        'train_cfg.max_iters=2',
    ]
    assert tool.main(arguments) == 0
    printed = capsys.readouterr().out
    assert 'train/none-seed4: done' in printed and 'Table III' in printed
    rows = pd.read_csv(tmp_path / 'out/table3.csv')
    ours = rows[rows['source'] == 'ours']
    assert ours['run'].tolist() == [4] and ours['mIoU'].between(0, 100).all()
    assert 'IoU/pole' in rows
    rows = read_csv(tmp_path / 'out/table3-results.csv')
    assert rows['command'].str.startswith('python tools/reproduce.py table3 --config=').all()
    assert set(rows['dataset']) == {'streets'} and rows['width'].eq(128).all()
    assert (tmp_path / 'out/checkpoints/none-seed4.pth').is_file()
    logs = sorted((tmp_path / 'out').rglob('*.log'))
    assert tool.main(arguments) == 0
    printed = capsys.readouterr().out
    assert 'none-seed4: kept' in printed and 'done' not in printed
    assert sorted((tmp_path / 'out').rglob('*.log')) == logs


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ('table3 --config absent.py', 'there is no such file'),
        ('table3 --config cityscapes/b5 --seeds 1 1', '--seeds [1, 1] names one twice'),
        ('table3 --config cityscapes/b5 --strategies hqq', "'hqq' is not the name"),
        ('table3 --config cityscapes/b5 --repeats -1', '--repeats -1'),
        ('table3 --config cityscapes/b5', 'leftImg8bit/{train,val}/<city>'),
        ('table4 --config cityscapes/b5', 'is for mmseg'),
        ('table2 --config cityscapes/b5 --checkpoints absent.pth', 'absent.pth: there is no'),
        ('table2 --config cityscapes/b5 --checkpoints a --batch 0', '--batch 0'),
        ('table5 --strategies rates.json', 'rates.json'),
        ('table5 --repeats 0', '--repeats 0'),
        ('complexity --device cuda:99', '--device cuda:99'),
        ('figure1 --config cityscapes/b5 --checkpoint absent.pth', 'absent.pth: there is no'),
    ],
)
def test_what_is_wrong_is_said_at_once(arguments, message, tool, tmp_path, capsys):
    assert tool.main(arguments.split()) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob('*.log'))


@pytest.mark.parametrize('arguments', ['', 'table9', 'table5 --sizes 64x64', 'table5 --batch 0'])
def test_mistyped_arguments(arguments):
    with pytest.raises(SystemExit) as exit:
        build_parser().parse_args(arguments.split())
    assert exit.value.code == 2


def test_where_runs_go_is_passed_on():
    words = 'table3 --config c.py --launcher slurm --gpus 8 --gpus-per-node 4 --partition p'
    args = build_parser().parse_args([*words.split(), '--srun-args=--mem 8G'])
    assert launch_arguments(args) == [
        *('--launcher', 'slurm', '--gpus', '8', '--gpus-per-node', '4', '--partition', 'p'),
        *('--srun-args', '--mem 8G'),
    ]
    args = build_parser().parse_args(['table5'])
    assert launch_arguments(args) == []


def test_options_may_be_given_in_parts():
    words = 'table3 --config c.py --cfg-options a=1 --seeds 0 1 --cfg-options b=2 c=3'
    args = build_parser().parse_args(words.split())
    assert args.cfg_options == ['a=1', 'b=2', 'c=3'] and args.seeds == [0, 1]


def test_help_is_quick_and_has_examples(tool, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch', None)  # importing it would fail
    for table in ('table2', 'table3', 'table4', 'table5', 'complexity', 'figure1', 'figure4'):
        with pytest.raises(SystemExit):
            tool.main([table, '--help'])
        assert f'python tools/reproduce.py {table}' in capsys.readouterr().out


def test_the_script_is_the_same_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['reproduce.py', 'table5', '--help'])
    monkeypatch.setattr(sys, 'path', list(sys.path))
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools/reproduce.py'), run_name='__main__')
    printed = capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(['table5', '--help'])
    assert printed == capsys.readouterr().out
