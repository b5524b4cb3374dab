"""The Jump Broadcast Dataset (Ludwig et al. 2023): 20 keypoints of athletes in flight."""

from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from .jbd_format import BONES, KEYPOINTS

_COLORS = {'r': [255, 128, 0], 'l': [0, 255, 0]}  # red, green, blue; as mmpose draws COCO's
_MIDDLE = [51, 153, 255]
_LOWER = ('hip', 'kne', 'ank', 'hee', 'toe')
_SIDES = {'r': 'l', 'l': 'r'}


def _is_paired(name: str) -> bool:
    return name not in ('head', 'neck')


def _keypoint(index: int, name: str) -> dict:
    paired = _is_paired(name)
    return {
        'name': name,
        'id': index,
        'color': _COLORS[name[0]] if paired else _MIDDLE,
        'type': 'lower' if name[1:] in _LOWER else 'upper',
        'swap': _SIDES[name[0]] + name[1:] if paired else '',
    }


def _link(index: int, pair: tuple[str, str]) -> dict:
    one_side = all(_is_paired(name) for name in pair) and pair[0][0] == pair[1][0]
    return {'link': pair, 'id': index, 'color': _COLORS[pair[0][0]] if one_side else _MIDDLE}


@DATASETS.register_module()
class JBDDataset(BaseCocoStyleDataset):
    """Athletes in long, high and triple jump on television, one in an image, 20 keypoints.

    Reads what `tools/convert_jbd.py` writes:

        annotations/{train,val}.json   images/<event>/<event>_(<frame, five digits>).jpg

    so `data_root`, `ann_file='annotations/train.json'` and `data_prefix=dict(img='images/')`
    are all that it needs. Right and left are the athlete's own.

    Args:
        **kwargs: See `BaseCocoStyleDataset`.

    Source: Ludwig et al., All Keypoints You Need, CVSports 2023.
    """

    METAINFO = {
        'dataset_name': 'jbd',
        'paper_info': {
            'author': 'Ludwig, Katja and Lorenz, Julian and Schön, Robin and Lienhart, Rainer',
            'title': 'All Keypoints You Need: Detecting Arbitrary Keypoints on the Body of '
            'Triple, High, and Long Jump Athletes',
            'container': 'Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern '
            'Recognition Workshops',
            'year': '2023',
            'homepage': 'https://github.com/kaulquappe23/all-keypoints-jump-broadcast',
        },
        'keypoint_info': {i: _keypoint(i, name) for i, name in enumerate(KEYPOINTS)},
        'skeleton_info': {i: _link(i, pair) for i, pair in enumerate(BONES)},
        'joint_weights': [1.0] * len(KEYPOINTS),
        'sigmas': [0.1] * len(KEYPOINTS),  # of the published Segformer++ configuration
    }
