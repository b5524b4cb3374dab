"""Rendering one street: its image and its labels."""

from itertools import pairwise
from random import Random

import cv2
import numpy as np

from ..drawing.camera import Camera
from ..drawing.camera_effects import add_camera_effects
from ..drawing.canvas import Canvas
from ..drawing.classes import SIDEWALK
from ..drawing.ground import draw_open_ground, shade_ground
from ..drawing.light import sample_light
from ..drawing.sky import draw_sky, draw_skyline
from ..writing import check_split
from .hood import draw_hood
from .plan import LANE, Plan, SceneObject, sample_plan
from .request import StreetRequest
from .road import draw_crossing, draw_lane_lines, draw_slabs, draw_strip, draw_wear, paint
from .roadside import add_roadside
from .shadows import cast_shadow
from .sidewalks import add_sidewalks
from .traffic import add_traffic
from .viewpoint import sample_camera


def render_street(
    index: int, *, seed: int = 0, split: str = 'train', size: tuple[int, int] = (1024, 512)
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one generated street scene.

    The scene depends on nothing but the arguments: the same four give the same bytes.

    Args:
        index: Number of the scene, from 0.
        seed: Seed of the whole set.
        split: 'train' or 'val'; the two share no scene, whatever the seed.
        size: (width, height) in pixels; 128 to 2048 by 64 to 1024.

    Returns:
        Image ``[H, W, 3]`` uint8 in blue-green-red order, as OpenCV and mmseg read it, and labels
        ``[H, W]`` uint8: the train ids 0 to 18 of Cityscapes, or 255 for what is ignored.

    Raises:
        ValueError: If ``size`` or ``split`` is not allowed.
    """
    StreetRequest.check_size(size)
    check_split(split)
    rng = Random(f'street {seed} {split} {index}')
    plan = sample_plan(rng)
    camera_lane = rng.choice([lane for lane in plan.lanes if lane > 0])
    camera = sample_camera(rng, size, camera_lane)
    light = sample_light(rng)
    add_roadside(plan, rng)
    add_sidewalks(plan, rng)
    add_traffic(plan, rng, camera_lane)

    width, height = size
    canvas = Canvas(
        camera=camera,
        light=light,
        image=np.zeros((height, width, 3), np.uint8),
        labels=np.zeros((height, width), np.uint8),
    )
    draw_sky(canvas, rng)
    _draw_ground(canvas, plan, rng)
    draw_skyline(canvas, rng)
    for item in _visible_things(plan, camera):
        item.draw(canvas)
    if rng.random() < 0.3:
        draw_hood(canvas, rng)
    add_camera_effects(canvas, rng)
    return canvas.image, canvas.labels


def _draw_ground(canvas: Canvas, plan: Plan, rng: Random) -> None:
    draw_open_ground(canvas)
    for strip in plan.strips:
        draw_strip(canvas, strip)
        if strip.label == SIDEWALK and strip.right - strip.left > 0.5 and rng.random() < 0.7:
            left, right = max(strip.left, -14.0), min(strip.right, 14.0)
            draw_slabs(canvas, left, right, strip.color, rng.choice((0.6, 1.0, 1.6)))
    draw_wear(canvas, rng, plan.left, plan.right, plan.asphalt)
    lanes = sorted(plan.lanes)
    between = [(a + b) / 2 for a, b in pairwise(lanes)]
    lines = [x for x in between if not plan.median or abs(x) > 0.1]
    edges = [s * (lanes[-1] + LANE / 2) for s in (-1, 1)] if rng.random() < 0.5 else []
    if rng.random() < 0.85:
        draw_lane_lines(canvas, rng, lines, edges)
    if plan.tracks is not None:
        for rail in (-0.72, 0.72):
            x = plan.tracks + rail
            for start, end in ((30, 120), (10, 31), (1.5, 10.2)):
                paint(canvas, x - 0.05, x + 0.05, start, end, (84, 88, 92))
    if plan.crossing is not None:
        draw_crossing(canvas, rng, plan.left, plan.right, plan.crossing)

    _cast_shadows(canvas, plan, rng)


def _cast_shadows(canvas: Canvas, plan: Plan, rng: Random) -> None:
    shadows = np.zeros(canvas.labels.shape, np.uint8)
    if max(canvas.light.direct) > 0.25:  # else the sky is too gray for shadows
        for item in plan.objects:
            if item.shadow_height:
                mask = canvas.shade if item.shades_others else shadows
                cast_shadow(mask, canvas.camera, canvas.light.sun, item.base, item.shadow_height)
    shade_ground(canvas, rng, cv2.max(shadows, canvas.shade))


def _visible_things(plan: Plan, camera: Camera) -> list[SceneObject]:
    """The objects that the image may show, the furthest first."""
    around = np.array((-3.0, 3.0, -3.0, 3.0))  # arms of lamps, crowns of trees
    bounds = [(*t.base.min(0), *t.base.max(0)) for t in plan.objects]
    bounds = np.array(bounds)[:, (0, 2, 1, 3)] + around
    seen = camera.visible(bounds)
    objects = [item for item, visible in zip(plan.objects, seen, strict=True) if visible]
    return sorted(objects, key=lambda item: -item.depth)
