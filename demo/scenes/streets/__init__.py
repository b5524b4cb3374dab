"""Generated street scenes with the 19 classes of Cityscapes, to train and test without a download.

Needs nothing but numpy and OpenCV.
"""

from ..drawing.classes import CLASSES, IGNORE
from ..writing import Written
from .generate import GENERATOR_VERSION, generate_streets
from .render import render_street

__all__ = [
    'CLASSES',
    'GENERATOR_VERSION',
    'IGNORE',
    'Written',
    'generate_streets',
    'render_street',
]
