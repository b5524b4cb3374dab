"""One street, from its number to its picture."""

from itertools import pairwise
from random import Random

import cv2
import numpy as np

from ..drawing import check_split
from .camera import Camera, draw_camera
from .classes import SIDEWALK
from .curbside import add_curbside
from .finish import draw_bonnet, photograph
from .frontage import add_frontage
from .ground import (
    draw_crossing,
    draw_lane_lines,
    draw_open_ground,
    draw_slabs,
    draw_strip,
    draw_wear,
    finish_ground,
    paint,
)
from .layout import LANE, Plan, Thing, draw_plan
from .light import draw_light
from .request import check_size
from .shadows import cast
from .sky import draw_sky, draw_skyline
from .stage import Stage
from .traffic import add_traffic


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
    check_size(size)
    check_split(split)
    rng = Random(f'street {seed} {split} {index}')
    plan = draw_plan(rng)
    own_lane = rng.choice([lane for lane in plan.lanes if lane > 0])
    camera = draw_camera(rng, size, own_lane)
    light = draw_light(rng)
    add_frontage(plan, rng)
    add_curbside(plan, rng)
    add_traffic(plan, rng, own_lane)

    width, height = size
    stage = Stage(
        camera=camera,
        light=light,
        image=np.zeros((height, width, 3), np.uint8),
        labels=np.zeros((height, width), np.uint8),
    )
    draw_sky(stage, rng)
    _draw_ground(stage, plan, rng)
    draw_skyline(stage, rng)
    for thing in _visible_things(plan, camera):
        thing.draw(stage)
    if rng.random() < 0.3:
        draw_bonnet(stage, rng)
    photograph(stage, rng)
    return stage.image, stage.labels


def _draw_ground(stage: Stage, plan: Plan, rng: Random) -> None:
    draw_open_ground(stage)
    for strip in plan.strips:
        draw_strip(stage, strip)
        if strip.label == SIDEWALK and strip.right - strip.left > 0.5 and rng.random() < 0.7:
            left, right = max(strip.left, -14.0), min(strip.right, 14.0)
            draw_slabs(stage, left, right, strip.color, rng.choice((0.6, 1.0, 1.6)))
    draw_wear(stage, rng, plan.left, plan.right, plan.asphalt)
    lanes = sorted(plan.lanes)
    between = [(a + b) / 2 for a, b in pairwise(lanes)]
    lines = [x for x in between if not plan.median or abs(x) > 0.1]
    edges = [s * (lanes[-1] + LANE / 2) for s in (-1, 1)] if rng.random() < 0.5 else []
    if rng.random() < 0.85:
        draw_lane_lines(stage, rng, lines, edges)
    if plan.tracks is not None:
        for rail in (-0.72, 0.72):
            x = plan.tracks + rail
            for start, end in ((30, 120), (10, 31), (1.5, 10.2)):
                paint(stage, x - 0.05, x + 0.05, start, end, (84, 88, 92))
    if plan.crossing is not None:
        draw_crossing(stage, rng, plan.left, plan.right, plan.crossing)

    _cast_shadows(stage, plan, rng)


def _cast_shadows(stage: Stage, plan: Plan, rng: Random) -> None:
    shadows = np.zeros(stage.labels.shape, np.uint8)
    if max(stage.light.direct) > 0.25:  # else the sky is too gray for shadows
        for thing in plan.things:
            if thing.tall:
                mask = stage.shade if thing.shades else shadows
                cast(mask, stage.camera, stage.light.sun, thing.base, thing.tall)
    finish_ground(stage, rng, cv2.max(shadows, stage.shade))


def _visible_things(plan: Plan, camera: Camera) -> list[Thing]:
    """The things that reach into the picture, the furthest first."""
    around = np.array((-3.0, 3.0, -3.0, 3.0))  # arms of lamps, crowns of trees
    bounds = [(*t.base.min(0), *t.base.max(0)) for t in plan.things]
    bounds = np.array(bounds)[:, (0, 2, 1, 3)] + around
    seen = camera.visible(bounds)
    things = [thing for thing, visible in zip(plan.things, seen, strict=True) if visible]
    return sorted(things, key=lambda thing: -thing.depth)
