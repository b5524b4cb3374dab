"""Generated frames of athletics with the athletes' keypoints, to train without a download.

Needs nothing but numpy and OpenCV.
"""

from ..writing import Written
from .annotation import Annotation
from .body.keypoints import COCO_KEYPOINTS
from .generate import GENERATOR_VERSION, generate_athletes
from .render import render_athlete
from .request import LAYOUTS

__all__ = [
    'COCO_KEYPOINTS',
    'GENERATOR_VERSION',
    'LAYOUTS',
    'Annotation',
    'Written',
    'generate_athletes',
    'render_athlete',
]
