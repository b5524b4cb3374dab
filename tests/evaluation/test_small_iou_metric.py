"""`SmallIoUMetric` against the stock metric and values computed by hand."""

import math

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from PIL import Image

pytest.importorskip('mmseg')
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

import mmseg_tome  # noqa: F401  (registers; mmseg imports only after it)
from mmseg_tome.evaluation import SmallIoUMetric

CITYSCAPES = [
    'road',
    'sidewalk',
    'building',
    'wall',
    'fence',
    'pole',
    'traffic light',
    'traffic sign',
    'vegetation',
    'terrain',
    'sky',
    'person',
    'rider',
    'car',
    'truck',
    'bus',
    'train',
    'motorcycle',
    'bicycle',
]
LETTERS = ['a', 'b', 'c', 'd']


def sample(prediction, label, img_path='image.png'):
    return {
        'pred_sem_seg': {'data': torch.as_tensor(prediction)[None]},
        'gt_sem_seg': {'data': torch.as_tensor(label)[None]},
        'img_path': img_path,
    }


def evaluate(metric, samples, classes):
    metric.dataset_meta = {'classes': classes}
    metric.process({}, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def random_samples():
    generator = torch.Generator().manual_seed(0)
    samples = []
    for _ in range(3):
        label = torch.randint(0, 19, (16, 24), generator=generator)
        noise = torch.rand(16, 24, generator=generator) < 0.4
        prediction = torch.where(noise, torch.randint(0, 19, (16, 24), generator=generator), label)
        label[:2] = 255
        samples.append(sample(prediction, label))
    return samples


def test_by_hand():
    samples = [
        sample([[0, 0, 1, 1]], [[0, 1, 0, 1]]),  # a: 1 of 3, b: 1 of 3
        sample([[0, 0, 1, 0]], [[0, 0, 255, 1]]),  # a: 2 of 3, b: 0 of 1
    ]
    # Summed over the images first: a 3/6, b 1/4.
    assert evaluate(SmallIoUMetric(['a', 'b']), samples, LETTERS)['mIoU_small'] == 37.5
    assert evaluate(SmallIoUMetric('b'), samples, LETTERS)['mIoU_small'] == 25.0


def test_each_small_class_by_itself():
    samples = [sample([[0, 0, 1, 1]], [[0, 1, 0, 1]])]
    metrics = evaluate(SmallIoUMetric(['b', 'd'], per_class=True), samples, LETTERS)
    assert metrics['IoU/b'] == 33.33 == metrics['mIoU_small']
    assert math.isnan(metrics['IoU/d'])
    assert 'IoU/b' not in evaluate(SmallIoUMetric(['b', 'd']), samples, LETTERS)


def test_class_absent_everywhere_is_left_out():
    samples = [sample([[0, 0, 1]], [[0, 0, 1]])]
    assert evaluate(SmallIoUMetric(['b', 'c']), samples, LETTERS)['mIoU_small'] == 100.0


def test_class_predicted_but_absent_from_the_ground_truth_counts_as_zero():
    samples = [sample([[0, 2, 1]], [[0, 0, 1]])]
    assert evaluate(SmallIoUMetric(['b', 'c']), samples, LETTERS)['mIoU_small'] == 50.0


@pytest.mark.filterwarnings('ignore:Mean of empty slice')
def test_all_small_classes_absent():
    samples = [sample([[0, 1]], [[0, 1]])]
    assert math.isnan(evaluate(SmallIoUMetric(['c', 'd']), samples, LETTERS)['mIoU_small'])


def test_nan_to_num():
    samples = [sample([[0, 0, 1]], [[0, 0, 1]])]
    metric = SmallIoUMetric(['b', 'c'], nan_to_num=0)
    assert evaluate(metric, samples, LETTERS)['mIoU_small'] == 50.0


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'iou_metrics': ['mIoU', 'mDice', 'mFscore'], 'beta': 2},
        {'iou_metrics': 'mDice'},
        {'ignore_index': 3},
        {'nan_to_num': -1},
        {'prefix': 'val'},
    ],
    ids=str,
)
def test_all_else_equals_stock(random_samples, options):
    stock_options = dict(options)
    stock_options['iou_metrics'] = [options.get('iou_metrics', 'mIoU')]
    if isinstance(options.get('iou_metrics'), list):
        stock_options['iou_metrics'] = options['iou_metrics']
    stock = evaluate(IoUMetric(**stock_options), random_samples, CITYSCAPES)
    ours = evaluate(SmallIoUMetric(**options), random_samples, CITYSCAPES)
    small = ours.pop('val/mIoU_small' if 'prefix' in options else 'mIoU_small')
    assert 0 < small < 100
    assert ours == stock


def test_small_classes_over_all_classes_is_miou(random_samples):
    result = evaluate(SmallIoUMetric(CITYSCAPES), random_samples, CITYSCAPES)
    assert result['mIoU_small'] == result['mIoU']


def test_default_small_classes_are_the_papers(random_samples):
    by_name = ['fence', 'pole', 'traffic light', 'traffic sign']
    assert SmallIoUMetric().small_classes == by_name
    metric = SmallIoUMetric()
    small = evaluate(metric, random_samples, CITYSCAPES)['mIoU_small']
    labels = torch.stack([s['gt_sem_seg']['data'][0] for s in random_samples])
    predictions = torch.stack([s['pred_sem_seg']['data'][0] for s in random_samples])
    valid = labels != 255
    ious = []
    for i in (4, 5, 6, 7):
        truth, guess = (labels == i) & valid, (predictions == i) & valid
        ious.append(((truth & guess).sum() / (truth | guess).sum()).item())
    assert small == pytest.approx(100 * np.mean(ious), abs=0.005)


def test_results_of_other_processes_count(random_samples):
    """What `compute_metrics` gets, gathered from all processes, decides, not own results."""
    whole = evaluate(SmallIoUMetric(), random_samples, CITYSCAPES)
    parts = []
    for part in (random_samples[:1], random_samples[1:]):
        metric = SmallIoUMetric()
        metric.dataset_meta = {'classes': CITYSCAPES}
        metric.process({}, part)
        parts += metric.results
    fresh = SmallIoUMetric()
    fresh.dataset_meta = {'classes': CITYSCAPES}
    assert fresh.compute_metrics(parts) == whole


def test_evaluating_twice_starts_anew(random_samples):
    metric = SmallIoUMetric()
    first = evaluate(metric, random_samples, CITYSCAPES)
    assert evaluate(metric, random_samples, CITYSCAPES) == first


def test_format_only_saves_predictions_and_evaluates_nothing(tmp_path):
    metric = SmallIoUMetric(['a'], output_dir=str(tmp_path / 'out'), format_only=True)
    prediction = np.array([[0, 1], [2, 3]])
    metric.dataset_meta = {'classes': LETTERS}
    metric.process({}, [{'pred_sem_seg': {'data': torch.from_numpy(prediction)[None]},
                         'img_path': 'x/street.png'}])  # fmt: skip
    assert metric.evaluate(1) == {}
    assert (np.array(Image.open(tmp_path / 'out' / 'street.png')) == prediction).all()


def test_output_dir_with_evaluation_and_the_test_scripts_keep_results(tmp_path):
    metric = METRICS.build(
        {
            'type': 'mmseg.SmallIoUMetric',
            'small_classes': ['a'],
            'output_dir': str(tmp_path),
            'keep_results': True,
        }
    )
    assert evaluate(metric, [sample([[0, 1]], [[0, 1]])], LETTERS)['mIoU_small'] == 100.0
    assert (tmp_path / 'image.png').is_file()


def test_unknown_class_is_an_error_as_soon_as_the_data_set_is_known():
    evaluator = Evaluator({'type': 'mmseg.SmallIoUMetric', 'small_classes': ['Traffic-Light']})
    with pytest.raises(ValueError, match=r"'Traffic-Light' is no class .*'traffic light'.*road"):
        evaluator.dataset_meta = {'classes': CITYSCAPES}


def test_default_classes_on_another_data_set_are_an_error():
    with pytest.raises(ValueError, match=r"small_classes=.*'fence' is no class of this data set"):
        SmallIoUMetric().dataset_meta = {'classes': LETTERS}


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        ({'small_classes': []}, ValueError, 'small_classes is empty'),
        ({'small_classes': ['a', 'b', 'a']}, ValueError, 'twice'),
        ({'iou_metrics': ['miou']}, ValueError, "did you mean 'mIoU'"),
        ({'small_clases': ['a']}, TypeError, 'small_clases'),
    ],
    ids=str,
)
def test_wrong_options_are_errors(options, error, message):
    with pytest.raises(error, match=message):
        SmallIoUMetric(**options)
    with pytest.raises(error, match=message):
        METRICS.build({'type': 'mmseg.SmallIoUMetric', **options})
