"""Generated athletes: frames, annotations, the folder they are written to, and who reads it."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest

from demo.scenes.athletes import COCO_KEYPOINTS, Annotation, generate_athletes, render_athlete
from demo.scenes.athletes.body.sprite import render_person
from demo.scenes.athletes.render import FRAMES_PER_EVENT, number_frame
from demo.scenes.athletes.scene import sample_scene
from demo.scenes.athletes.stadium.stadium import sample_stadium
from mmseg_tome.datasets.jbd_convert import convert_jbd
from mmseg_tome.datasets.jbd_format import BOX_FILE, KEYPOINTS

TOOL = Path(__file__).parents[3] / 'tools' / 'make_athletes.py'
SIZE = (256, 144)
COUNT = 40

Frame = tuple[np.ndarray, Annotation]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def run_tool(*arguments) -> int:
    spec = importlib.util.spec_from_file_location('make_athletes', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([str(argument) for argument in arguments])


@pytest.fixture(scope='module')
def frames() -> list[Frame]:
    # Of many events, as frames of one event share their stadium.
    return [render_athlete(7 * i, size=SIZE) for i in range(COUNT)]


@pytest.fixture(scope='module')
def whole_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('athletes') / 'set'
    generate_athletes(folder, train=5, val=3, size=SIZE, layout='both', workers=1)
    return folder


@pytest.fixture
def written(whole_set, tmp_path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(whole_set, tmp_path / 'set'))


def generate_again(folder: Path, **other):
    request = {'train': 5, 'val': 3, 'size': SIZE, 'layout': 'both', 'workers': 1, **other}
    return generate_athletes(folder, **request)


# Frames.


@pytest.mark.parametrize('size', [(160, 90), (333, 251), (1920, 1080)])
def test_frame_has_the_size_asked_for(size):
    image, known = render_athlete(3, size=size)
    assert image.shape == (size[1], size[0], 3)
    assert image.dtype == np.uint8
    assert set(known.keypoints) == {*KEYPOINTS, *COCO_KEYPOINTS}


def test_the_same_arguments_give_the_same_frame():
    (image, known), (again, known_again) = (render_athlete(5, size=SIZE) for _ in range(2))
    assert np.array_equal(image, again)
    assert known == known_again


def test_threads_of_opencv_change_nothing():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone, _ = render_athlete(8, size=(640, 360))
        cv2.setNumThreads(4)
        shared, _ = render_athlete(8, size=(640, 360))
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(alone, shared)


@pytest.mark.parametrize('other', [{'index': 6}, {'seed': 1}, {'split': 'val'}])
def test_index_seed_and_split_change_the_frame(other):
    image, known = render_athlete(**{'index': 5, 'size': SIZE})
    other_image, other_known = render_athlete(**{'index': 5, 'size': SIZE, **other})
    assert (image != other_image).mean() > 0.5
    assert known.keypoints != other_known.keypoints


def test_splits_share_no_event_and_frames_no_number():
    numbers = {
        split: [number_frame(split, i) for i in range(5 * FRAMES_PER_EVENT)]
        for split in ('train', 'val')
    }
    assert len(set(numbers['train'])) == len(numbers['train'])
    assert not {e for e, _ in numbers['train']} & {e for e, _ in numbers['val']}
    assert all(0 <= frame <= 99_999 for _, frame in numbers['train'])


def test_frames_are_neither_flat_nor_blown_out(frames):
    for image, _ in frames:
        assert 20 < image.mean() < 215
        assert image.std() > 12


def test_labeled_keypoints_lie_in_the_frame_and_in_the_box(frames):
    for _, known in frames:
        left, top, width, height = known.box
        assert left >= 0
        assert top >= 0
        assert left + width <= SIZE[0]
        assert top + height <= SIZE[1]
        labeled = [(x, y) for x, y, seen in known.keypoints.values() if seen]
        assert len(labeled) > 4
        for x, y in labeled:
            assert left <= x <= left + width
            assert top <= y <= top + height
        assert 0 < known.area <= width * height
        assert all((x, y) == (0, 0) for x, y, seen in known.keypoints.values() if not seen)


def test_athletes_are_large_and_small_seen_and_hidden(frames):
    heights = [known.box[3] / SIZE[1] for _, known in frames]
    assert 0.25 < np.median(heights) < 0.7
    assert min(heights) < 0.4
    assert max(heights) > 0.5
    seen = [point[2] for _, known in frames for point in known.keypoints.values()]
    assert 0.1 < np.mean(np.array(seen) == 1) < 0.5
    assert np.mean(np.array(seen) == 2) > 0.5
    assert {known.slow for _, known in frames} == {False, True}


def test_keypoints_lie_on_the_athlete():
    """Joints that can be seen are covered by the body; hidden ones lie behind something."""
    hit = []
    for i in range(20):
        rng = Random(i)
        scene = sample_scene(rng, sample_stadium(rng), SIZE)
        sprite = render_person(scene.athlete, scene.camera, scene.stadium.light)
        for name in KEYPOINTS:
            place = scene.athlete.to_world(scene.athlete.skeleton.joints[name])
            column, row = scene.camera.project_point(*place)
            x, y = round(column) - sprite.left, round(row) - sprite.top
            rows, columns = sprite.alpha.shape
            if 0 <= x < columns and 0 <= y < rows:
                hit.append(sprite.alpha[y, x] > 0.3)
    assert len(hit) > 300
    assert np.mean(hit) > 0.97


def test_the_picture_shows_what_the_annotation_says(frames):
    """Around the athlete's joints there are more edges than elsewhere in the box."""
    strength = {'at': [], 'elsewhere': []}
    for image, known in frames:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
        edges = cv2.magnitude(cv2.Sobel(gray, -1, 1, 0), cv2.Sobel(gray, -1, 0, 1))
        for name in ('rwri', 'lwri', 'rank', 'lank', 'rtoe', 'ltoe', 'head'):
            x, y, seen = known.keypoints[name]
            if seen == 2:
                around = edges[max(int(y) - 3, 0) : int(y) + 4, max(int(x) - 3, 0) : int(x) + 4]
                strength['at'].append(around.max())
        left, top, width, height = known.box
        strength['elsewhere'] += list(edges[top : top + height, left : left + width : 7].ravel())
    assert np.mean(strength['at']) > 1.5 * np.mean(strength['elsewhere'])


def test_a_wrong_split_and_a_wrong_size_are_named():
    with pytest.raises(ValueError, match="split is 'test'"):
        render_athlete(0, split='test', size=SIZE)
    with pytest.raises(ValueError, match=r'size \(height\) is 20; .* from 90 to 1440'):
        render_athlete(0, size=(320, 20))


# Folders.


def test_workers_change_no_byte(tmp_path):
    request = {'train': 5, 'val': 2, 'size': SIZE, 'seed': 4, 'layout': 'both'}
    generate_athletes(tmp_path / 'alone', workers=1, **request)
    generate_athletes(tmp_path / 'shared', workers=3, **request)
    assert contents(tmp_path / 'alone') == contents(tmp_path / 'shared')


def test_layouts_hold_the_same_frames(whole_set, tmp_path):
    both = contents(whole_set)
    for layout in ('jbd', 'coco'):
        generate_again(tmp_path / layout, layout=layout)
        alone = contents(tmp_path / layout)
        for name in set(alone) - {'generated.json', 'README.txt'}:
            assert alone[name] == both[name]
    assert sum(name.endswith('.jpg') for name in both) == 16
    assert not any('unfinished' in name or name.endswith('.part') for name in both)
    record = json.loads(both['generated.json'])
    assert (record['complete'], record['layout'], record['train']) == (True, 'both', 5)
    assert b'Nothing in them was photographed' in both['README.txt']


def test_more_frames_leave_the_others_as_they_are(whole_set, tmp_path):
    generate_again(tmp_path / 'more', train=6)
    more = contents(tmp_path / 'more')
    assert all(more[k] == v for k, v in contents(whole_set).items() if k.endswith('.jpg'))


def test_the_same_set_is_not_drawn_again(written):
    before = {path: path.stat().st_mtime_ns for path in written.rglob('*')}
    result = generate_again(written)
    assert (result.drawn, result.scenes) == (0, 8)
    assert before == {path: path.stat().st_mtime_ns for path in written.rglob('*')}


def test_a_lost_image_is_drawn_again(written):
    whole = contents(written)
    next((written / 'train2017').glob('*.jpg')).unlink()
    assert generate_again(written).drawn == 1
    assert contents(written) == whole


def test_lost_annotations_are_made_again(written):
    whole = contents(written)
    (written / BOX_FILE).unlink()
    assert generate_again(written).drawn == 8
    assert contents(written) == whole


def test_an_interrupted_set_is_continued(whole_set, tmp_path, monkeypatch):
    from demo.scenes.athletes import athlete_set

    drawn = []

    def stop_after_three(index, **options):
        if len(drawn) == 3:
            raise KeyboardInterrupt
        drawn.append(index)
        return render_athlete(index, **options)

    with monkeypatch.context() as patch:
        patch.setattr(athlete_set, 'render_athlete', stop_after_three)
        with pytest.raises(KeyboardInterrupt):
            generate_again(tmp_path / 'set')
    assert not json.loads((tmp_path / 'set' / 'generated.json').read_text())['complete']
    assert not (tmp_path / 'set' / 'keypoints').exists()
    assert generate_again(tmp_path / 'set').drawn == 5
    assert contents(tmp_path / 'set') == contents(whole_set)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.txt').write_text('irreplaceable')
    with pytest.raises(FileExistsError, match=r'holds no generated athletes. Choose another'):
        generate_again(tmp_path)
    assert list(contents(tmp_path)) == ['thesis.txt']


@pytest.mark.parametrize(
    ('other', 'difference'),
    [({'seed': 9}, 'seed 0 instead of 9'), ({'layout': 'jbd'}, "layout 'both' instead of 'jbd'")],
)
def test_another_set_is_refused_and_the_difference_named(written, other, difference):
    before = contents(written)
    with pytest.raises(FileExistsError, match=difference):
        generate_again(written, **other)
    assert contents(written) == before


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'train': -1}, 'train is -1; it must be a whole number from 0 to 100000'),
        ({'train': 0, 'val': 0}, 'both 0'),
        ({'size': (4096, 2048)}, r'size \(width\) is 4096; .* from 160 to 2560'),
        ({'seed': 0.5}, 'seed is 0.5'),
        ({'layout': 'voc'}, "layout is 'voc'; it must be one of 'jbd', 'coco', 'both'"),
        ({'workers': 0}, 'workers is 0'),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_written(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        generate_again(tmp_path / 'new', **wrong)
    assert not (tmp_path / 'new').exists()


def test_a_set_of_one_split(tmp_path):
    generate_again(tmp_path / 'set', train=0, val=2)
    names = set(contents(tmp_path / 'set'))
    assert 'keypoints/val.csv' in names
    assert not any('train' in name for name in names)


# Readers.


def convert(folder: Path):
    return convert_jbd(
        folder / 'keypoints',
        folder / BOX_FILE,
        folder / 'images',
        folder / 'annotations',
        annotation_size=SIZE,
        progress=False,
    )


def test_the_converter_has_no_complaint(written):
    done = convert(written)
    assert (done.images, done.problems) == ({'train': 5, 'val': 3}, [])


def test_the_jbd_dataset_reads_the_converted_set(written):
    pytest.importorskip('mmpose')
    from mmpose.datasets.transforms import LoadImage

    from mmseg_tome.datasets.jbd import JBDDataset

    convert(written)
    dataset = JBDDataset(
        data_root=str(written),
        ann_file='annotations/val.json',
        data_prefix={'img': 'images/'},
        pipeline=[LoadImage()],
    )
    assert len(dataset) == 3
    for i in range(3):
        image, known = render_athlete(i, split='val', size=SIZE)
        sample = dataset[i]
        assert np.abs(sample['img'].astype(int) - image).mean() < 6  # JPEG of small, noisy frames
        assert sample['raw_ann_info']['athlete'] == known.name
        assert sample['raw_ann_info']['slowmotion'] == known.slow
        for k, name in enumerate(KEYPOINTS):
            x, y, seen = known.keypoints[name]
            assert sample['keypoints'][0, k] == pytest.approx((x, y), abs=0.01)
            assert sample['keypoints_visible'][0, k] == min(seen, 1)


def test_mmpose_reads_the_set_as_coco(whole_set):
    pytest.importorskip('mmpose')
    from mmpose.datasets import CocoDataset
    from mmpose.datasets.transforms import LoadImage

    dataset = CocoDataset(
        data_root=str(whole_set),
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix={'img': 'train2017/'},
        pipeline=[LoadImage()],
    )
    assert [dataset.metainfo['keypoint_id2name'][i] for i in range(17)] == list(COCO_KEYPOINTS)
    assert len(dataset) == 5
    _, known = render_athlete(2, size=SIZE)
    sample = dataset[2]
    assert sample['img'].shape == (SIZE[1], SIZE[0], 3)
    left, top, width, height = known.box
    box = (left, top, min(left + width, SIZE[0] - 1), min(top + height, SIZE[1] - 1))
    assert tuple(sample['bbox'][0]) == box
    expected = [known.keypoints[name][:2] for name in COCO_KEYPOINTS]
    np.testing.assert_allclose(sample['keypoints'][0], expected, atol=0.01)
    assert sample['area'] == known.area


# Tool.


def test_tool_helps_at_once():
    done = subprocess.run([sys.executable, str(TOOL), '--help'], capture_output=True, text=True)
    assert done.returncode == 0
    assert 'examples:' in done.stdout


def test_tool_writes_and_says_what_is_next(tmp_path, capsys):
    request = (tmp_path / 'set', '--train', 1, '--val', 1, '--size', '160x90', '--workers', 1)
    assert run_tool(*request, '--quiet') == 0
    command = f"tools/convert_jbd.py '{tmp_path / 'set'}' --annotation-size 160x90, then"
    assert command in capsys.readouterr().out
    assert run_tool(*request) == 0
    assert 'already holds these 2 generated frames' in capsys.readouterr().out


def test_tool_reports_errors_without_a_traceback(tmp_path, capsys):
    assert run_tool(tmp_path / 'set', '--layout', 'voc') == 2
    assert "error: layout is 'voc'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_tool(tmp_path / 'set', '--size', 'large')
    assert "'large' is not a size" in capsys.readouterr().err
