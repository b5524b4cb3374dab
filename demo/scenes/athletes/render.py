"""One frame, from its number to its picture and its annotation."""

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from ..drawing import check_split
from ..streets.classes import PERSON
from ..streets.finish import photograph
from ..streets.ground import finish_ground
from ..streets.stage import Stage
from .blur import blur_background, expose
from .field import Thing, draw_field
from .figure import Figure, Person, draw_figure
from .keypoints import annotate
from .names import draw_name
from .overlay import draw_overlay
from .people import draw_people
from .request import check_size
from .scene import Scene, draw_scene
from .shadow import cast_shadow
from .stadium import draw_stadium
from .stands import draw_distance, draw_heaven

ATHLETE = 200  # a label of no class, to see later what of the athlete is not hidden
FRAMES_PER_EVENT = 20


@dataclass(frozen=True)
class Annotation:
    """What is known of a frame.

    Attributes:
        event: Number of the event.
        frame: Number of the frame within its event.
        name: The athlete.
        slow: Whether it is slow motion.
        keypoints: Column, row and visibility (COCO's 0, 1 or 2) by name, JBD's 20 and COCO's 17.
        box: Left, top, width and height of what shows of the athlete, in pixels.
        area: Pixels of the athlete that nothing hides.
    """

    event: int
    frame: int
    name: str
    slow: bool
    keypoints: dict[str, tuple[float, float, int]]
    box: tuple[int, int, int, int]
    area: int


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
        Image ``[H, W, 3]`` uint8 in blue-green-red order, and what is known of it.

    Raises:
        ValueError: If ``size`` or ``split`` is not allowed.
    """
    check_size(size)
    check_split(split)
    event, frame = number_frame(split, index)
    stadium = draw_stadium(Random(f'stadium {seed} {event}'))
    rng = Random(f'athlete {seed} {split} {index}')
    name = draw_name(rng)
    scene = draw_scene(rng, stadium, size)
    width, height = size
    stage = Stage(
        camera=scene.camera,
        light=stadium.light,
        image=np.zeros((height, width, 3), np.uint8),
        labels=np.zeros((height, width), np.uint8),
    )
    people = draw_people(rng, scene)
    before = _draw_background(stage, rng, scene, people)
    figure = _draw_athlete(stage, scene)
    for thing in before:
        thing.draw(stage)
    draw_overlay(stage, rng, name)
    hidden = _hidden(stage, figure)
    keypoints = annotate(scene.athlete, figure, scene.camera, hidden)
    box = _box(figure, keypoints, size)
    area = int((stage.labels == ATHLETE).sum())
    photograph(stage, rng)
    return stage.image, Annotation(event, frame, name, scene.slow, keypoints, box, area)


def number_frame(split: str, index: int) -> tuple[int, int]:
    """Event and number of a frame; events of train are even, those of val odd."""
    event = 2 * (index // FRAMES_PER_EVENT) + (split == 'val')
    place = index % FRAMES_PER_EVENT
    return event, 120 + 211 * place + Random(f'frame {split} {index}').randrange(200)


def _draw_background(stage: Stage, rng: Random, scene: Scene, people: list[Person]) -> list[Thing]:
    """Draw all that is behind the athlete; returns what is before, the nearest last."""
    camera, light = scene.camera, stage.light
    far = scene.path.z + scene.stadium.distance
    draw_heaven(stage, rng, scene.stadium, far)
    things = draw_field(stage, rng, scene)
    draw_distance(stage, rng, scene.stadium, far)
    shadows = np.zeros(stage.labels.shape, np.uint8)
    sun = light.sun if max(light.direct) > 0.25 else (0.0, 1.0, 0.0)  # else right below
    for person in (*people, scene.athlete):
        cast_shadow(shadows, camera, sun, person)
    finish_ground(stage, rng, shadows)

    things += [Thing(float(p.place[2]), lambda stage, p=p: _lay_person(stage, p)) for p in people]
    things.sort(key=lambda thing: -thing.z)
    for thing in things:
        if thing.z >= scene.path.z:
            thing.draw(stage)
    blur_background(stage, rng, scene, camera.spot(0.0, 0.0, far)[1])
    return [thing for thing in things if thing.z < scene.path.z]


def _draw_athlete(stage: Stage, scene: Scene) -> Figure | None:
    figures = [draw_figure(person, scene.camera, stage.light) for person in scene.moments]
    if any(figure is None for figure in figures):
        return None
    figure = expose(figures)
    _lay(stage, figure, ATHLETE)
    return figure


def _lay_person(stage: Stage, person: Person) -> None:
    figure = draw_figure(person, stage.camera, stage.light)
    if figure is not None:
        _lay(stage, figure, PERSON)


def _lay(stage: Stage, figure: Figure, label: int) -> None:
    """Lay a figure over the picture."""
    rows = slice(figure.top, figure.top + figure.cover.shape[0])
    columns = slice(figure.left, figure.left + figure.cover.shape[1])
    below = stage.image[rows, columns]
    mixed = below * (1 - figure.cover)[..., None] + figure.color
    below[:] = np.clip(mixed, 0, 255).astype(np.uint8)
    stage.labels[rows, columns][figure.cover > 0.5] = label


def _hidden(stage: Stage, figure: Figure | None) -> np.ndarray:
    """``[H, W]`` bool, where something else was drawn over the athlete."""
    hidden = np.zeros(stage.labels.shape, bool)
    if figure is not None:
        rows = slice(figure.top, figure.top + figure.cover.shape[0])
        columns = slice(figure.left, figure.left + figure.cover.shape[1])
        hidden[rows, columns] = (figure.cover > 0.5) & (stage.labels[rows, columns] != ATHLETE)
    return hidden


def _box(
    figure: Figure | None, keypoints: dict, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """What shows of the athlete, and at least all labelled keypoints; whole pixels."""
    places = [(x, y) for x, y, seen in keypoints.values() if seen]
    if figure is not None:
        x, y, wide, tall = cv2.boundingRect((figure.cover > 0.5).astype(np.uint8))
        if wide and tall:
            x, y = x + figure.left, y + figure.top
            places += [(x, y), (x + wide, y + tall)]
    left, top = (int(value) for value in np.floor(np.min(places, 0)))
    right, bottom = (int(value) for value in np.ceil(np.max(places, 0)))
    return left, top, min(right, size[0]) - left, min(bottom, size[1]) - top
