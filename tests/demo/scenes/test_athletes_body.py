"""The generated athletes' bodies: postures, sides, solids, and what can be seen of them."""

from dataclasses import fields, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.scenes.athletes.body.clothing import sample_sportswear
from demo.scenes.athletes.body.cones import Cone, trace
from demo.scenes.athletes.body.keypoints import (
    COCO_KEYPOINTS,
    HIDDEN,
    OUTSIDE,
    VISIBLE,
    annotate,
    locate,
)
from demo.scenes.athletes.body.pose import Pose
from demo.scenes.athletes.body.proportions import Body
from demo.scenes.athletes.body.skeleton import build_skeleton
from demo.scenes.athletes.body.sprite import Person, render_person
from demo.scenes.athletes.motions.frequencies import ATHLETE_MOTIONS
from demo.scenes.drawing.camera import Camera
from demo.scenes.drawing.light import sample_light
from mmseg_tome.datasets.jbd_format import KEYPOINTS

BODY = Body(stature=1.8, broad=1.0, female=False)
CAMERA = Camera(
    width=161,
    height=200,
    focal=1000.0,
    center=80.0,
    horizon=100.0,
    x=0.0,
    eye=1.0,
    bend=0.0,
    rise=0.0,
)
LIGHT = replace(sample_light(Random(1)), sun=(0.0, 0.8, -0.6))
OTHER_SIDE = {'r': 'l', 'l': 'r'}
MIRROR = np.array((1, 1, -1))


def person(pose: Pose = Pose(), heading: float = 0.0, **clothing) -> Person:  # noqa: B008
    kit = replace(sample_sportswear(Random(3), False), bib='', **clothing)
    return Person(build_skeleton(BODY, pose), kit, np.array((0.0, 1.0, 10.0)), heading)


def swapped(name: str) -> str:
    """The same keypoint of the other side."""
    if name in ('head', 'neck', 'nose', 'pelvis', 'waist', 'chest', 'throat'):
        return name
    if '_' in name:
        side, part = name.split('_')
        return f'{"left" if side == "right" else "right"}_{part}'
    return OTHER_SIDE[name[0]] + name[1:]


@st.composite
def poses(draw) -> Pose:
    angle = st.floats(-170, 170)
    values = {}
    for field in fields(Pose):
        default = getattr(Pose(), field.name)
        if isinstance(default, tuple):
            values[field.name] = tuple(draw(angle) for _ in default)
        else:
            values[field.name] = draw(angle)
    return Pose(**values)


@given(poses())
@settings(max_examples=40, deadline=None)
def test_mirrored_posture_is_the_mirror_image_with_sides_exchanged(pose):
    joints = build_skeleton(BODY, pose).joints
    mirrored = build_skeleton(BODY, pose.mirrored()).joints
    for name, place in joints.items():
        np.testing.assert_allclose(mirrored[swapped(name)], place * MIRROR, atol=1e-9)


@given(poses())
@settings(max_examples=20, deadline=None)
def test_bones_keep_their_length(pose):
    joints = build_skeleton(BODY, pose).joints
    for side in 'rl':
        for start, end, length in (
            ('sho', 'elb', BODY.upper_arm),
            ('elb', 'wri', BODY.forearm),
            ('hip', 'kne', BODY.thigh),
            ('kne', 'ank', BODY.shank),
        ):
            bone = joints[side + start] - joints[side + end]
            assert np.linalg.norm(bone) == pytest.approx(length)


def test_angles_turn_joints_where_they_say():
    upright = build_skeleton(BODY, Pose()).joints
    assert upright['head'][1] > upright['neck'][1] > 0 > upright['rkne'][1] > upright['rank'][1]
    assert upright['rtoe'][0] > upright['rhee'][0]  # toes ahead
    assert upright['rsho'][2] > 0 > upright['lsho'][2]  # right is positive

    def moved(name: str, **angles) -> np.ndarray:
        return build_skeleton(BODY, Pose(**angles)).joints[name] - upright[name]

    assert moved('rhan', r_arm=(90, 8, 0, 15))[0] > 0.3  # raised forward
    assert moved('rhan', r_arm=(0, 90, 0, 15))[2] > 0.3  # spread to its own side
    assert moved('lhan', l_arm=(0, 90, 0, 15))[2] < -0.3
    assert moved('rank', r_leg=(0, 4, 6, 90, 0))[0] < -0.3  # a bent knee takes the foot back
    assert moved('rhan', r_arm=(0, 8, 0, 90))[0] > 0.2  # a bent elbow takes the hand forward
    assert moved('head', lean=45)[0] > 0.3
    assert moved('head', tilt=45)[2] > 0.3
    assert moved('rtoe', r_leg=(0, 4, 6, 3, 40))[1] < -0.05


def test_motions_are_what_bodies_can_do():
    assert len({motion.name for motion, _ in ATHLETE_MOTIONS}) == len(ATHLETE_MOTIONS)
    for motion, _ in ATHLETE_MOTIONS:
        assert motion.keys[0].time == 0
        times = [key.time for key in motion.keys]
        assert times == sorted(times)
        assert len(times) == 1 or times[-1] == 1
        for key in motion.keys:
            assert key.above >= 0
            for side in 'rl':
                assert getattr(key.pose, f'{side}_arm')[3] >= 0  # elbows bend one way
                assert getattr(key.pose, f'{side}_leg')[3] >= 0
        assert motion.at(0.0).pose == motion.keys[0].pose
        assert motion.at(1.0).pose == motion.keys[-1].pose


def test_posture_halfway():
    half = Pose(lean=10, r_arm=(0, 0, 0, 0)).interpolated(Pose(lean=30, r_arm=(40, 0, 0, 20)), 0.5)
    assert half.lean == 20
    assert half.r_arm == (20, 0, 0, 10)


# Solids: against spheres along the axis, which is what a round cone is.


def reference(ends: np.ndarray, radii: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    depth = np.full(shape, np.inf)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for share in np.linspace(0, 1, 2000):
        middle = ends[0] + share * (ends[1] - ends[0])
        radius = radii[0] + share * (radii[1] - radii[0])
        inside = radius**2 - (x - middle[0]) ** 2 - (y - middle[1]) ** 2
        ball = middle[2] - np.sqrt(np.maximum(inside, 0))
        depth = np.where((inside > 0) & (ball < depth), ball, depth)
    return depth


@pytest.mark.parametrize(
    ('ends', 'radii'),
    [
        (((12.0, 10.0, 0.0), (40.0, 31.0, 0.0)), (9.0, 4.0)),
        (((12.0, 10.0, 0.0), (40.0, 31.0, 25.0)), (5.0, 8.0)),
        (((20.0, 20.0, 30.0), (26.0, 22.0, 0.0)), (8.0, 6.0)),  # toward the camera
        (((25.0, 20.0, 0.0), (25.0, 20.0, 9.0)), (7.0, 7.0)),  # straight away from it
        (((25.0, 20.0, 3.0), (25.0, 20.0, 3.0)), (11.0, 11.0)),  # a ball
        (((20.0, 20.0, 0.0), (24.0, 20.0, 0.0)), (12.0, 3.0)),  # one ball within the other
        (((-8.0, 15.0, 0.0), (20.0, 60.0, 4.0)), (9.0, 6.0)),  # over the edges
    ],
)
def test_cones_are_where_spheres_along_their_axis_are(ends, radii):
    shape = 41, 53
    ends, radii = np.array(ends), np.array(radii)
    cone = Cone(ends[0], ends[1], *radii, ((0.0, (1, 2, 3)), (0.5, (4, 5, 6))), '')
    surface = trace([cone], ends[None], radii[None], shape)
    expected = reference(ends, radii, shape)
    there = np.isfinite(expected)
    # The rim, where a surface turns away, depends on the last digit.
    assert (np.isfinite(surface.depth) != there).mean() < 0.01
    both = there & np.isfinite(surface.depth)
    assert both.sum() > 100
    slope = np.abs(surface.normal[2][both]) > 0.2
    np.testing.assert_allclose(surface.depth[both][slope], expected[both][slope], atol=0.06)
    assert (surface.cone[both] == 0).all()
    length = np.linalg.norm(surface.normal[:, both], axis=0)
    np.testing.assert_allclose(length, 1, atol=1e-3)
    assert (surface.normal[2][both] < 0.1).all()  # what is seen looks at the camera


def test_the_nearer_of_two_solids_shows():
    ends = np.array((((10.0, 10.0, 50.0),) * 2, ((14.0, 10.0, 0.0),) * 2))
    cones = [Cone(*pair, 8.0, 8.0, ((0.0, (9, 9, 9)),), '') for pair in ends]
    surface = trace(cones, ends, np.full((2, 2), 8.0), (20, 30))
    assert surface.cone[10, 14] == 1
    assert surface.cone[10, 3] == 0
    assert surface.cone[0, 29] == -1


# Before the camera.


def columns(who: Person, name: str) -> float:
    return CAMERA.project_point(*locate(who)[name][0])[0]


@pytest.mark.parametrize('name', ['sho', 'hip', 'ank', 'wri'])
def test_right_is_the_athletes_own(name):
    front, back = person(heading=180), person(heading=0)
    assert columns(front, 'r' + name) < columns(front, 'l' + name)
    assert columns(back, 'r' + name) > columns(back, 'l' + name)


def test_coco_points_are_the_same_joints():
    who = locate(person(Pose(r_arm=(50, 20, 0, 40)), heading=130))
    for coco, jbd in (('right_wrist', 'rwri'), ('left_knee', 'lkne'), ('left_shoulder', 'lsho')):
        assert (who[coco][0] == who[jbd][0]).all()
    assert set(who) == {*KEYPOINTS, *COCO_KEYPOINTS}
    assert (len(KEYPOINTS), len(COCO_KEYPOINTS)) == (20, 17)


@pytest.mark.parametrize('heading', [0.0, 33.0, 90.0, 160.0])
def test_the_mirrored_athlete_is_the_mirror_image(heading):
    pose = Pose(lean=10, twist=15, r_arm=(60, 20, 5, 70), l_leg=(50, 5, 5, 60, 10))
    one, other = person(pose, heading), person(pose.mirrored(), -heading)
    assert CAMERA.width - 1 == 2 * CAMERA.center
    places, mirrored = locate(one), locate(other)
    for name, (place, _) in places.items():
        column, row = CAMERA.project_point(*place)
        other_column, other_row = CAMERA.project_point(*mirrored[swapped(name)][0])
        assert other_column == pytest.approx(CAMERA.width - 1 - column)
        assert other_row == pytest.approx(row)

    canvases = []
    for who in (one, other):
        sprite = render_person(who, CAMERA, LIGHT)
        canvas = np.zeros((CAMERA.height, CAMERA.width, 4), np.float32)
        rows, cols = sprite.alpha.shape
        window = canvas[sprite.top : sprite.top + rows, sprite.left : sprite.left + cols]
        window[..., :3], window[..., 3] = sprite.color, 255 * sprite.alpha
        canvases.append(canvas)
    difference = np.abs(canvases[0] - canvases[1][:, ::-1])
    assert canvases[0][..., 3].sum() > 255 * 500
    assert difference.mean() < 0.6


def seen(who: Person, before: np.ndarray | None = None) -> dict[str, int]:
    if before is None:
        before = np.zeros((CAMERA.height, CAMERA.width), bool)
    found = annotate(who, render_person(who, CAMERA, LIGHT), CAMERA, before)
    return {name: visible for name, (_, _, visible) in found.items()}


def test_a_face_is_seen_from_the_front_only():
    face = ('nose', 'left_eye', 'right_eye')
    front, back = seen(person(heading=180)), seen(person(heading=0))
    assert [front[name] for name in face] == [VISIBLE] * 3
    assert [back[name] for name in face] == [HIDDEN] * 3


def test_from_the_side_the_far_side_is_hidden():
    # To the right of the picture: the right side is the near one.
    found = seen(person(heading=90))
    assert (found['rsho'], found['rhip'], found['right_ear']) == (VISIBLE,) * 3
    assert (found['lsho'], found['lhip'], found['left_ear']) == (HIDDEN,) * 3
    found = seen(person(heading=-90))
    assert (found['rsho'], found['rhip'], found['right_ear']) == (HIDDEN,) * 3
    assert (found['lsho'], found['lhip'], found['left_ear']) == (VISIBLE,) * 3


def test_what_stands_before_hides():
    before = np.zeros((CAMERA.height, CAMERA.width), bool)
    before[100:] = True
    free, found = seen(person(heading=180)), seen(person(heading=180), before)
    assert free['rkne'] == VISIBLE
    assert found['rkne'] == HIDDEN
    assert found['head'] == free['head'] == VISIBLE


def test_what_is_outside_is_not_labeled():
    who = person(heading=180)
    aside = replace(who, place=who.place + (0.8, 0.0, 0.0))
    found = annotate(aside, render_person(aside, CAMERA, LIGHT), CAMERA, np.zeros((200, 161), bool))
    assert found['lsho'] == (0.0, 0.0, OUTSIDE)
    assert render_person(replace(who, place=who.place + (9.0, 0.0, 0.0)), CAMERA, LIGHT) is None


def test_the_number_reads_from_left_to_right_on_chest_and_back():
    """Its ink lies on the same side of the paper however the athlete stands."""
    ink = {}
    for heading in (180, 0):
        plain = person(heading=heading, top=(250, 250, 250))
        marked = replace(plain, clothing=replace(plain.clothing, bib='1    '))
        pictures = [render_person(who, CAMERA, LIGHT) for who in (plain, marked)]
        dark = (pictures[0].color - pictures[1].color).sum(-1) > 150
        rows = np.nonzero(dark)[0]
        dark[: int(np.percentile(rows, 45))] = False  # the bar above the number
        ink[heading] = np.nonzero(dark)[1].mean() + pictures[1].left
    assert ink[180] < CAMERA.center
    assert ink[0] < CAMERA.center
