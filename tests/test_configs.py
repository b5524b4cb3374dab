"""Every config merges what its name says, and every segmentation config does the rest too."""

import ast
import copy
import re
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from mmengine.evaluator import Evaluator
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import DefaultScope

pytest.importorskip('mmseg')
from mmseg.registry import DATASETS, HOOKS, MODELS

from mmseg_tome import PRESETS  # registers; mmseg imports only after it

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own, many

ROOT = Path(__file__).resolve().parents[1] / 'configs'
SEGMENTATION_FOLDERS = ('cityscapes', 'ade20k', 'camvid', 'streets')
POSE_FOLDERS = ('coco', 'jbd', 'athletes')


def configs_in(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).glob('*.py'))


CONFIGS = configs_in(*SEGMENTATION_FOLDERS)
POSE_CONFIGS = configs_in(*POSE_FOLDERS)
NAME = re.compile(
    r'segformer_mit-(?P<model>b[0-5])_'
    r'(?P<strategy>none|(?:hq|fast)(?:_weighted)?|balanced|n2d_2x2|downsample)'
    r'_(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<schedule>\d+[kie])'
    r'_(?P<dataset>[a-z0-9]+)-(?P<width>\d+)x(?P<height>\d+)'
)
STRATEGIES = tuple(PRESETS)
POSE_STRATEGIES = STRATEGIES[:-1]  # downsampled, the heatmaps would not be of the codec's size
UNMERGED = [path for path in CONFIGS if '_none_' in path.name]
RECIPES = [path for path in UNMERGED if '_mit-b0_' in path.name or 'ade20k-640' in path.name]

IMAGE = (128, 192)  # height, width of the test image
# Tokens of the four stages, worked out by hand. Maps are 32×48, 16×24, 8×12 and 4×6; reduced
# spatially by 8, 4, 2, 1, keys/values lie on 4×6. With |B| destinations, int(N·r) of N - |B|
# sources go:
#   HQ:   kv 24 - int(14.4) = 10; q of stage 3 96 - int(76.8) = 20, of stage 4 24 - int(19.2) = 5
#   fast: kv 24 - int(21.6) = 3;  q of stage 3 96 - int(86.4) = 10, of stage 4 24 - int(21.6) = 3
#   balanced: kv 24 - int(16.8) = 8; q of stage 3 96 - int(81.6) = 15, of stage 4 24 - int(20.4) = 4
TOKENS = {
    'none': ((1536, 24), (384, 24), (96, 24), (24, 24)),
    'hq': ((1536, 10), (384, 10), (20, 24), (5, 24)),
    'fast': ((1536, 3), (384, 3), (10, 24), (3, 24)),
    'hq_weighted': ((1536, 10), (384, 10), (20, 24), (5, 24)),
    'fast_weighted': ((1536, 3), (384, 3), (10, 24), (3, 24)),
    'balanced': ((384, 8), (96, 8), (15, 24), (4, 24)),
    'n2d_2x2': ((384, 24), (96, 24), (24, 24), (6, 24)),
    'downsample': ((384, 6), (96, 6), (24, 6), (6, 6)),
}


def by_name(paths):
    return pytest.mark.parametrize('path', paths, ids=[path.stem for path in paths])


@cache
def load(path: Path) -> Config:
    return Config.fromfile(path)


@cache
def load_upstream(name: str) -> Config:
    import mmseg

    folder = Path(mmseg.__file__).parent / '.mim' / 'configs' / 'segformer'
    return Config.fromfile(folder / name)


@pytest.fixture(autouse=True)
def mmseg_scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


def plain(value):
    """Dicts and lists without the scopes that MMEngine notes in what comes from `mmseg::`."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != '_scope_'}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def one_block_per_stage(cfg: Config) -> ConfigDict:
    """The config's model, narrow as it is wide, without its depth or pretrained weights."""
    model = copy.deepcopy(cfg.model)
    model['backbone'].update(init_cfg=None, num_layers=[1, 1, 1, 1])
    return model


@pytest.fixture
def attended(monkeypatch) -> list[tuple[int, int]]:
    """The numbers of queries and of keys of every attention that is computed."""
    attend, seen = torch.nn.functional.scaled_dot_product_attention, []

    def spy(q, k, v, *args, **kwargs):
        seen.append((q.shape[-2], k.shape[-2]))
        return attend(q, k, v, *args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, 'scaled_dot_product_attention', spy)
    return seen


def test_every_folder_is_tested():
    tested = {*SEGMENTATION_FOLDERS, *POSE_FOLDERS, '_base_'}
    assert {path.parent.name for path in ROOT.glob('*/*.py')} == tested


def bases(path: Path) -> list[Path]:
    """The files of `configs/` that a config is made of: its own bases, theirs, and so on."""
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            named = ast.literal_eval(node.value)
            own = [n for n in ([named] if isinstance(named, str) else named) if '::' not in n]
            direct = [(path.parent / name).resolve() for name in own]
            return direct + [above for base in direct for above in bases(base)]
    return []


def keywords(path: Path) -> list[tuple[str, str]]:
    """What a config assigns with `name=value`, whichever call it stands in."""
    nodes = ast.walk(ast.parse(path.read_text(encoding='utf-8')))
    return [(n.arg, ast.unparse(n.value)) for n in nodes if isinstance(n, ast.keyword)]


def test_every_base_is_used():
    used = {base for path in CONFIGS + POSE_CONFIGS for base in bases(path)}
    assert used >= set((ROOT / '_base_').rglob('*.py'))


def test_every_variant_is_written_once():
    written = Counter()
    for path in sorted(ROOT.rglob('*.py')):
        found = dict(keywords(path))
        for key in ('embed_dims', 'num_layers'):
            assert (key in found) == (path.parent.name == 'models' and path.stem[:4] == 'mit_')
        if 'num_layers' in found:
            written[found['embed_dims'], found['num_layers']] += 1
        written.update(re.findall(r'mit_b\d_\w+-\w+\.pth', path.read_text(encoding='utf-8')))
    assert len(written) == 12  # B0 to B5, and the weights of each
    assert set(written.values()) == {1}


def test_every_data_set_is_written_once():
    roots = Counter()
    for path in sorted(ROOT.rglob('*.py')):
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.Assign) and node.targets[0].id == 'data_root':
                roots[ast.literal_eval(node.value)] += 1
    assert set(roots.values()) == {1}


@by_name(CONFIGS + POSE_CONFIGS)
def test_says_which_command_makes_its_data_and_where_its_checkpoint_is(path):
    cfg = load(path)
    said = ''.join(file.read_text(encoding='utf-8') for file in [path, *bases(path)])
    commands = {
        'data/streets': ['tools/make_streets.py data/streets'],
        'data/athletes/': [
            'tools/make_athletes.py data/athletes',
            'tools/convert_jbd.py data/athletes',
        ],
        'data/jbd/': ['tools/convert_jbd.py data/jbd'],
    }
    for command in commands.get(cfg.train_dataloader.dataset.data_root, []):
        assert f'python {command}' in said
    if 'checkpoints/' in str(cfg.to_dict()):  # as pretty_text, which is slow
        assert 'Training reads checkpoints/segformer_mit-b0_streets-1024x512.pth' in said


def test_every_strategy_of_every_recipe_has_a_config():
    for path in CONFIGS + POSE_CONFIGS:
        assert NAME.fullmatch(path.stem), path
        assert NAME.fullmatch(path.stem)['dataset'] == path.parent.name
        strategies = POSE_STRATEGIES if path in POSE_CONFIGS else STRATEGIES
        strategy = NAME.fullmatch(path.stem)['strategy']
        assert strategy in strategies
        for other in strategies:
            assert path.with_name(path.name.replace(f'_{strategy}_', f'_{other}_')).is_file()

    def models(folder):
        return {NAME.fullmatch(path.stem)['model'] for path in configs_in(folder)}

    assert models('cityscapes') == {'b0', 'b1', 'b2', 'b3', 'b4', 'b5'}
    assert models('coco') == models('jbd') == {'b0', 'b5'}


@by_name(CONFIGS + POSE_CONFIGS)
def test_resume_goes_on_where_the_run_stopped(path):
    # Beside `load_from`, mmengine's `--resume` would begin again from that.
    cfg = load(path)
    assert (cfg.get('load_from'), cfg.get('resume', False)) == (None, False)


@by_name(CONFIGS)
def test_merges_what_its_name_says(path, attended):
    cfg = load(path)
    strategy = NAME.fullmatch(path.stem)['strategy']
    model = revert_sync_batchnorm(MODELS.build(one_block_per_stage(cfg))).eval()
    with torch.no_grad():
        logits = model.encode_decode(torch.randn(1, 3, *IMAGE), [{'img_shape': IMAGE}])
    assert tuple(attended) == TOKENS[strategy]
    classes = DATASETS.get(cfg.train_dataloader.dataset.type).METAINFO['classes']
    assert logits.shape == (1, len(classes), *IMAGE)


@by_name([path for path in CONFIGS + POSE_CONFIGS if '_none_' not in path.name])
def test_differs_from_the_unmerged_config_in_the_strategy_only(path):
    strategy = NAME.fullmatch(path.stem)['strategy']
    merged = plain(load(path).to_dict())
    unmerged = plain(load(path.with_name(path.name.replace(f'_{strategy}_', '_none_'))).to_dict())
    assert merged['model']['backbone'].pop('tome_cfg') == strategy
    assert unmerged['model']['backbone'].pop('tome_cfg') == 'none'
    assert merged == unmerged


@by_name(UNMERGED)
def test_model_is_the_upstream_one(path):
    name = NAME.fullmatch(path.stem)
    upstream = {
        '640': 'segformer_mit-{model}_8xb2-160k_ade20k-640x640.py',
        '512': 'segformer_mit-{model}_8xb2-160k_ade20k-512x512.py',
    }.get(
        name['width'] if name['dataset'] == 'ade20k' else '',
        'segformer_mit-{model}_8xb1-160k_cityscapes-1024x1024.py',
    )
    ours = plain(load(path).model)
    theirs = plain(load_upstream(upstream.format(model=name['model'])).model)
    ours['backbone'].pop('tome_cfg')
    if name['dataset'] in ('camvid', 'streets'):
        for model in (ours, theirs):
            del model['data_preprocessor']['size'], model['test_cfg']
            del model['decode_head']['num_classes']
        if ours['backbone']['init_cfg'] is None:  # from scratch, or from a checkpoint of ours
            del ours['backbone']['init_cfg']
            ours.pop('init_cfg', None)
            assert ours['backbone'].pop('drop_path_rate') == 0.0
            assert ours['decode_head'].pop('dropout_ratio') == 0.0
            same_loss, added_loss = ours['decode_head'].pop('loss_decode')
            assert same_loss == theirs['decode_head'].pop('loss_decode')
            assert added_loss['type'] == 'TverskyLoss'
            del theirs['backbone']['init_cfg'], theirs['backbone']['drop_path_rate']
            del theirs['decode_head']['dropout_ratio']
    assert ours == theirs

    built = MODELS.build(load(path).model)  # to its full depth; weights would come later
    blocks = [len(stage[1]) for stage in built.backbone.layers]
    assert blocks == theirs['backbone']['num_layers']


def test_the_config_of_the_readme_is_upstreams_with_merging(tmp_path):
    found = re.findall(r'```python\n(.*?)```', (ROOT / 'README.md').read_text('utf-8'), re.DOTALL)
    (block,) = (block for block in found if 'custom_imports' in block)
    assert len(block.splitlines()) == 3
    (tmp_path / 'own.py').write_text(block)
    model = load(tmp_path / 'own.py').model
    assert MODELS.build(one_block_per_stage(load(tmp_path / 'own.py'))).backbone.strategy.stages
    assert model.backbone.pop('tome_cfg') == 'balanced'
    upstream = load_upstream('segformer_mit-b2_8xb1-160k_cityscapes-1024x1024.py').model
    assert plain(model) == plain(upstream)


FINE_TUNED = [path for path in UNMERGED if load(path).model.get('init_cfg')]


@by_name(FINE_TUNED)
def test_checkpoint_to_start_from_is_there_and_is_small(path):
    checkpoint = Path(load(path).model.init_cfg.checkpoint)
    assert checkpoint.is_file() and checkpoint.stat().st_size < 8e6


def test_missing_checkpoint_is_named(tmp_path):
    """As in an installed package, which has no folder of checkpoints beside its configs."""
    path = Path(shutil.copytree(ROOT, tmp_path / 'configs')) / FINE_TUNED[0].relative_to(ROOT)
    model = MODELS.build(one_block_per_stage(Config.fromfile(path)))
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path)) + r'.*streets.*\.pth'):
        model.init_weights()


@by_name([path for path in UNMERGED if path.parent.name in ('cityscapes', 'ade20k')])
def test_training_is_the_upstream_one(path):
    """It is put together here, from upstream's pieces and ours, and must come out the same."""
    cfg, name = load(path), NAME.fullmatch(path.stem)
    devices = {'cityscapes': '8xb1', 'ade20k': '8xb2'}[name['dataset']]
    data = path.stem.split('_')[-1]
    upstream = load_upstream(f'segformer_mit-{name["model"]}_{devices}-160k_{data}.py')
    ours, theirs = plain(cfg.to_dict()), plain(upstream.to_dict())
    for key in ('custom_imports', 'custom_hooks', 'randomness', 'auto_scale_lr'):
        del ours[key]
    for key in ('mit', 'in_channels'):  # used above, as these are upstream
        del ours[key]
    del ours['data_preprocessor'], theirs['data_preprocessor']
    del ours['model'], theirs['model']  # see the test of the model
    for each in (ours, theirs):
        del each['train_dataloader']['batch_size'], each['train_dataloader']['num_workers']
        if name['dataset'] == 'cityscapes':
            del each['val_evaluator']['type'], each['test_evaluator']['type']
    assert ours == theirs


@by_name(UNMERGED)
def test_batch_schedule_and_size_are_those_of_the_name(path):
    cfg, name = load(path), NAME.fullmatch(path.stem)
    width, height = int(name['width']), int(name['height'])
    iterations = int(name['schedule'][:-1]) * {'k': 1000, 'i': 1}[name['schedule'][-1]]
    assert cfg.train_dataloader.batch_size == int(name['batch'])
    assert cfg.auto_scale_lr == {
        'enable': False,
        'base_batch_size': int(name['gpus']) * int(name['batch']),
    }
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[-1].end == iterations
    assert cfg.param_scheduler[0].end == cfg.param_scheduler[1].begin
    for interval in (cfg.train_cfg.val_interval, cfg.default_hooks.checkpoint.interval):
        assert iterations % interval == 0

    (crop,) = (t.crop_size for t in cfg.train_pipeline if t.type == 'RandomCrop')
    assert cfg.model.data_preprocessor.size == crop
    if name['dataset'] in ('cityscapes', 'ade20k'):  # the size of crops
        assert crop == (height, width)
    else:  # the size of images
        (scale,) = (t.scale for t in cfg.test_pipeline if t.type == 'Resize')
        assert scale == (width, height)
        assert cfg.model.test_cfg.mode == 'whole'
    assert plain(cfg.train_dataloader.dataset.pipeline) == plain(cfg.train_pipeline)
    assert plain(cfg.val_dataloader.dataset.pipeline) == plain(cfg.test_pipeline)
    assert plain(cfg.test_dataloader) == plain(cfg.val_dataloader)


@by_name(UNMERGED)
def test_plugin_hook_and_evaluator(path):
    cfg = load(path)
    assert cfg.custom_imports == {'imports': ['mmseg_tome'], 'allow_failed_imports': False}
    assert [HOOKS.build(hook).__class__.__name__ for hook in cfg.custom_hooks] == [
        'RandomStateHook'
    ]
    assert cfg.randomness.seed is not None
    dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': True})
    assert cfg.val_evaluator == cfg.test_evaluator
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = dataset.metainfo  # names its classes, or else raises
    (metric,) = evaluator.metrics
    small = {
        'cityscapes': ['fence', 'pole', 'traffic light', 'traffic sign'],
        'streets': ['fence', 'pole', 'traffic light', 'traffic sign'],
        'camvid': ['pole', 'sign symbol', 'fence'],
        'ade20k': None,
    }
    assert getattr(metric, 'small_classes', None) == small[path.parent.name]


@by_name(RECIPES)
def test_pipelines_run(path, tmp_path):
    cfg, name = load(path), NAME.fullmatch(path.stem)
    width, height = (240, 180) if name['dataset'] == 'camvid' else (256, 128)
    label = np.arange(width * height, dtype=np.uint8).reshape(height, width) % 11
    cv2.imwrite(str(tmp_path / 'image.png'), np.full((height, width, 3), 128, np.uint8))
    cv2.imwrite(str(tmp_path / 'label.png'), label)

    def info(dataset_cfg):
        dataset = DATASETS.build({**dataset_cfg, 'lazy_init': True})
        return {
            'img_path': str(tmp_path / 'image.png'),
            'seg_map_path': str(tmp_path / 'label.png'),
            'label_map': dataset.label_map,
            'reduce_zero_label': dataset.reduce_zero_label,
            'seg_fields': [],
        }

    sample = Compose(cfg.train_pipeline)(info(cfg.train_dataloader.dataset))
    crop = cfg.model.data_preprocessor.size
    assert all(side <= limit for side, limit in zip(sample['inputs'].shape[1:], crop, strict=True))
    assert sample['data_samples'].gt_sem_seg.data.shape[1:] == sample['inputs'].shape[1:]

    sample = Compose(cfg.test_pipeline)(info(cfg.test_dataloader.dataset))
    (scale,) = (t.scale for t in cfg.test_pipeline if t.type == 'Resize')
    assert max(sample['inputs'].shape[1:]) == scale[0] or min(sample['inputs'].shape[1:]) == min(
        scale
    )
    # Predictions are compared at the labels' own size, whatever the input's.
    assert sample['data_samples'].gt_sem_seg.data.shape[1:] == (height, width)
    assert sample['data_samples'].ori_shape == (height, width)

    views = Compose(cfg.tta_pipeline)(info(cfg.test_dataloader.dataset))
    flips = [bool(s.flip) for s in views['data_samples']]
    assert len(flips) == 12
    assert flips.count(True) == 6
    assert len({tuple(view.shape) for view in views['inputs']}) == 6
    assert cfg.tta_model.type == 'SegTTAModel'
