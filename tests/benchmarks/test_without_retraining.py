"""What merging changes in a trained model, against the metrics that mmseg computes itself."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('mmseg')

from mmengine.config import Config
from mmengine.runner import Runner

from mmseg_tome.analysis.results import read_csv
from tests.analysis.tiny_segmentor import write_labeled

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_labeled(tmp_path_factory.mktemp('tiny'))


@pytest.fixture(scope='module')
def measured(files):
    config, checkpoint, _ = files
    out = config.parent / 'out'
    command = [sys.executable, ROOT / 'tools' / 'without_retraining.py', config, checkpoint]
    done = subprocess.run(
        [*map(str, command), '--strategies', 'fast', 'hq_weighted', '--out', str(out)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    table = read_csv(out / 'without-retraining.csv')
    return table.pivot(index='strategy', columns='metric', values='value'), table


@pytest.mark.parametrize('strategy', ['none', 'fast'])
def test_metrics_are_those_of_mmseg(files, measured, tmp_path, strategy):
    config, checkpoint, _ = files
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(
        {
            'model.backbone.tome_cfg': strategy,
            'load_from': str(checkpoint),
            'work_dir': str(tmp_path),
            'test_cfg': dict(type='TestLoop'),
            'test_dataloader.batch_size': 1,
            'test_dataloader.num_workers': 0,
            'test_dataloader.sampler': dict(type='DefaultSampler', shuffle=False),
        }
    )
    scored = Runner.from_cfg(cfg).test()
    for metric in ('mIoU', 'mIoU_small'):
        assert measured[0].loc[strategy, metric] == pytest.approx(scored[metric], abs=0.02)


def test_changes_and_agreement(measured):
    values, table = measured
    assert values.loc['none', 'agreement'] == 100
    for strategy in ('fast', 'hq_weighted'):
        change = values.loc[strategy, 'mIoU'] - values.loc['none', 'mIoU']
        assert values.loc[strategy, 'mIoU change'] == pytest.approx(change)
        assert 20 < values.loc[strategy, 'agreement'] < 100
    changes = table[table['metric'] == 'mIoU change']
    assert (changes['low'] <= changes['value']).all() and (
        changes['value'] <= changes['high']
    ).all()
    assert set(table['samples']) == {8}
