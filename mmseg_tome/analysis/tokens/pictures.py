"""Pictures of merged tokens and of what merging changes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .maps import TokenMap
from .viewer import TokenView

_GOLDEN_RATIO = 0.618034  # steps of the hue that keep neighboring numbers apart
_SATURATION = 0.75
_WELL_FRAMED = 16  # pixels; the frames of smaller tokens are fainter, or one would see little else
_CHANGED = (255, 0, 120)
_COLUMNS = 4
_PANEL_INCHES = 4.8


def paint_tokens(image: np.ndarray, tokens: TokenMap) -> np.ndarray:
    """Paint every merged token with the mean color of its slot, framed in a color of the slot.

    Tokens that are alone in their slot stay as they are. Right of and below the last whole token of
    spatially reduced maps, the image is faded: no token stands for it.

    Args:
        image: ``[H, W, 3]``, uint8.
        tokens: The tokens of one block.

    Returns:
        ``[H, W, 3]``, uint8.

    Source: figures of ToMe (Bolya et al. 2023): same inner and border color, merged together.
    """
    p, (h, w) = tokens.pixels, tokens.slots.shape
    height, width = image.shape[:2]
    missing = ((0, max(0, h * p - height)), (0, max(0, w * p - width)), (0, 0))
    squares = np.pad(image, missing, mode='edge')[: h * p, : w * p].reshape(h, p, w, p, 3)
    merged = tokens.is_merged[:, None, :, None, None]
    means = _slot_means(squares.mean((1, 3)), tokens.slots)
    painted = np.where(merged, means[:, None, :, None], squares)
    hues = tokens.slots * _GOLDEN_RATIO % 1
    hsv = np.stack([hues, np.full((h, w), _SATURATION), np.ones((h, w))], -1)
    strength = min(1.0, p / _WELL_FRAMED) * (_frames(tokens.slots, p)[..., None] & merged)
    painted = (1 - strength) * painted + strength * 255 * hsv_to_rgb(hsv)[:, None, :, None]
    picture = _fade(image)
    rows, columns = min(height, h * p), min(width, w * p)
    picture[:rows, :columns] = painted.reshape(h * p, w * p, 3)[:rows, :columns]
    return picture


def _slot_means(colors: np.ndarray, slots: np.ndarray) -> np.ndarray:
    """Average colors ``[h, w, 3]`` over the slots, and hand the means back to all tokens."""
    flat = slots.ravel()
    sums = [np.bincount(flat, channel.ravel()) for channel in np.moveaxis(colors, -1, 0)]
    return (np.stack(sums, -1) / np.bincount(flat)[:, None].clip(1))[slots]


def _frames(slots: np.ndarray, pixels: int) -> np.ndarray:
    """Which pixels ``[h, p, w, p]`` border, from within, on a token of another slot."""
    thickness = max(1, pixels // 16)
    near_start = np.arange(pixels) < thickness
    beyond = np.pad(slots, 1, constant_values=-1)
    above, below = beyond[:-2, 1:-1] != slots, beyond[2:, 1:-1] != slots
    left, right = beyond[1:-1, :-2] != slots, beyond[1:-1, 2:] != slots
    rows = near_start[None, :, None, None], near_start[None, ::-1, None, None]
    columns = near_start, near_start[::-1]
    return (
        (above[:, None, :, None] & rows[0])
        | (below[:, None, :, None] & rows[1])
        | (left[:, None, :, None] & columns[0])
        | (right[:, None, :, None] & columns[1])
    )


def paint_changes(image: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Fade an image and mark the pixels that changed.

    Args:
        image: ``[H, W, 3]``, uint8.
        changed: ``[H', W']``; the image is brought to this size.
    """
    picture = _fade(_resize(image, changed.shape))
    picture[changed] = _CHANGED
    return picture


def paint_classes(labels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Color a prediction ``[H, W]`` with RGB colors ``[K, 3]``."""
    return palette[labels]


def draw_sheet(view: TokenView, classes: Sequence[str], palette: np.ndarray, path: Path) -> None:
    """Draw an image, its predictions and all its token maps on one sheet.

    Args:
        view: What a strategy did to the image.
        classes: Names of the classes.
        palette: RGB color of every class, ``[K, 3]``, uint8.
        path: The PNG file to write.
    """
    panels = [
        ('image', view.image),
        ('prediction without merging', paint_classes(view.unmerged, palette)),
        (f'prediction with {view.strategy}', paint_classes(view.merged, palette)),
        (_describe_changes(view, classes), paint_changes(view.image, view.changed)),
        *((str(tokens), paint_tokens(view.image, tokens)) for tokens in view.maps),
    ]
    rows = -(-len(panels) // _COLUMNS)
    height, width = view.image.shape[:2]
    panel_height = _PANEL_INCHES * height / width + 0.3
    figure = Figure((_COLUMNS * _PANEL_INCHES, rows * panel_height + 0.7))
    figure.set_layout_engine('constrained', h_pad=0.08)
    axes = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
    for axis in axes:
        axis.set_axis_off()
    for axis, (heading, picture) in zip(axes, panels, strict=False):
        axis.imshow(picture, interpolation='antialiased')
        axis.set_title(heading, fontsize=11)
    _draw_legend(figure, view, classes, palette)
    figure.savefig(path, dpi=100)


def _describe_changes(view: TokenView, classes: Sequence[str]) -> str:
    text = f'changed: {100 * view.changed.mean():.1f} % of pixels'
    for before, after, share in view.swaps(most=1):
        text += f' (most: {classes[before]} → {classes[after]}, {100 * share:.1f} %)'
    return text


def _draw_legend(
    figure: Figure, view: TokenView, classes: Sequence[str], palette: np.ndarray
) -> None:
    seen = np.union1d(view.unmerged, view.merged)
    patches = [Patch(color=_rgb(palette[k]), label=classes[k]) for k in seen]
    patches.append(Patch(color=_rgb(_CHANGED), label='changed by merging'))
    figure.legend(handles=patches, loc='outside lower center', ncols=12, fontsize=10, frameon=False)


def _rgb(color: Sequence[int]) -> tuple[float, float, float]:
    red, green, blue = color
    return red / 255, green / 255, blue / 255


def _fade(image: np.ndarray) -> np.ndarray:
    gray = image.mean(-1, keepdims=True)
    return np.repeat(0.4 * gray + 0.6 * 255, 3, axis=-1).astype(np.uint8)


def _resize(image: np.ndarray, size: Sequence[int]) -> np.ndarray:
    import cv2

    return cv2.resize(image, (size[1], size[0]), interpolation=cv2.INTER_AREA)
