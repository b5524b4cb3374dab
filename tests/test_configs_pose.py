"""Every pose config does what its name says."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.evaluator import Evaluator
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (registers; mmpose only after it)

# isort: split
from mmpose.registry import DATASETS, HOOKS, MODELS, PARAM_SCHEDULERS

from .test_configs import (
    IMAGE,
    NAME,
    POSE_CONFIGS,
    TOKENS,
    attended,  # noqa: F401 - a fixture
    by_name,
    load,
    load_upstream,
    one_block_per_stage,
    plain,
)

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMPose's own, many

UNMERGED = [path for path in POSE_CONFIGS if '_none_' in path.name]
KEYPOINTS = {'coco': 17, 'jbd': 20, 'athletes': 20}
# Of the published configurations; the last one is ours.
SIGMAS = {'coco': 3, 'jbd': 3, 'athletes': 2}


@pytest.fixture(autouse=True)
def mmpose_scope():
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


def parts(path: Path) -> tuple[str, int, int]:
    """The data set of a config, and the width and height of its input."""
    name = NAME.fullmatch(path.stem)
    return name['dataset'], int(name['width']), int(name['height'])


def dataset_of(cfg, mode='train', **changes):
    return DATASETS.build({**cfg[f'{mode}_dataloader'].dataset, 'lazy_init': True, **changes})


@by_name(POSE_CONFIGS)
def test_merges_what_its_name_says(path, attended):  # noqa: F811
    cfg = load(path)
    model = revert_sync_batchnorm(MODELS.build(one_block_per_stage(cfg))).eval()
    with torch.no_grad():
        heatmaps = model(torch.randn(1, 3, *IMAGE), None, mode='tensor')
    assert tuple(attended) == TOKENS[NAME.fullmatch(path.stem)['strategy']]
    keypoints = dataset_of(cfg).metainfo['num_keypoints']
    assert keypoints == KEYPOINTS[path.parent.name]
    assert heatmaps.shape == (1, keypoints, IMAGE[0] // 4, IMAGE[1] // 4)


@by_name(UNMERGED)
def test_model_is_segformer(path):
    cfg, name = load(path), NAME.fullmatch(path.stem)
    ours = plain(cfg.model.backbone)
    theirs = plain(
        load_upstream(f'segformer_mit-{name["model"]}_8xb1-160k_cityscapes-1024x1024.py').model
    )
    athletes = name['dataset'] == 'athletes'
    assert ours.pop('tome_cfg') == 'none'
    init_cfg = ours.pop('init_cfg')
    assert athletes or init_cfg == theirs['backbone'].pop('init_cfg')
    assert ours.pop('drop_path_rate') == (0.0 if athletes else 0.1)
    for key, value in ours.items():
        assert theirs['backbone'][key] == value
    head = cfg.model.head
    assert head.in_channels == theirs['decode_head']['in_channels']
    assert head.channels == 256
    assert head.loss == dict(type='KeypointMSELoss', use_target_weight=True)
    assert cfg.model.test_cfg == dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True)
    assert plain(cfg.model.data_preprocessor) == {
        'type': 'PoseDataPreprocessor',
        'mean': theirs['data_preprocessor']['mean'],
        'std': theirs['data_preprocessor']['std'],
        'bgr_to_rgb': True,
    }

    built = MODELS.build(cfg.model)  # to its full depth; weights would come later
    depths = {'b0': [2, 2, 2, 2], 'b5': [3, 6, 40, 3]}
    assert [len(stage[1]) for stage in built.backbone.layers] == depths[name['model']]
    assert isinstance(built.head.fusion_conv.bn, torch.nn.SyncBatchNorm)


@by_name([path for path in UNMERGED if path.parent.name == 'athletes'])
def test_backbone_starts_from_the_bundled_checkpoint(path):
    model = MODELS.build(load(path).model)
    model.init_weights()
    checkpoint = torch.load(load(path).model.backbone.init_cfg.checkpoint)['state_dict']
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, checkpoint[f'backbone.{name}'].float()), name


@by_name(UNMERGED)
def test_codec_is_the_one_of_the_name(path):
    cfg = load(path)
    dataset, width, height = parts(path)
    codec = cfg.model.head.decoder
    assert codec == dict(
        type='MSRAHeatmap',
        input_size=(width, height),
        heatmap_size=(width // 4, height // 4),
        sigma=SIGMAS[dataset],
    )
    assert cfg.model.head.num_keypoints == KEYPOINTS[dataset]
    for pipeline in (cfg.train_dataloader.dataset.pipeline, cfg.test_dataloader.dataset.pipeline):
        (affine,) = (t for t in pipeline if t.type == 'TopdownAffine')
        assert affine.input_size == codec.input_size
    (target,) = (t for t in cfg.train_dataloader.dataset.pipeline if t.type == 'GenerateTarget')
    assert target.encoder == codec
    assert plain(cfg.test_dataloader) == plain(cfg.val_dataloader)
    assert cfg.test_dataloader.dataset.test_mode


@by_name(UNMERGED)
def test_schedule_is_the_one_of_the_name(path):
    """Batch and epochs, and the learning rate as the optimizer gets it."""
    cfg, name = load(path), NAME.fullmatch(path.stem)
    epochs = int(name['schedule'].removesuffix('e'))
    assert cfg.train_dataloader.batch_size == int(name['batch'])
    assert cfg.auto_scale_lr == {
        'enable': False,
        'base_batch_size': int(name['gpus']) * int(name['batch']),
    }
    assert cfg.train_cfg.max_epochs == epochs
    for interval in (cfg.train_cfg.val_interval, cfg.default_hooks.checkpoint.interval):
        assert epochs % interval == 0

    optimizer = build_optim_wrapper(torch.nn.Linear(1, 1), cfg.optim_wrapper).optimizer
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.defaults['betas'] == (0.9, 0.999)
    assert optimizer.defaults['weight_decay'] == 0.01
    iterations = 60  # in an epoch
    defaults = dict(optimizer=optimizer, epoch_length=iterations)
    schedulers = [
        PARAM_SCHEDULERS.build(scheduler, default_args=defaults)
        for scheduler in cfg.param_scheduler
    ]
    rates = []
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # torch's: no step of the optimizer is taken here
        for step in range(1, epochs * iterations + 1):
            rates.append(optimizer.param_groups[0]['lr'])
            for scheduler in schedulers:
                if not scheduler.by_epoch or step % iterations == 0:
                    scheduler.step()
    warm_up = cfg.param_scheduler[0].end
    if name['dataset'] == 'athletes':
        assert max(rates) == pytest.approx(1e-3, rel=0.05)
        assert np.argmax(rates) == pytest.approx(warm_up, abs=2)
        assert rates[-1] < 1e-6
        return
    peak, decays = 5e-4, (170, 200)
    assert (warm_up, cfg.param_scheduler[0].start_factor, epochs) == (500, 0.001, 210)
    assert rates[0] == pytest.approx(peak * 0.001)
    assert rates[warm_up] == pytest.approx(peak)
    for epoch in range(-(-warm_up // iterations), epochs):
        expected = peak * 0.1 ** sum(epoch >= decay for decay in decays)
        assert rates[epoch * iterations] == pytest.approx(expected), epoch


@by_name(UNMERGED)
def test_plugin_hooks_and_evaluators(path):
    cfg = load(path)
    assert cfg.custom_imports == {'imports': ['mmseg_tome'], 'allow_failed_imports': False}
    assert [HOOKS.build(hook).__class__.__name__ for hook in cfg.custom_hooks] == [
        'SyncBuffersHook',
        'RandomStateHook',
    ]
    assert cfg.randomness.seed is not None
    assert cfg.train_dataloader.persistent_workers is False  # or else no exact resume
    assert cfg.val_evaluator == cfg.test_evaluator
    evaluator = Evaluator(cfg.test_evaluator)
    for metric in evaluator.metrics:
        if type(metric).__name__ == 'PCKMetric':  # CocoMetric would read the annotation file
            metric.dataset_meta = dataset_of(cfg, 'test').metainfo  # has the joints, or it raises
    names = [(type(m).__name__, getattr(m, 'norm_item', None)) for m in evaluator.metrics]
    if path.parent.name == 'coco':
        assert names == [('CocoMetric', None), ('PCKMetric', 'bbox')]
        assert cfg.test_dataloader.dataset.bbox_file is None
        assert cfg.default_hooks.checkpoint.save_best == 'coco/AP'
    else:
        assert names == [('PCKMetric', 'bbox'), ('PCKMetric', 'torso')]
        # The joints of the data set's papers.
        assert evaluator.metrics[1]._pairs == [(6, 10), (2, 15)]
    for metric in evaluator.metrics:
        assert getattr(metric, 'thresholds', [0.1, 0.05]) == [0.1, 0.05]


@by_name([path for path in UNMERGED if '_mit-b0_' in path.name])
def test_trains_and_predicts(path, tmp_path):
    """Pipelines and model together, on one person in one image."""
    cfg = load(path)
    dataset, width, height = parts(path)
    cv2.imwrite(str(tmp_path / 'image.jpg'), np.full((270, 480, 3), 128, np.uint8))
    keypoints = np.random.default_rng(0).uniform((150, 40), (330, 230), (KEYPOINTS[dataset], 2))
    model = revert_sync_batchnorm(MODELS.build(one_block_per_stage(cfg)))

    def batch(mode):
        loaded = dataset_of(cfg, mode, bbox_file=None)
        info = {
            'img_path': str(tmp_path / 'image.jpg'),
            'bbox': np.array([[140, 30, 340, 240]], np.float32),
            'bbox_score': np.ones(1, np.float32),
            'keypoints': keypoints[None].astype(np.float32),
            'keypoints_visible': np.ones((1, len(keypoints)), np.float32),
            **{key: loaded.metainfo[key] for key in ('flip_indices', 'upper_body_ids',
               'lower_body_ids', 'flip_pairs', 'dataset_keypoint_weights')},
        }  # fmt: skip
        item = Compose(cfg[f'{mode}_dataloader'].dataset.pipeline)(info)
        assert item['inputs'].shape == (3, height, width)
        return model.data_preprocessor(
            {'inputs': [item['inputs']] * 2, 'data_samples': [item['data_samples']] * 2},
            training=mode == 'train',
        )

    np.random.seed(0)
    losses = model.train()(**batch('train'), mode='loss')
    assert set(losses) == {'loss_kpt', 'acc_pose'}
    losses['loss_kpt'].backward()
    with torch.no_grad():
        found, _ = model.eval()(**batch('test'), mode='predict')
    assert found.pred_instances.keypoints.shape == (1, KEYPOINTS[dataset], 2)
