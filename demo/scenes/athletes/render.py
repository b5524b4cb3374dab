"""Rendering one frame: its image and its annotation."""

from functools import partial
from random import Random

import cv2
import numpy as np

from ..drawing.camera_effects import add_camera_effects
from ..drawing.canvas import Canvas
from ..drawing.classes import PERSON
from ..drawing.ground import shade_ground
from ..writing import check_split
from .annotation import Annotation
from .blur import blend_moments, blur_background
from .body.keypoints import annotate
from .body.person import Person
from .body.shadow import cast_shadow
from .body.sprite import Sprite, render_person
from .broadcast_graphics import draw_broadcast_graphics
from .bystanders import sample_bystanders
from .disciplines import SceneObject, draw_ground
from .person_names import sample_name
from .request import AthleteRequest
from .scene import Scene, sample_scene
from .stadium.stadium import sample_stadium
from .stadium.stands import draw_sky_and_skyline, draw_stands

ATHLETE = 200  # a label of no class, to find later which part of the athlete is not hidden
FRAMES_PER_EVENT = 20


def render_athlete(
    index: int, *, seed: int = 0, split: str = 'train', size: tuple[int, int] = (1920, 1080)
) -> tuple[np.ndarray, Annotation]:
    """Draw one generated frame of athletics.

    The frame depends on nothing but the arguments: the same four give the same bytes.

    Args:
        index: Number of the frame, from 0.
        seed: Seed of the whole set.
        split: 'train' or 'val'; the two share neither frames nor events.
        size: (width, height) in pixels.

    Returns:
        Image ``[H, W, 3]`` uint8 in blue-green-red order, and its annotation.

    Raises:
        ValueError: If ``size`` or ``split`` is not allowed.
    """
    AthleteRequest.check_size(size)
    check_split(split)
    event, frame = number_frame(split, index)
    stadium = sample_stadium(Random(f'stadium {seed} {event}'))
    rng = Random(f'athlete {seed} {split} {index}')
    name = sample_name(rng)
    scene = sample_scene(rng, stadium, size)
    width, height = size
    canvas = Canvas(
        camera=scene.camera,
        light=stadium.light,
        image=np.zeros((height, width, 3), np.uint8),
        labels=np.zeros((height, width), np.uint8),
    )
    people = sample_bystanders(rng, scene)
    in_front = _draw_background(canvas, rng, scene, people)
    sprite = _draw_athlete(canvas, scene)
    for item in in_front:
        item.draw(canvas)
    draw_broadcast_graphics(canvas, rng, name)
    hidden = _hidden(canvas, sprite)
    keypoints = annotate(scene.athlete, sprite, scene.camera, hidden)
    box = _bounding_box(sprite, keypoints, size)
    area = int((canvas.labels == ATHLETE).sum())
    add_camera_effects(canvas, rng)
    return canvas.image, Annotation(event, frame, name, scene.slow, keypoints, box, area)


def number_frame(split: str, index: int) -> tuple[int, int]:
    """Event and number of a frame; events of train are even, those of val odd."""
    event = 2 * (index // FRAMES_PER_EVENT) + (split == 'val')
    place = index % FRAMES_PER_EVENT
    return event, 120 + 211 * place + Random(f'frame {split} {index}').randrange(200)


def _draw_background(
    canvas: Canvas, rng: Random, scene: Scene, people: list[Person]
) -> list[SceneObject]:
    """Draw what is behind the athlete; returns what is in front, the nearest last."""
    camera, light = scene.camera, canvas.light
    far = scene.path.z + scene.stadium.distance
    draw_sky_and_skyline(canvas, rng, scene.stadium, far)
    objects = draw_ground(canvas, rng, scene)
    draw_stands(canvas, rng, scene.stadium, far)
    shadows = np.zeros(canvas.labels.shape, np.uint8)
    sun = light.sun if max(light.direct) > 0.25 else (0.0, 1.0, 0.0)  # else right below
    for person in (*people, scene.athlete):
        cast_shadow(shadows, camera, sun, person)
    shade_ground(canvas, rng, shadows)

    objects += [SceneObject(float(p.place[2]), partial(_draw_person, p)) for p in people]
    objects.sort(key=lambda item: -item.z)
    for item in objects:
        if item.z >= scene.path.z:
            item.draw(canvas)
    blur_background(canvas, rng, scene, camera.project_point(0.0, 0.0, far)[1])
    return [item for item in objects if item.z < scene.path.z]


def _draw_athlete(canvas: Canvas, scene: Scene) -> Sprite | None:
    sprites = []
    for person in scene.moments:
        sprite = render_person(person, scene.camera, canvas.light)
        if sprite is None:
            return None
        sprites.append(sprite)
    sprite = blend_moments(sprites)
    sprite.composite(canvas, ATHLETE)
    return sprite


def _draw_person(person: Person, canvas: Canvas) -> None:
    sprite = render_person(person, canvas.camera, canvas.light)
    if sprite is not None:
        sprite.composite(canvas, PERSON)


def _hidden(canvas: Canvas, sprite: Sprite | None) -> np.ndarray:
    """``[H, W]`` bool, where something else was drawn over the athlete."""
    hidden = np.zeros(canvas.labels.shape, bool)
    if sprite is not None:
        window = sprite.window
        hidden[window] = (sprite.alpha > 0.5) & (canvas.labels[window] != ATHLETE)
    return hidden


def _bounding_box(
    sprite: Sprite | None, keypoints: dict, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The box around the visible part of the athlete and all labeled keypoints, in whole pixels."""
    places = [(x, y) for x, y, seen in keypoints.values() if seen]
    if sprite is not None:
        x, y, width, height = cv2.boundingRect((sprite.alpha > 0.5).astype(np.uint8))
        if width and height:
            x, y = x + sprite.left, y + sprite.top
            places += [(x, y), (x + width, y + height)]
    left, top = (int(value) for value in np.floor(np.min(places, 0)))
    right, bottom = (int(value) for value in np.ceil(np.max(places, 0)))
    return left, top, min(right, size[0]) - left, min(bottom, size[1]) - top
