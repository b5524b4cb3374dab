"""Where pictures differ most."""

import cv2
import numpy as np


def largest_regions(mask: np.ndarray, most: int = 3) -> list[tuple[int, int]]:
    """Find the largest connected regions of a mask.

    Args:
        mask: ``[H, W]`` of bool.
        most: How many regions; those of under a thousandth of the map are left out.

    Returns:
        A pixel (x, y) inside of each, as deep as possible, largest region first.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = {label: stats[label, cv2.CC_STAT_AREA] for label in range(1, count)}
    largest = sorted(areas, key=areas.get, reverse=True)[:most]
    points = []
    for label in (n for n in largest if areas[n] >= mask.size / 1000):
        # With an edge of zeros, or the map's own edge would count as inside.
        depth = cv2.distanceTransform(
            np.pad((labels == label).astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_3
        )[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        points.append((int(x), int(y)))
    return points
