"""Generated frames of athletics with the athletes' keypoints, to train without a download.

Needs numpy, OpenCV and rich only.
"""

from ..drawing import Written
from .generate import GENERATOR_VERSION, generate_athletes
from .keypoints import COCO_KEYPOINTS
from .render import Annotation, render_athlete
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
