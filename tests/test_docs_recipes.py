"""The recipes of docs/recipes.md, as printed, on generated data."""

import json
import re
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401 - registers; the frameworks come after it

# isort: split
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmpose.registry import DATASETS as POSE_DATASETS
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional as F

from .test_docs import PYTHON, ROOT, block, checkout  # noqa: F401 - a fixture

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # the frameworks' own, many

PAGE = 'docs/recipes.md'
SIZES = {'train': [(97, 131), (120, 90)], 'val': [(90, 121), (70, 100)]}


@pytest.fixture
def recipes(checkout, monkeypatch) -> Path:  # noqa: F811 - the fixture
    """A checkout with a file for each recipe, and a folder of images and masks."""
    monkeypatch.syspath_prepend(checkout)
    for code in PYTHON.findall((ROOT / PAGE).read_text()):
        if name := re.match(r'# (\w+\.py)\n', code):
            (checkout / name[1]).write_text(code)
    write_data(checkout / 'data' / 'mine')
    return checkout


def write_data(folder: Path, classes=(0, 1, 2, 255)) -> None:
    """Two images and masks each for training and validation, of odd sizes."""
    rng = np.random.default_rng(0)
    for split, sizes in SIZES.items():
        for i, (height, width) in enumerate(sizes):
            mask = np.zeros((height, width), np.uint8)
            for part, value in zip(np.array_split(mask, len(classes), axis=1), classes):  # noqa: B905
                part[:] = value
            image = rng.integers(0, 256, (height, width, 3), np.uint8)
            for kind, name, content in (('images', 'jpg', image), ('masks', 'png', mask)):
                path = folder / kind / split / f'{i}.{name}'
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), content)


def tiny(name: str, **changes) -> Config:
    """A recipe with one block per stage, two steps of training and no other process."""
    cfg = Config.fromfile(name)
    small = {'model.backbone.num_layers': [1] * 4, 'model.backbone.init_cfg': None}
    loaders = {
        f'{mode}_dataloader.{key}': value
        for mode in ('train', 'val', 'test')
        for key, value in {'num_workers': 0, 'persistent_workers': False}.items()
    }
    cfg.merge_from_dict({**small, **loaders, 'train_dataloader.batch_size': 2, **changes})
    cfg.update(work_dir='work', experiment_name=uuid.uuid4().hex, load_from=None)
    return cfg


def trained(name: str, **changes) -> tuple[Runner, dict]:
    """Train a recipe for two steps, and test it."""
    cfg = tiny(name, **{'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2, **changes})
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner, runner.test()


def head_loss(cfg: Config, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    cfg.model.decode_head.norm_cfg = dict(type='BN')
    with DefaultScope.overwrite_default_scope('mmseg'):
        head = MODELS.build(cfg.model.decode_head)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one[None])) for one in labels]
    return head.loss_by_feat(scores, samples)['loss_ce']


def scores_and_labels(num: int, ignored: int = 255) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(num, (2, 16, 24), generator=generator)
    labels[:, :5] = ignored
    return torch.randn(2, num, 16, 24, generator=generator), labels


def test_a_folder_of_images_and_masks(recipes):
    runner, metrics = trained('mine.py')
    assert runner.iter == 2 and 0 <= metrics['mIoU'] <= 100
    assert runner.model.num_classes == 3 and runner.model.backbone.strategy.name == 'hq'
    dataset = runner.test_dataloader.dataset
    assert dataset.metainfo['classes'] == ['ground', 'leaf', 'fruit'] and len(dataset) == 2
    labels = dataset[0]['data_samples'].gt_sem_seg.data
    assert labels.unique().tolist() == [0, 1, 2, 255]


def test_binary(recipes):
    write_data(recipes / 'data' / 'mine', (0, 1, 255))
    runner, metrics = trained('binary.py')
    assert 0 <= metrics['mIoU'] <= 100
    head = runner.model.decode_head
    assert (head.out_channels, head.threshold) == (1, 0.5)
    (sample,) = runner.model.test_step(next(iter(runner.test_dataloader)))
    scores, classes = sample.seg_logits.data, sample.pred_sem_seg.data
    assert torch.equal(classes.bool(), scores > 0.5) and 0 <= scores.min() <= scores.max() <= 1

    scores, labels = scores_and_labels(2)
    found = head_loss(tiny('binary.py'), scores[:, :1], labels)
    counted = labels != 255
    expected = F.binary_cross_entropy_with_logits(scores[:, 0][counted], labels[counted].float())
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_without_the_background(recipes):
    runner, metrics = trained('no_background.py')
    assert 0 <= metrics['mIoU'] <= 100
    for loader in (runner.train_dataloader, runner.test_dataloader):
        labels = loader.dataset[0]['data_samples'].gt_sem_seg.data
        assert labels.unique().tolist() == [0, 1, 255]
    before = cv2.imread('data/mine/masks/val/0.png', cv2.IMREAD_UNCHANGED)
    dataset = DATASETS.build({**tiny('no_background.py').val_dataloader.dataset, 'pipeline': []})
    results = {**dataset[0], 'seg_fields': []}
    with DefaultScope.overwrite_default_scope('mmseg'):
        load = runner.test_dataloader.dataset.pipeline.transforms
        (load,) = (one for one in load if type(one).__name__ == 'LoadAnnotations')
    after = load(results)['gt_seg_map']
    assert [set(after[before == value]) for value in (0, 1, 2, 255)] == [{255}, {0}, {1}, {255}]

    scores, labels = scores_and_labels(2)
    found = head_loss(tiny('no_background.py'), scores, labels)
    assert found.item() == pytest.approx(F.cross_entropy(scores, labels, ignore_index=255).item())


def test_a_part_of_the_classes_of_a_known_data_set(tmp_path):
    cityscapes = dict(type='CityscapesDataset', metainfo=dict(classes=['road', 'car']))
    with DefaultScope.overwrite_default_scope('mmseg'):
        dataset = DATASETS.build({**cityscapes, 'lazy_init': True})
    kept = {old: new for old, new in dataset.label_map.items() if new != 255}
    assert kept == {0: 0, 13: 1} and len(dataset.label_map) == 19


def test_class_weights(recipes):
    _, metrics = trained('weighted.py')
    assert 0 <= metrics['mIoU'] <= 100
    weights = torch.tensor([0.5, 1.0, 1.5])
    scores, labels = scores_and_labels(3)
    cfg = tiny('weighted.py')
    found = head_loss(cfg, scores, labels).mean()  # as MMEngine reduces it
    each = F.cross_entropy(scores, labels, weights, reduction='none', ignore_index=255)
    assert found.item() == pytest.approx(each.mean().item(), rel=1e-5)

    cfg.model.decode_head.loss_decode.reduction = 'mean'
    with pytest.raises(IndexError, match='index 255 is out of bounds'):
        head_loss(cfg, scores, labels)
    scores, labels = scores_and_labels(3, ignored=2)
    cfg.model.decode_head.ignore_index = 2
    found = head_loss(cfg, scores, labels).item()
    each = F.cross_entropy(scores, labels, weights, reduction='none', ignore_index=2)
    of_all, of_counted = (
        each.sum() / part.sum() for part in (weights[labels], weights[labels[labels != 2]])
    )
    assert found == pytest.approx(of_all.item(), rel=1e-5)
    assert of_counted > 1.2 * of_all


def test_more_than_three_channels(recipes):
    rng = np.random.default_rng(0)
    for path in (recipes / 'data' / 'mine' / 'images').rglob('*.jpg'):
        height, width = cv2.imread(str(path)).shape[:2]
        np.save(path.with_suffix('.npy'), rng.uniform(0, 200, (height, width, 6)))
    runner, metrics = trained('channels.py')
    assert 0 <= metrics['mIoU'] <= 100
    assert runner.model.backbone.layers[0][0].projection.weight.shape[1] == 6
    array = np.load('data/mine/images/val/0.npy')
    batch = runner.test_dataloader.dataset[0]['inputs']
    assert torch.equal(batch, torch.from_numpy(array.astype(np.float32)).permute(2, 0, 1))
    inputs = runner.model.data_preprocessor({'inputs': [batch], 'data_samples': None})['inputs']
    torch.testing.assert_close(inputs[0], (batch - 100) / 50)


def test_four_channels_need_no_code(recipes):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    cv2.imwrite('image.png', image)
    (code,) = re.findall(r"`dict\((type='LoadImageFromFile'.*?)\)`", (ROOT / PAGE).read_text())
    with DefaultScope.overwrite_default_scope('mmseg'):
        from mmseg.registry import TRANSFORMS

        load = TRANSFORMS.build(eval(f'dict({code})'))
    assert np.array_equal(load({'img_path': 'image.png'})['img'], image)


def predicted_shapes(runner: Runner) -> list[tuple[int, int]]:
    with torch.no_grad():
        return [
            tuple(sample.pred_sem_seg.data.shape[1:])
            for batch in runner.test_dataloader
            for sample in runner.model.test_step(batch)
        ]


def test_odd_sizes(recipes):
    runner, metrics = trained('sizes.py')
    assert 0 <= metrics['mIoU'] <= 100
    fed = []
    runner.model.backbone.register_forward_pre_hook(lambda _, args: fed.append(args[0].shape[2:]))
    assert predicted_shapes(runner) == SIZES['val'] == [tuple(size) for size in fed]


def test_odd_sizes_in_a_batch(recipes):
    changes = {
        'test_dataloader.batch_size': 2,
        'train_dataloader.dataset.pipeline.2.ratio_range': (0.5, 0.5),
    }
    runner = Runner.from_cfg(tiny('sizes.py', **changes))
    with pytest.raises(AssertionError, match='image size in a batch should be the same'):
        runner.test()
    loaded = next(iter(runner.train_dataloader))
    padded = runner.model.data_preprocessor(loaded, training=True)
    assert padded['inputs'].shape == (2, 3, 360, 480)
    for sample, inputs in zip(padded['data_samples'], loaded['inputs'], strict=True):
        height, width = inputs.shape[1:]
        assert height < 360 and width < 480
        labels = sample.gt_sem_seg.data[0]
        assert (labels[height:] == 255).all() and (labels[:, width:] == 255).all()


def test_large_images_by_sliding_windows(recipes):
    image = np.random.default_rng(0).integers(0, 256, (520, 900, 3), np.uint8)
    cv2.imwrite('large.jpg', image)
    cfg = tiny('large.py')
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(Config.fromfile('large.py').model)
    Path('work_dirs/large').mkdir(parents=True)
    meta = {'dataset_meta': cfg.train_dataloader.dataset.metainfo}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, 'work_dirs/large/iter_20000.pth')
    code = block(PAGE, 'inference_model')
    before, after = code.split('classes =')
    names = {}
    exec(before, names)
    fed = []
    names['model'].backbone.register_forward_pre_hook(lambda _, args: fed.append(args[0].shape))
    exec(f'classes ={after}', names)
    assert names['classes'].shape == (520, 900)
    assert [tuple(shape) for shape in fed] == [(4, 3, 512, 512), (2, 3, 512, 512)]


def test_boxes_of_a_detector(recipes):
    exec(block(PAGE, 'json.dump'), {})
    rows = json.loads(Path('detections.json').read_text())
    assert rows == [dict(image_id=9, category_id=1, bbox=[10, 20, 120, 150], score=0.98)]
    images = [dict(id=i, file_name=f'{i:012}.jpg', width=320, height=240) for i in (9, 25)]
    person = dict(
        id=1, image_id=9, category_id=1, iscrowd=0, area=18000, bbox=[10, 20, 120, 150],
        num_keypoints=17, keypoints=[40, 50, 2] * 17,
    )  # fmt: skip
    names = Config.fromfile('detected.py').test_dataloader.dataset
    with DefaultScope.overwrite_default_scope('mmpose'):
        info = POSE_DATASETS.get('CocoDataset')(lazy_init=True).metainfo
    category = dict(
        id=1, name='person', keypoints=list(info['keypoint_id2name'].values()), skeleton=[]
    )
    annotations = dict(images=images, annotations=[person], categories=[category])
    root = Path('data/coco')
    (root / 'annotations').mkdir(parents=True)
    (root / 'val2017').mkdir()
    (root / names.ann_file).write_text(json.dumps(annotations))
    for image in images:
        picture = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
        cv2.imwrite(str(root / 'val2017' / image['file_name']), picture)
    cfg = tiny('detected.py')
    cfg.pop('train_dataloader'), cfg.pop('train_cfg'), cfg.pop('optim_wrapper')
    cfg.pop('param_scheduler', None)
    runner = Runner.from_cfg(cfg)
    metrics = runner.test()
    assert 'coco/AP' in metrics and not [name for name in metrics if 'PCK' in name]
    (row,) = runner.test_dataloader.dataset
    assert row['data_samples'].gt_instances.bboxes.tolist() == [[10, 20, 130, 170]]
    assert row['data_samples'].gt_instances.bbox_scores.tolist() == pytest.approx([0.98])
