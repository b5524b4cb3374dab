"""What changes the key of a result, and what does not: in a copy of the sources, one by one."""

import ast
import shutil
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip('mmseg')
pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers)

# isort: split
from mmengine.config import Config

from benchmarks.paper import (
    complexity_table,
    inference_speed,
    resolution_table,
    runs,
    training_speed,
)
from mmseg_tome.analysis import benchmark_runs
from mmseg_tome.analysis.fingerprint import Kind, fingerprint, registered_modules
from mmseg_tome.analysis.search import prepare
from mmseg_tome.analysis.sources import PACKAGES, ROOT, closure
from mmseg_tome.analysis.variants import variant_config
from mmseg_tome.config_files import config_root

CAMVID = 'camvid/segformer_mit-b0_hq_1xb4-600i_camvid-480x360.py'
CITYSCAPES = 'cityscapes/segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024.py'
ATHLETES = 'athletes/segformer_mit-b0_hq_1xb8-6e_athletes-192x256.py'


@dataclass(frozen=True)
class Kept:
    """A kind of result that is kept somewhere, on a config that shows what it depends on.

    Args:
        kind: What its owner calls :func:`fingerprint` with.
        config: Below ``configs/``; None for the model of a benchmark.
        options: What is changed of it.
    """

    kind: Kind
    config: str | None = None
    options: tuple[tuple[str, str], ...] = ()

    def key(self, root: Path = ROOT) -> str:
        return fingerprint(self.kind, cfg=self.cfg, root=root).key

    @property
    def cfg(self) -> Config:
        if self.config is None:
            return Config(dict(model=variant_config('b0').model, default_scope='mmseg'))
        cfg = deepcopy(read(self.config))
        cfg.merge_from_dict(dict(self.options))
        return cfg


@cache
def read(config: str) -> Config:
    return Config.fromfile(config_root() / config)


# Every kind of result that is kept. The module that keeps it owns the kind.
KEPT = {
    'benchmark': Kept(benchmark_runs.KIND),
    'table2, test run': Kept(runs.TEST, CAMVID),
    'table2, test run on Cityscapes': Kept(runs.TEST, CITYSCAPES),
    'table3, train run': Kept(runs.TRAIN, CAMVID),
    'table3, train run in bfloat16': Kept(
        runs.TRAIN, CAMVID, (('optim_wrapper.type', 'BF16OptimWrapper'),)
    ),
    'table4, train run': Kept(runs.TRAIN, ATHLETES),
    'table4, test run': Kept(runs.TEST, ATHLETES),
    'inference speed': Kept(inference_speed.KIND, CAMVID),
    'training speed': Kept(training_speed.KIND, CAMVID),
    'table5': Kept(resolution_table.KIND),
    'complexity': Kept(complexity_table.KIND),
    'search': Kept(prepare.KIND, CAMVID),
    'search, pose': Kept(prepare.KIND, ATHLETES),
}
ON_CONFIGS = {name for name, kept in KEPT.items() if kept.config}
CAMVID_KEPT = {name for name, kept in KEPT.items() if kept.config == CAMVID}
ON_ATHLETES = {name for name, kept in KEPT.items() if kept.config == ATHLETES}
SEARCHES = {'search', 'search, pose'}
TIMED = {'benchmark', 'table5', 'inference speed', 'training speed', *SEARCHES}


@pytest.fixture(scope='module')
def copy(tmp_path_factory):
    """A copy of the sources."""
    folder = tmp_path_factory.mktemp('copy')
    for package in PACKAGES:
        ignored = shutil.ignore_patterns('__pycache__', 'outputs')
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    (folder / 'docs').mkdir()
    for name in ('README.md', 'docs/quality.md'):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope='module')
def before():
    return {name: kept.key() for name, kept in KEPT.items()}


def test_every_kind_is_here():
    calls = [
        node
        for package in PACKAGES
        for path in (ROOT / package).rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'Kind'
    ]
    assert {call.args[0].value for call in calls} == {kept.kind.name for kept in KEPT.values()}


def test_a_copy_has_the_same_keys(copy, before):
    assert {name: kept.key(copy) for name, kept in KEPT.items()} == before
    assert len(set(before.values())) == len(before)


@pytest.mark.parametrize(
    ('path', 'changed'),
    [
        # How a model is called.
        ('mmseg_tome/analysis/workload.py', {'benchmark', 'table5', 'complexity'}),
        ('mmseg_tome/analysis/memory.py', {'benchmark', 'table5', 'training speed'}),
        ('mmseg_tome/analysis/timing.py', TIMED),
        # How candidates of a search are measured; not which are tried, nor what is reported.
        ('mmseg_tome/analysis/search/evaluator.py', SEARCHES),
        ('mmseg_tome/analysis/search/images.py', SEARCHES),
        ('mmseg_tome/analysis/search/scoring.py', SEARCHES),
        ('mmseg_tome/analysis/search/trials.py', SEARCHES),
        ('mmseg_tome/analysis/search/space.py', SEARCHES),
        ('mmseg_tome/analysis/search/sensitivity.py', set()),
        ('mmseg_tome/analysis/search/study.py', set()),
        ('mmseg_tome/analysis/search/report.py', set()),
        # What models are compared with, imported in a function.
        ('mmseg_tome/analysis/implementations/published.py', {'benchmark', 'table5'}),
        ('mmseg_tome/analysis/layer_profile.py', {'complexity'}),
        ('mmseg_tome/analysis/complexity.py', {'complexity'}),
        ('benchmarks/paper/step_times.py', {'complexity'}),
        ('benchmarks/training_steps.py', {'training speed'}),
        # How a model is loaded.
        ('mmseg_tome/analysis/loading.py', TIMED | {'complexity'}),
        ('mmseg_tome/analysis/variants.py', {'benchmark', 'table5', 'complexity'}),
        ('mmseg_tome/analysis/comparison.py', {'inference speed', 'training speed'}),
        # An op, and a kernel that is imported only where there is a GPU.
        ('mmseg_tome/ops/match.py', set(KEPT)),
        ('mmseg_tome/ops/triton/match.py', set(KEPT)),
        ('mmseg_tome/merging/bipartite.py', set(KEPT)),
        # Classes that only a registry leads to.
        ('mmseg_tome/datasets/camvid.py', CAMVID_KEPT),
        ('mmseg_tome/datasets/jbd.py', ON_ATHLETES),
        (
            'mmseg_tome/evaluation/small_iou_metric.py',
            ON_CONFIGS - ON_ATHLETES,
        ),
        ('mmseg_tome/evaluation/pck.py', ON_ATHLETES),
        ('mmseg_tome/engine/random_state_hook.py', ON_CONFIGS),
        ('mmseg_tome/engine/bf16_optim_wrapper.py', {'table3, train run in bfloat16'}),
        # A generator of data: what it made is told apart by its content.
        ('demo/scenes/athletes/person_names.py', set()),
        # Nothing is computed by these.
        ('mmseg_tome/analysis/tokens/page.py', set()),
        ('benchmarks/paper/quality_tables.py', set()),
        ('benchmarks/paper/context.py', set()),
        ('benchmarks/paper/runs.py', set()),
        ('benchmarks/mim_runs.py', set()),
        ('mmseg_tome/analysis/benchmark_report.py', set()),
        ('mmseg_tome/analysis/store.py', set()),
        ('mmseg_tome/registration.py', set()),
        ('mmseg_tome/__init__.py', set()),
        ('mmseg_tome/datasets/jbd_convert/coco.py', set()),
        ('docs/quality.md', set()),
        ('README.md', set()),
    ],
)
def test_an_edit_changes_exactly_the_keys_of_what_depends_on_it(copy, before, path, changed):
    file = copy / path
    original = file.read_text()
    file.write_text(original + '\n# edited\n')
    try:
        after = {name: kept.key(copy) for name, kept in KEPT.items()}
    finally:
        file.write_text(original)
    assert {name for name in KEPT if after[name] != before[name]} == changed


def test_what_only_the_other_run_reads_does_not_count():
    def keys(**changes):
        cfg = KEPT['table3, train run'].cfg
        cfg.merge_from_dict(changes)
        return [fingerprint(Kind('x', reads=reads), cfg=cfg).key for reads in ('train', 'test')]

    train, test = keys()
    other_train, same_test = keys(**{'train_dataloader.batch_size': 2})
    same_train, other_test = keys(**{'test_dataloader.batch_size': 2})
    assert (train, test) == (same_train, same_test)
    assert train != other_train and test != other_test


def test_files_that_a_config_names_count_by_their_content(tmp_path):
    rates, weights = tmp_path / 'rates.json', tmp_path / 'a.pth'
    for path in (rates, weights):
        path.write_text('1')
    cfg = KEPT['table3, train run'].cfg
    cfg.merge_from_dict({'model.backbone.tome_cfg': str(rates), 'load_from': str(weights)})
    first = fingerprint(Kind('x', reads='train'), cfg=cfg)
    assert {str(rates), str(weights)} <= set(first.parts['files'])
    for path in (rates, weights):
        path.write_text('2')
        assert fingerprint(Kind('x', reads='train'), cfg=cfg).key != first.key
        path.write_text('1')
    assert fingerprint(Kind('x', reads='train'), cfg=cfg).key == first.key


def test_data_settings_versions_and_device_count(monkeypatch):
    kind = Kind('x')
    keys = {
        fingerprint(kind).key,
        fingerprint(Kind('y')).key,
        fingerprint(kind, data='2 files').key,
        fingerprint(kind, settings={'repeats': 3}).key,
        fingerprint(kind, device='cpu').key,
    }
    monkeypatch.setattr('mmseg_tome.analysis.fingerprint.package_versions', lambda: {'torch': '0'})
    keys |= {fingerprint(kind).key}
    monkeypatch.setattr('torch.get_num_threads', lambda: 77)
    keys |= {fingerprint(kind, device='cpu').key}
    assert len(keys) == 7


def test_classes_are_found_by_name_path_and_type():
    from mmseg_tome.evaluation import SmallIoUMetric

    content = {
        'a': [{'type': 'CamVidDataset'}, {'type': SmallIoUMetric}],
        'b': {'type': 'mmseg_tome.models.mit.MixVisionTransformer', 'c': {'type': 'ResNet'}},
        'd': {'type': 'mmseg.RandomCrop'},
        'e': {'type': 'no.such.Thing'},
        'type': 3,
    }
    assert registered_modules(content, 'mmseg') == {
        'mmseg_tome.datasets.camvid',
        'mmseg_tome.evaluation.small_iou_metric',
        'mmseg_tome.models.mit',
    }


def write(folder, **modules):
    for name, source in modules.items():
        path = folder.joinpath(*name.split('__')).with_suffix('.py')
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.relative_to(folder).parents[:-1]:
            (folder / parent / '__init__.py').touch()
        path.write_text(source)


def test_imports_are_followed_at_any_depth(tmp_path):
    write(
        tmp_path,
        mmseg_tome__a='from .b import f\nimport numpy\n',
        mmseg_tome__b='def f():\n    from . import c, d as e\n',
        mmseg_tome__c='import mmseg_tome.sub.g\n',
        mmseg_tome__d='from importlib import import_module\nimport_module(".h", __package__)\n',
        mmseg_tome__h='from mmseg_tome.sub import passed_on\n',
        mmseg_tome__sub__g='try:\n    from ..i import x\nexcept ImportError:\n    x = 1\n',
        mmseg_tome__sub__j='passed_on = 1\n',
        mmseg_tome__sub__not_used='other = 1\n',
        mmseg_tome__i='from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .k import t\n',
        mmseg_tome__k='t = int\n',
    )
    (tmp_path / 'mmseg_tome/sub/__init__.py').write_text(
        'from .j import passed_on\nfrom .not_used import other\n'
    )
    found = closure(['mmseg_tome.a'], tmp_path)
    names = [path.removeprefix('mmseg_tome/').removesuffix('.py') for path in found]
    assert names == ['a', 'b', 'c', 'd', 'h', 'i', 'sub/g', 'sub/j']
    with pytest.raises(ModuleNotFoundError, match=r'mmseg_tome\.absent'):
        closure(['mmseg_tome.absent'], tmp_path)


def test_everything_that_a_model_imports_is_found():
    """Of the modules that are there once a model was built and called, none is missing."""
    import sys

    import torch

    from mmseg_tome.analysis.implementations import Ours

    with torch.no_grad():
        Ours('hq').build('b0')(torch.zeros(1, 3, 128, 128))
    found = set(
        closure(['mmseg_tome.analysis.implementations', 'mmseg_tome.models.segformer_head'])
    )
    for name, module in sys.modules.items():
        path = getattr(module, '__file__', None)
        if name.startswith(('mmseg_tome.ops.', 'mmseg_tome.merging.')) and path:
            relative = Path(path).relative_to(ROOT).as_posix()
            assert relative in found or path.endswith('__init__.py'), name
