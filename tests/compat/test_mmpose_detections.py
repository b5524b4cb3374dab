"""A detector's boxes that belong to no image of the annotation file."""

import json

import pytest

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (mends; mmpose only after it)

# isort: split
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from mmseg_tome.compat import mmpose_detections

BOX = {'category_id': 1, 'bbox': [1, 2, 30, 40], 'score': 0.9}


def load(folder, boxes):
    image = {'id': 7, 'file_name': 'a.jpg', 'width': 64, 'height': 48}
    category = {'id': 1, 'name': 'person'}
    annotations = {'images': [image], 'annotations': [], 'categories': [category]}
    (folder / 'val.json').write_text(json.dumps(annotations))
    (folder / 'boxes.json').write_text(json.dumps(boxes))
    return DATASETS.build(
        dict(
            type='CocoDataset',
            ann_file=str(folder / 'val.json'),
            bbox_file=str(folder / 'boxes.json'),
            test_mode=True,
        )
    )


def test_boxes_of_known_images_are_loaded(tmp_path):
    data = load(tmp_path, [{**BOX, 'image_id': 7}] * 2)
    assert [data[i]['img_id'] for i in range(len(data))] == [7, 7]


@pytest.mark.parametrize('unknown', [8, '7', 7.5])
def test_an_unknown_image_is_named_with_the_files(tmp_path, unknown):
    boxes = [{**BOX, 'image_id': 7}, {**BOX, 'image_id': unknown}, {**BOX, 'image_id': 9}]
    with pytest.raises(ValueError) as caught:
        load(tmp_path, boxes)
    message = str(caught.value)
    assert (
        f'{tmp_path / "boxes.json"} has boxes of images that {tmp_path / "val.json"} does'
        in message
    )
    assert f'2 of 3, the first with image_id {unknown!r};' in message


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(KeyError, match='score'):
        load(tmp_path, [{'image_id': 7, 'category_id': 1, 'bbox': [1, 2, 30, 40]}])
    with pytest.raises(KeyError, match='image_id'):
        load(tmp_path, [BOX])


def test_mends_once():
    mended = BaseCocoStyleDataset._load_detection_results
    assert mmpose_detections.patch() == ()
    assert BaseCocoStyleDataset._load_detection_results is mended
