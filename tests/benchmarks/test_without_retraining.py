"""What merging changes in a trained model, against the metrics that a Runner computes itself."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip('mmseg')

from mmengine.config import Config
from mmengine.runner import Runner

from demo.data import prepare_athletes
from mmseg_tome.analysis.loading import load_config, load_model
from mmseg_tome.analysis.results import read_csv
from mmseg_tome.analysis.search.evaluator import collate
from mmseg_tome.analysis.search.images import labeled_source
from mmseg_tome.config_files import config_root
from tests.analysis.tiny_segmentor import write_labeled

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_labeled(tmp_path_factory.mktemp('tiny'))


def run_tool(config, checkpoint, out, *options):
    command = [sys.executable, ROOT / 'tools' / 'without_retraining.py', config, checkpoint]
    done = subprocess.run(
        [*map(str, command), '--strategies', 'fast', 'hq_weighted', '--out', str(out), *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    table = read_csv(out / 'without-retraining.csv')
    return table.pivot(index='strategy', columns='metric', values='value'), table


@pytest.fixture(scope='module')
def measured(files):
    config, checkpoint, _ = files
    return run_tool(config, checkpoint, config.parent / 'out')


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
    assert set(zip(table['width'], table['height'], strict=True)) == {(136, 104)}


def test_keypoints_that_agree(tmp_path):
    pytest.importorskip('mmpose')
    from mmpose.apis import init_model

    data, checkpoint = tmp_path / 'data', tmp_path / 'pose.pth'
    prepare_athletes(data, train=1, val=4, size=(320, 180))
    config = config_root() / 'athletes' / 'segformer_mit-b0_none_1xb8-6e_athletes-192x256.py'
    torch.manual_seed(0)
    torch.save({'state_dict': init_model(str(config), None, 'cpu').state_dict()}, checkpoint)
    root = f'test_dataloader.dataset.data_root={data}'
    values, table = run_tool(config, checkpoint, tmp_path / 'out', '--cfg-options', root)
    scored = pck_against_unmerged(config, checkpoint, data, 'fast')
    assert values.loc['none', 'agreement'] == 100
    assert values.loc['fast', 'agreement'] == pytest.approx(scored, abs=0.01)
    assert scored < 100
    assert {'PCK@0.1', 'PCK@0.1 change', 'PCK@0.05', 'PCK@0.05 change'} <= set(table['metric'])


def pck_against_unmerged(config, checkpoint, data, tome_cfg):
    """Percent of the visible keypoints within 0.02 of the longer side, by mmpose's PCKAccuracy."""
    from mmpose.evaluation import PCKAccuracy

    found = {}
    for name in (None, tome_cfg):
        cfg = load_config(config, {'test_dataloader.dataset.data_root': str(data)})
        cfg.model.backbone.tome_cfg = name
        source = labeled_source(cfg)
        model = load_model(cfg, checkpoint)
        samples = [source.read(i) for i in range(len(source.paths))]
        found[name] = [model.test_step(collate([sample]))[0].to_dict() for sample in samples]
    metric = PCKAccuracy(0.02)
    metric.dataset_meta = source.meta
    for sample, truth in zip(found[tome_cfg], found[None], strict=True):
        sample['gt_instances']['keypoints'] = truth['pred_instances']['keypoints']
        metric.process({}, [sample])
    return 100 * metric.evaluate(len(samples))['PCK']
