"""mmpose's visualizer draws a circle whose radius is an array with one element."""

import numpy as np
import pytest

pytest.importorskip('mmpose')
import mmseg_tome  # noqa: F401  (patches; mmpose only after it)

# isort: split
from mmpose.visualization import PoseLocalVisualizer

from mmseg_tome.compat import mmpose_drawing


def disc(backend):
    visualizer = PoseLocalVisualizer(backend=backend)
    visualizer.set_image(np.zeros((40, 40, 3), np.uint8))
    visualizer.draw_circles(np.array([20, 20]), np.array([5]), face_colors=(255, 0, 0))
    return visualizer.get_image()[..., 0] > 128


def test_draws_with_opencv():
    drawn = disc('opencv')
    assert drawn[20, 16:25].all()
    assert 60 < drawn.sum() < 100  # 79 is the area of the disc


@pytest.mark.parametrize('converts', [True, False])
def test_patches_once_and_only_where_numpy_does_not_convert(converts, monkeypatch):
    class Visualizer:
        def draw_circles(self, center, radius):
            return radius

    original = Visualizer.draw_circles
    monkeypatch.setattr(
        'mmpose.visualization.opencv_backend_visualizer.OpencvBackendVisualizer', Visualizer
    )
    monkeypatch.setattr(mmpose_drawing, '_converts_arrays', lambda: converts)
    assert mmpose_drawing.patch() == (() if converts else ('mmpose draw_circles',))
    assert mmpose_drawing.patch() == ()
    assert (Visualizer.draw_circles is original) is converts
    visualizer = Visualizer()
    for visualizer.backend in ('opencv', 'matplotlib'):
        radius = visualizer.draw_circles(None, np.array([5]))
        patched = visualizer.backend == 'opencv' and not converts
        assert isinstance(radius, int if patched else np.ndarray)
