"""`PCKMetric` by hand, against mmpose's `PCKAccuracy`, and on a detector's boxes."""

import json
import logging
import math

import cv2
import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (patches the stack; mmpose only after it)

# isort: split
from mmpose.datasets import CocoDataset
from mmpose.evaluation import PCKAccuracy

from mmseg_tome.evaluation import PCKMetric

NAMES = ['nose', 'left_shoulder', 'right_shoulder', 'left_hip', 'right_hip']
META = {'keypoint_id2name': dict(enumerate(NAMES))}
TORSO = [('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')]


def sample(errors, visible=(1,) * 5, box=(0, 0, 50, 100), truth=None):
    """A person predicted `errors` pixels too far to the right, keypoint by keypoint."""
    if truth is None:
        # Torsos: left shoulder to right hip 50 pixels, right shoulder to left hip 40.
        truth = [[25, 10], [40, 20], [10, 25], [34, 57], [10, 60]]
    truth = np.array(truth, dtype=np.float32)[None]
    predicted = truth + np.array([[e, 0] for e in errors], dtype=np.float32)
    return {
        'gt_instances': {
            'keypoints': truth,
            'keypoints_visible': np.array([visible], dtype=np.float32),
            'bboxes': np.array([box], dtype=np.float32),
        },
        'pred_instances': {'keypoints': predicted},
        'img_path': 'image.jpg',
    }


def evaluate(metric, samples, meta=META):
    metric.dataset_meta = meta
    metric.process({}, samples)
    return metric.evaluate(len(samples))


@pytest.fixture
def log(caplog):
    """What MMEngine logs; its logger does not hand records on by itself."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, logger=logger.name)
    yield caplog
    logger.removeHandler(caplog.handler)


def test_by_hand_with_boxes():
    # The longer side is 100: distances are errors in percent.
    samples = [
        sample([4, 4, 4, 8, 12]),
        sample([4, 8, 12, 8, 12]),
    ]
    assert evaluate(PCKMetric(), samples) == {
        'PCK@0.1': pytest.approx((1 + 1 + 1 / 2 + 1 + 0) / 5),
        'PCK@0.05': pytest.approx((1 + 1 / 2 + 1 / 2 + 0 + 0) / 5),
    }


def test_by_hand_with_torsos():
    # Torso 50 in the first; in the second the right hip is invisible, and the fallback is 40.
    samples = [
        sample([4.5, 4.5, 4.5, 4.5, 5.5]),
        sample([4.5, 3.5, 3.5, 3.5, 3.5], visible=(1, 1, 1, 1, 0)),
    ]
    metric = PCKMetric(0.1, 'torso', TORSO, per_keypoint=True)
    assert evaluate(metric, samples) == {
        'tPCK@0.1': pytest.approx((1 / 2 + 1 + 1 + 1 + 0) / 5),
        'tPCK@0.1/nose': 0.5,
        'tPCK@0.1/left_shoulder': 1.0,
        'tPCK@0.1/right_shoulder': 1.0,
        'tPCK@0.1/left_hip': 1.0,
        'tPCK@0.1/right_hip': 0.0,
    }


def test_joints_by_index_are_those_by_name():
    samples = [sample([4.5, 5.5, 4.5, 3.5, 5.5], visible=(1, 1, 1, 1, 0)), sample([5] * 5)]
    by_index = PCKMetric(0.1, 'torso', [(1, 4), (2, 3)])
    assert evaluate(by_index, samples) == evaluate(PCKMetric(0.1, 'torso', TORSO), samples)


def test_invisible_keypoints_and_instances_do_not_count():
    samples = [
        sample([1, 1, 1, 99, 99], visible=(1, 1, 1, 0, 1)),
        sample([1, 99, 99, 99, 99], visible=(1, 0, 0, 0, 0)),
        sample([99] * 5, visible=(0,) * 5),
    ]
    found = evaluate(PCKMetric(0.1, per_keypoint=True), samples)
    # The left hip counts nowhere, and so is left out of the mean.
    assert math.isnan(found.pop('PCK@0.1/left_hip'))
    assert found == {
        'PCK@0.1': 3 / 4,
        'PCK@0.1/nose': 1.0,
        'PCK@0.1/left_shoulder': 1.0,
        'PCK@0.1/right_shoulder': 1.0,
        'PCK@0.1/right_hip': 0.0,
    }


def test_degenerate_torsos_do_not_count_and_are_logged(log):
    point = [[5, 5]] * 5
    samples = [sample([0] * 5), sample([99] * 5, truth=point)]
    assert evaluate(PCKMetric(0.1, 'torso', TORSO), samples) == {'tPCK@0.1': 1.0}
    assert 'tPCK: 1 of 2 instances do not count' in log.text


def test_boxes_without_extent_do_not_count_and_are_logged(log):
    samples = [sample([0] * 5), sample([99] * 5, box=(5, 5, 5, 5))]
    assert evaluate(PCKMetric(0.1), samples) == {'PCK@0.1': 1.0}
    assert 'PCK: 1 of 2 instances do not count for want of a box with an extent' in log.text


def test_a_single_visible_keypoint_in_the_corner_counts():
    truth = [[0, 0], [40, 20], [10, 25], [34, 57], [10, 60]]
    found = evaluate(PCKMetric(0.1), [sample([4] * 5, visible=(1, 0, 0, 0, 0), truth=truth)])
    assert found == {'PCK@0.1': 1.0}


def test_everybody_in_the_corner_counts_as_in_mmpose():
    samples = [
        sample(errors, truth=[[0, 0]] * 5) for errors in ([4] * 5, [11] * 5, [4, 11, 4, 11, 4])
    ]
    theirs = PCKAccuracy(thr=0.1, norm_item='bbox')
    theirs.dataset_meta = META
    theirs.process({}, samples)
    assert evaluate(PCKMetric(0.1), samples)['PCK@0.1'] == pytest.approx(theirs.evaluate(3)['PCK'])


def test_no_samples():
    with pytest.raises(ValueError, match='PCK of no samples: the test set is empty'):
        PCKMetric().compute_metrics([])


def test_nothing_counts():
    found = evaluate(PCKMetric(0.1), [sample([0] * 5, visible=(0,) * 5)])
    assert math.isnan(found['PCK@0.1'])


def test_a_prediction_that_is_no_number_is_wrong():
    found = evaluate(PCKMetric(0.1), [sample([0, 0, 0, 0, math.nan])])
    assert found['PCK@0.1'] == 4 / 5


@pytest.mark.parametrize('visible_shape', ['flat', 'with weights'])
def test_equals_mmpose(visible_shape):
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(200):
        made = sample(rng.normal(0, 8, 5), rng.random(5) < 0.7, (0, 0, *rng.uniform(40, 150, 2)))
        if visible_shape == 'with weights':
            visible = made['gt_instances']['keypoints_visible']
            made['gt_instances']['keypoints_visible'] = np.stack([visible, visible * 0 + 1], 2)
        samples.append(made)
    samples.append(sample([6] * 5, box=(9, 9, 9, 9)))  # without a size
    samples.append(sample([10, 5, 20, 10, 5]))  # just on the thresholds
    thresholds = [0.02, 0.05, 0.1, 0.2]
    ours = evaluate(PCKMetric(thresholds), samples)
    assert 0 < ours['PCK@0.02'] < ours['PCK@0.05'] < ours['PCK@0.1'] < ours['PCK@0.2'] < 1
    for threshold in thresholds:
        theirs = PCKAccuracy(thr=threshold, prefix='mmpose')
        assert ours[f'PCK@{threshold:g}'] == evaluate(theirs, samples)['mmpose/PCK']


def test_torso_equals_mmpose_where_its_joints_are_right():
    """mmpose measures from joint 4 to 5, whatever they are."""
    rng = np.random.default_rng(1)
    names = {'keypoint_id2name': dict(enumerate('abcdef'))}
    samples = []
    for _ in range(50):
        truth = rng.uniform(0, 100, (6, 2))
        samples.append(sample(rng.normal(0, 5, 6), (1,) * 6, truth=truth))
    theirs = PCKAccuracy(thr=0.1, norm_item='torso', prefix='mmpose')
    ours = PCKMetric(0.1, 'torso', [('e', 'f')])
    found = evaluate(ours, samples, names)['tPCK@0.1']
    assert 0 < found < 1
    assert found == evaluate(theirs, samples, names)['mmpose/tPCK']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'thresholds': []}, 'thresholds'),
        ({'thresholds': [0.1, 0.1]}, 'thresholds.*each one once'),
        ({'thresholds': [0.1, 0]}, 'thresholds.*above 0'),
        ({'thresholds': math.nan}, 'thresholds'),
        ({'thresholds': '0.1'}, 'thresholds'),
        ({'norm_item': 'torsos'}, "norm_item = 'torsos'.*did you mean 'torso'"),
        ({'norm_item': 'torso'}, 'needs torso_joints'),
        ({'norm_item': 'torso', 'torso_joints': ['ab']}, 'give pairs'),
        ({'norm_item': 'torso', 'torso_joints': [(1, 2, 3)]}, 'give pairs'),
        ({'torso_joints': TORSO}, 'does not belong'),
        ({'detector_boxes': 'ignore'}, "detector_boxes = 'ignore'.*refuse or leave_out"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        PCKMetric(**options)


@pytest.mark.parametrize(
    ('joint', 'message'), [('lefthip', "did you mean 'left_hip'"), (5, 'below 5'), (-1, 'below 5')]
)
def test_a_joint_that_the_data_set_lacks_is_said_before_anything_runs(joint, message):
    metric = PCKMetric(norm_item='torso', torso_joints=[(1, joint)])
    with pytest.raises(ValueError, match=message):
        metric.dataset_meta = META


def test_predictions_of_other_keypoints_are_refused():
    other = sample([0] * 5)
    other['pred_instances']['keypoints'] = other['pred_instances']['keypoints'][:, :3]
    with pytest.raises(ValueError, match=r'\(1, 3, 2\) and \(1, 5, 2\)'):
        evaluate(PCKMetric(), [other])


# On a COCO data set in a file, through mmpose's own dataset and pipeline.


@pytest.fixture
def coco(tmp_path):
    """A folder with two people in `truth.json`, and their detected boxes in `boxes.json`."""
    rng = np.random.default_rng(0)
    images, people, boxes = [], [], []
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f'{number}.png'), np.zeros((100, 100, 3), np.uint8))
        images.append(dict(id=number, file_name=f'{number}.png', width=100, height=100))
        keypoints = np.c_[rng.uniform(10, 90, (17, 2)), [2] * 17]
        people.append(
            dict(id=number, image_id=number, category_id=1, iscrowd=0, area=6400.0,
                 bbox=[10, 10, 80, 80], num_keypoints=17, keypoints=keypoints.ravel().tolist())
        )  # fmt: skip
        boxes.append(dict(image_id=number, category_id=1, bbox=[12, 8, 80, 80], score=0.9))
    truth = dict(images=images, annotations=people, categories=[dict(id=1, name='person')])
    (tmp_path / 'truth.json').write_text(json.dumps(truth))
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    return tmp_path


def evaluate_perfect_predictions(folder, bbox_file, *metrics):
    dataset = CocoDataset(
        ann_file=str(folder / 'truth.json'),
        bbox_file=bbox_file and str(folder / bbox_file),
        data_prefix=dict(img=str(folder)),
        test_mode=True,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='GetBBoxCenterScale'),
            dict(type='TopdownAffine', input_size=(32, 32)),
            dict(type='PackPoseInputs'),
        ],
    )
    evaluator = Evaluator(list(metrics))
    evaluator.dataset_meta = dataset.metainfo
    people = json.loads((folder / 'truth.json').read_text())['annotations']
    for item, person in zip(dataset, people, strict=True):
        keypoints = np.array(person['keypoints']).reshape(1, 17, 3)[..., :2]
        item['data_samples'].pred_instances = InstanceData(
            keypoints=keypoints, keypoint_scores=np.ones((1, 17))
        )
        evaluator.process([item['data_samples']], None)
    return evaluator.evaluate(len(dataset))


METRICS_OF_COCO = [dict(type='CocoMetric'), dict(type='PCKMetric')]


def test_beside_coco_metric(coco):
    with DefaultScope.overwrite_default_scope('mmpose'):
        found = evaluate_perfect_predictions(coco, None, *METRICS_OF_COCO)
    assert found['coco/AP'] == pytest.approx(1.0)
    assert found['PCK@0.1'] == found['PCK@0.05'] == 1.0


def test_refused_on_detected_boxes(coco):
    with (
        DefaultScope.overwrite_default_scope('mmpose'),
        pytest.raises(ValueError, match=r"detector's boxes.*1\.png.*bbox_file=None"),
    ):
        evaluate_perfect_predictions(coco, 'boxes.json', *METRICS_OF_COCO)


def test_left_out_on_detected_boxes(coco, log):
    metrics = [METRICS_OF_COCO[0], dict(METRICS_OF_COCO[1], detector_boxes='leave_out')]
    with DefaultScope.overwrite_default_scope('mmpose'):
        found = evaluate_perfect_predictions(coco, 'boxes.json', *metrics)
    assert found['coco/AP'] == pytest.approx(1.0)
    assert not [name for name in found if 'PCK' in name]
    assert 'PCK is left out' in log.text
    with DefaultScope.overwrite_default_scope('mmpose'):
        assert 'PCK@0.1' in evaluate_perfect_predictions(coco, None, *metrics)
