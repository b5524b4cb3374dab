"""The tool from files to a report, on tiny models with random weights."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

pytest.importorskip('optuna')
pytest.importorskip('mmseg')

# isort: split
from demo.data import prepare_athletes
from mmseg_tome import cli
from mmseg_tome.analysis.locking import locked
from mmseg_tome.analysis.results import read_csv
from mmseg_tome.analysis.search.evaluator import Evaluator
from mmseg_tome.analysis.search.held_out import NAMED
from mmseg_tome.analysis.search.options import Options
from mmseg_tome.config_files import config_root
from mmseg_tome.strategies import parse_tome_cfg
from tests.analysis.tiny_segmentor import write_labeled

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # OpenMMLab's own, many
QUICK = ['--repeats', '1', '--final-repeats', '1']


def run(*arguments):
    return cli.main(['search', *map(str, arguments)])


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A config, a checkpoint, and the data root of eight images in CamVid's layout."""
    return write_labeled(tmp_path_factory.mktemp('tiny'))


@pytest.fixture(scope='module')
def searched(files, tmp_path_factory):
    """The folder of a search of 34 trials: past the single stages."""
    out = tmp_path_factory.mktemp('out') / 'search'
    assert run(*files[:2], '--out', out, '--trials', 34, *QUICK) == 0
    return out


def report_of(out):
    return max(out.glob('report-*'))


def content_of(folder):
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_report(searched):
    folder = report_of(searched)
    text = (folder / 'report.md').read_text()
    for heading in (
        "## Better than hq, in hq's time or less?",
        "## Faster than fast, at fast's quality or better?",
        '## Presets and front',
        '## Each stage alone',
        '## Trials',
        '## How it was measured',
    ):
        assert heading in text
    for fact in ('torch 2', 'images searched on: 4', 'held-out images: 4', 'inputs: 136x104'):
        assert fact in text
    assert '| 1.000 (1.000 to 1.000) ' in text and ' +0.00 |' in text  # as written out
    assert np.asarray(Image.open(folder / 'front.png')).std() > 10


def test_tables(searched):
    folder = report_of(searched)
    trials = pd.read_csv(folder / 'trials.csv')
    assert len(trials) == 34 == trials.tome_cfg.nunique()
    points = pd.read_csv(folder / 'points.csv').set_index('name')
    assert set(NAMED) <= set(points.index)
    assert points.time_over_unmerged['none'] == 1
    assert points.seconds_per_image.min() > 0
    assert points.mIoU_held_out.between(0, 100).all()
    assert points.mIoU_small_searched.notna().all()
    complete = trials[~trials.pruned]
    for name, row in points[~points.index.isin(NAMED)].iterrows():
        (trial,) = complete[complete.tome_cfg == row.tome_cfg].itertuples()
        assert row.mIoU_searched == trial.quality, name


def test_files_are_the_settings_of_the_table(searched):
    folder = report_of(searched)
    points = pd.read_csv(folder / 'points.csv').set_index('name')
    found = [name for name in points.index if name not in NAMED]
    assert found and {p.stem for p in folder.glob('front-*.yaml')} == set(found)
    for name in found:
        expected = parse_tome_cfg(json.loads(points.tome_cfg[name])).stages
        assert parse_tome_cfg(folder / f'{name}.yaml').stages == expected
    for name in re.findall(r'(\w+)\.yaml \|', (folder / 'report.md').read_text()):
        stages = parse_tome_cfg(folder / f'{name}.yaml').stages
        assert stages in [parse_tome_cfg(folder / f'{n}.yaml').stages for n in found]


def test_quality_is_that_of_mim_test(files, searched):
    """Over all held-out images at once, by the stock loop."""
    from mmengine.config import Config
    from mmengine.runner import Runner

    cfg = Config.fromfile(files[0])
    cfg.merge_from_dict(
        {
            'load_from': str(files[1]),
            'work_dir': str(searched.parent / 'mim'),
            'model.backbone.tome_cfg': 'fast',
            'test_cfg': dict(type='TestLoop'),
            'test_dataloader': dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dict(indices=[1, 3, 5, 7]),
            ),
        }
    )
    metrics = Runner.from_cfg(cfg).test()
    points = pd.read_csv(report_of(searched) / 'points.csv').set_index('name')
    for metric in ('mIoU', 'mIoU_small', 'aAcc'):
        assert points.loc['fast', f'{metric}_held_out'] == pytest.approx(metrics[metric], abs=1e-4)


def test_going_on_measures_nothing_twice(files, searched, monkeypatch):
    timed = []
    time = Evaluator.time
    monkeypatch.setattr(Evaluator, 'time', lambda self, c: timed.append(c) or time(self, c))
    before = pd.read_csv(report_of(searched) / 'trials.csv')
    assert run(*files[:2], '--out', searched, '--trials', 36, *QUICK) == 0
    after = pd.read_csv(report_of(searched) / 'trials.csv')
    assert len(timed) == 2 and len(after) == 36 == after.tome_cfg.nunique()
    pd.testing.assert_frame_equal(after[:34], before)
    assert len(list(searched.glob('report-*'))) == 2


@pytest.mark.parametrize(
    ('changes', 'field'),
    [
        (['--seed', '1'], 'settings.seed: 0, now 1'),
        (['--holdout', 'last'], 'settings.holdout: alternate, now last'),
        (['--size', '96x64'], 'settings.inputs: 136x104, now'),
        (['--images', '6'], 'data.images searched on: 8 files, '),
        (['--metric', 'aAcc'], 'settings.metric: mIoU, now aAcc'),
        (['--cfg-options', 'x=1'], 'config.x: (absent), now 1'),
    ],
)
def test_other_options_do_not_go_on(files, searched, capsys, changes, field):
    before = content_of(searched)
    assert run(*files[:2], '--out', searched, '--trials', 99, *QUICK, *changes) == 2
    error = capsys.readouterr().err
    assert 'was started otherwise' in error and field in error
    assert content_of(searched) == before


def test_another_checkpoint_does_not_go_on(files, searched, tmp_path, capsys):
    content = torch.load(files[1], weights_only=True)
    content['state_dict']['decode_head.conv_seg.bias'] += 1
    torch.save(content, tmp_path / 'other.pth')
    assert run(files[0], tmp_path / 'other.pth', '--out', searched, *QUICK) == 2
    assert 'settings.checkpoint: ' in capsys.readouterr().err


def test_other_code_does_not_go_on(files, searched, monkeypatch, capsys):
    """Nor do other versions of what it runs on: the trials of both must not be mixed."""
    before = content_of(searched)
    closure = {'mmseg_tome/merging/bipartite.py': 'edited'}
    monkeypatch.setattr('mmseg_tome.analysis.fingerprint.closure', lambda modules, root: closure)
    assert run(*files[:2], '--out', searched, *QUICK) == 2
    error = capsys.readouterr().err
    assert 'was started otherwise' in error and 'code.mmseg_tome/' in error and ', and ' in error
    assert content_of(searched) == before


def test_other_ground_truth_does_not_go_on(files, searched, capsys):
    config, checkpoint, data = files
    label = data / 'labels' / 'val' / '3.png'
    content = label.read_bytes()
    label.write_bytes(content + b'more')
    try:
        assert run(config, checkpoint, '--out', searched, *QUICK) == 2
    finally:
        label.write_bytes(content)
    assert 'data.held-out images: 8 files, ' in capsys.readouterr().err


def test_a_search_of_an_earlier_version_is_refused(files, tmp_path, capsys):
    """It did not note the code that its trials were measured by."""
    out = tmp_path / 'old'
    out.mkdir()
    (out / 'search.json').write_text('{"seed": 0, "mmseg_tome": "0.2.0"}')
    (out / 'trials.log').write_text('')
    before = content_of(out)
    assert run(*files[:2], '--out', out, *QUICK) == 2
    assert 'not a search, or one of an earlier version' in capsys.readouterr().err
    assert content_of(out) == before


def test_a_second_process_is_refused(files, searched, capsys):
    with locked(searched):
        assert run(*files[:2], '--out', searched, *QUICK) == 2
    assert 'is being computed by another process' in capsys.readouterr().err


def test_rows_of_results(searched):
    """As the tables of the documentation are made of them."""
    folder = report_of(searched)
    rows = read_csv(folder / 'report.csv')
    points = pd.read_csv(folder / 'points.csv').set_index('name')
    assert set(rows.experiment) == {'search-camvid'} and rows.key.str.len().eq(16).all()
    assert rows.command.str.startswith('python -m mmseg_tome search').all()
    by_metric = {name: group.set_index('strategy') for name, group in rows.groupby('metric')}
    for name, point in points.iterrows():
        assert by_metric['time over none'].value[name] == point.time_over_unmerged
        assert by_metric['time over none'].low[name] == point.lower_quartile
        assert by_metric['mIoU, searched on'].value[name] == point.mIoU_searched
        assert by_metric['mIoU_small, held out'].value[name] == point.mIoU_small_held_out
        if name != 'none':
            change = point.mIoU_held_out - points.mIoU_held_out['none']
            assert by_metric['mIoU change, held out'].value[name] == pytest.approx(change)


@pytest.mark.parametrize('spelling', ['--unlabeled', '--unlabelled'])
def test_unlabeled_images_are_compared_with_the_unmerged_prediction(files, tmp_path, spelling):
    config, checkpoint, data = files
    images = data / 'images' / 'val'
    arguments = [spelling, images, '--size', '96x80', '--trials', 5, *QUICK]
    assert run(config, checkpoint, '--out', tmp_path / 'out', *arguments) == 0
    folder = report_of(tmp_path / 'out')
    points = pd.read_csv(folder / 'points.csv').set_index('name')
    assert points.loc['none', ['agreement_searched', 'agreement_held_out']].tolist() == [100, 100]
    assert 10 < points.agreement_held_out['fast'] < 100
    text = (folder / 'report.md').read_text()
    # 136x104 within 96x80, in its own ratio.
    assert 'agreement, against unmerged predictions' in text and 'inputs: 96x73' in text


def test_pose(tmp_path):
    pytest.importorskip('mmpose')
    prepare_athletes(tmp_path / 'data', train=1, val=4, size=(320, 180))
    config = config_root() / 'athletes' / 'segformer_mit-b0_none_1xb8-6e_athletes-192x256.py'
    options = {
        'test_dataloader.dataset.data_root': str(tmp_path / 'data') + '/',
        'model.backbone.num_layers': [1, 1, 1, 1],
        'model.backbone.init_cfg': None,
    }
    cfg = Options(config, tmp_path / 'pose.pth', options).read_config()
    from mmpose.apis import init_model

    torch.manual_seed(0)
    model = init_model(cfg.copy(), None, 'cpu')
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, tmp_path / 'pose.pth')
    arguments = [config, tmp_path / 'pose.pth', '--out', tmp_path / 'out', '--trials', 4, *QUICK]
    arguments += ['--batch', 2, '--cfg-options', *(f'{k}={v}' for k, v in options.items())]
    assert run(*arguments) == 0
    points = pd.read_csv(report_of(tmp_path / 'out') / 'points.csv').set_index('name')
    assert 'downsample' not in points.index and 'hq' in points.index
    assert points['PCK@0.1_held_out'].between(0, 100).all()


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (['--metric', 'mIou'], '--metric mIou is not computed here; computed are aAcc, mIoU'),
        (['--device', 'cuda:77'], 'no such GPU'),
        (['--unlabeled', 'absent'], 'absent: there is no such file or folder'),
        (['--images', '1'], '1 image is too few'),
        (['--cfg-options', 'test_evaluator.iou_metrics=[mDice]'], 'it needs IoUMetric, SmallIoU'),
        (['--cfg-options', 'test_dataloader.dataset.data_root=nowhere'], "data_root='nowhere'"),
    ],
)
def test_mistakes_are_answered_before_anything_is_written(
    files, tmp_path, capsys, changes, message
):
    assert run(*files[:2], '--out', tmp_path / 'out', *changes) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_files_that_are_not_there(files, tmp_path, capsys):
    assert run('absent.py', files[1], '--out', tmp_path / 'out') == 2
    assert 'config absent.py: there is no such file' in capsys.readouterr().err
    assert run(files[0], 'absent.pth', '--out', tmp_path / 'out') == 2
    assert 'checkpoint absent.pth: there is no such file' in capsys.readouterr().err


def test_a_checkpoint_of_another_model_is_refused(files, tmp_path, capsys):
    changes = ['--cfg-options', 'model.decode_head.channels=12']
    assert run(*files[:2], '--out', tmp_path / 'out', *changes) == 2
    assert re.search(r'does not fit the config, in \d+ respects', capsys.readouterr().err)


def test_size_needs_one_resize(files):
    options = {'test_dataloader.dataset.pipeline': [dict(type='LoadImageFromFile')]}
    with pytest.raises(ValueError, match='has 0 steps Resize, and not one'):
        Options(files[0], files[1], options, size=(96, 64)).read_config()
    pose = config_root() / 'coco' / 'segformer_mit-b0_none_1xb16-210e_coco-288x384.py'
    with pytest.raises(ValueError, match='the input of a pose estimator is that of its codec'):
        Options(pose, files[1], size=(96, 64)).read_config()


def test_pose_needs_labels(files):
    pose = config_root() / 'coco' / 'segformer_mit-b0_none_1xb16-210e_coco-288x384.py'
    with pytest.raises(ValueError, match='--unlabeled: pose estimators need boxes'):
        Options(pose, files[1], unlabeled=files[2]).read_config()


@pytest.mark.parametrize(
    'arguments', [['--size', '10'], ['--trials', '0'], ['--minutes', '-1'], ['--device', 'gpu']]
)
def test_mistyped_arguments(arguments, capsys):
    with pytest.raises(SystemExit):
        run('a.py', 'a.pth', *arguments)
    assert 'give ' in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        run('--help')
    assert 'python -m mmseg_tome search configs/camvid' in capsys.readouterr().out
