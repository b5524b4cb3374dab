"""From the published CSV files and frames to COCO's format."""

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmseg_tome import cli
from mmseg_tome.datasets.jbd_convert import InvalidRows, convert_jbd
from mmseg_tome.datasets.jbd_format import (
    ANNOTATION_SIZE,
    BOX_FILE,
    KEYPOINT_COLUMNS,
    KEYPOINTS,
    frame_file,
)

from .jbd_files import FRAMES, HEIGHT, WIDTH, edit, join, row, set_value, write_frame, write_jbd

TOOL = Path(__file__).parents[2] / 'tools' / 'convert_jbd.py'


@pytest.fixture
def root(tmp_path) -> Path:
    return write_jbd(tmp_path / 'jbd')


def convert(root: Path, **options):
    return convert_jbd(
        root / 'keypoints',
        root / BOX_FILE,
        root / 'images',
        root / 'annotations',
        progress=False,
        **{'annotation_size': (WIDTH, HEIGHT), **options},
    )


def run_tool(*arguments) -> int:
    size = f'--annotation-size={WIDTH}x{HEIGHT}'
    return cli.main(['convert-jbd', size, *map(str, arguments)])


def test_good_input_becomes_coco(root):
    done = convert(root)
    assert (done.images, done.problems) == ({'train': 3, 'val': 2}, [])
    coco = json.loads((root / 'annotations' / 'train.json').read_text())
    assert [image['id'] for image in coco['images']] == [1944, 2001, 1100007]
    assert coco['images'][2] == {
        'id': 1100007,
        'file_name': '11/11_(00007).jpg',
        'width': WIDTH,
        'height': HEIGHT,
        'event': '11',
        'frame_num': 7,
    }
    annotation = coco['annotations'][2]
    assert annotation['id'] == annotation['image_id'] == 1100007
    assert annotation['bbox'] == [12, 5, 40, 50]
    assert annotation['area'] == pytest.approx(0.53 * 40 * 50)
    assert (annotation['category_id'], annotation['iscrowd']) == (1, 0)
    assert (annotation['event'], annotation['frame_num']) == ('11', 7)
    assert (annotation['athlete'], annotation['slowmotion']) == ('Jana Öster', False)
    assert coco['categories'][0]['keypoints'] == list(KEYPOINTS)


def test_visibility_is_clipped_to_0_and_2(root):
    convert(root)
    coco = json.loads((root / 'annotations' / 'val.json').read_text())
    keypoints = coco['annotations'][0]['keypoints']
    triples = list(zip(keypoints[0::3], keypoints[1::3], keypoints[2::3], strict=True))
    for i, (name, triple) in enumerate(zip(KEYPOINTS, triples, strict=True)):
        hidden = name in ('rhee', 'lhee')
        assert triple == ((0, 0, 0) if hidden else (20.25 + i, 10 + i, 2))
    assert coco['annotations'][0]['num_keypoints'] == 18


def test_skeleton_counts_from_1(root):
    convert(root)
    coco = json.loads((root / 'annotations' / 'val.json').read_text())
    skeleton = coco['categories'][0]['skeleton']
    assert {i for pair in skeleton for i in pair} == set(range(1, 21))
    assert [1, 2] in skeleton  # head and neck


@pytest.mark.parametrize(
    ('written', 'flag'),
    [('1', True), ('0', False), ('True', True), ('no', False), ('UNKNOWN', None), ('', None)],
)
def test_slow_motion(root, written, flag):
    set_value(root / 'keypoints' / 'val.csv', 3, 'slowmotion', written)
    convert(root)
    coco = json.loads((root / 'annotations' / 'val.json').read_text())
    assert coco['annotations'][0]['slowmotion'] is flag


def test_windows_line_ends_marks_comments_and_the_trailing_semicolon_of_the_count(root):
    path = root / 'keypoints' / 'train.csv'
    lines = path.read_text().replace('#3', '#3;').split('\n')
    lines.insert(3, '# a comment')
    lines.insert(3, '')
    path.write_bytes('\r\n'.join(lines).encode('utf-8-sig'))
    assert convert(root).images['train'] == 3


def test_columns_in_another_order(root):
    path = root / 'keypoints' / 'train.csv'
    lines = path.read_text().strip().split('\n')
    turned = [';'.join(reversed(line.split(';'))) for line in lines[1:]]
    convert(root)
    expected = json.loads((root / 'annotations' / 'train.json').read_text())
    path.write_text('\n'.join([lines[0], *turned]))
    convert(root, overwrite=True)
    assert json.loads((root / 'annotations' / 'train.json').read_text()) == expected


def test_boxes_may_name_the_file(root):
    boxes = root / BOX_FILE
    boxes.write_text(boxes.read_text().replace('),', ').jpg,'))
    assert convert(root).problems == []


def test_one_split_knows_the_boxes_of_the_other(root):
    done = convert(root, splits=['val'])
    assert (done.images, done.problems) == ({'val': 2}, [])
    assert not (root / 'annotations' / 'train.json').exists()


def test_what_is_wrong_with_the_other_split_does_not_matter(root):
    set_value(root / 'keypoints' / 'train.csv', 3, 'head_x', 'wrong')
    edit(root / BOX_FILE, 2, '0_(01944),1,1,0,0')
    assert convert(root, splits=['val']).problems == []


# Whole files: each entry damages a good set; the message names place and remedy.

TRAIN = 'keypoints/train.csv'


def replace_in(name: str, old: str, new: str):
    def damage(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return damage


def cut(name: str, length: int):
    return lambda root: (root / name).write_text((root / name).read_text()[:length])


BAD_FILES = {
    'no count': (replace_in(TRAIN, '#3\n', ''), r'train.csv:1: .* must be # and the number'),
    'count of words': (replace_in(TRAIN, '#3', '#three'), r"first line is '#three'"),
    'empty file': (cut(TRAIN, 0), r"train.csv:1: the first line is ''"),
    'no header': (cut(TRAIN, 3), r'train.csv has no header'),
    'missing column': (replace_in(TRAIN, 'rtoe_s;', ''), r"train.csv:2: .* lacks 'rtoe_s'"),
    'unknown column': (
        replace_in(TRAIN, 'slowmotion', 'slow'),
        r"lacks 'slowmotion' and has the unknown 'slow'",
    ),
    'column twice': (replace_in(TRAIN, 'neck_x', 'head_x'), r"repeats 'head_x'"),
    'commas': (replace_in(TRAIN, ';', ','), r'train.csv:2: .* by commas; .* by semicolons'),
    'tabs': (replace_in(TRAIN, ';', '\t'), r'by tabs; JBD separates them by semicolons'),
    'boxes with semicolons': (
        replace_in(BOX_FILE, ',', ';'),
        r'csv:1: .* by semicolons; .* by commas',
    ),
    'box columns': (replace_in(BOX_FILE, 'min_x', 'max_x'), r"lacks 'min_x'.*unknown 'max_x'"),
    'empty boxes': (cut(BOX_FILE, 0), r'has no header; it must name the columns .image_id.'),
    'not text': (
        lambda root: (root / TRAIN).write_bytes(b'#3\n\xff\xfe'),
        r'train.csv is not UTF-8 text',
    ),
}


@pytest.mark.parametrize('name', BAD_FILES)
@pytest.mark.parametrize('skip_invalid', [False, True])
def test_a_bad_file_is_refused_as_a_whole(root, name, skip_invalid):
    damage, message = BAD_FILES[name]
    damage(root)
    with pytest.raises(ValueError, match=message) as caught:
        convert(root, skip_invalid=skip_invalid)
    assert not isinstance(caught.value, InvalidRows)
    assert not (root / 'annotations').exists()


@pytest.mark.parametrize('name', [TRAIN, BOX_FILE])
def test_a_missing_file_is_named(root, name):
    (root / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        convert(root)


def test_a_missing_folder_of_frames_is_named(root):
    (root / 'images').rename(root / 'frames')
    with pytest.raises(FileNotFoundError, match='images is not a folder; it must hold a folder'):
        convert(root)


# Rows: a damage, and what is reported of it as (file, line, reason), the row and no other.


def value(column: str, new: str):
    return lambda root: set_value(root / TRAIN, 4, column, new)


def box(new: str | None):
    return lambda root: edit(root / BOX_FILE, 3, new)


def add_box(text: str):
    def damage(root: Path) -> None:
        with (root / BOX_FILE).open('a') as file:
            file.write(text + '\n')

    return damage


def frame_that_is_no_image(root: Path) -> None:
    (root / 'images' / '0' / '0_(02001).jpg').write_text('not a picture')


def row_twice(root: Path) -> None:
    edit(root / TRAIN, 5, join(row('0', 1944)))
    replace_in(BOX_FILE, '11_(00007),12,5,40,50\n', '')(root)


BAD_ROWS = {
    'count too large': (replace_in(TRAIN, '#3', '#30'), ('train', 1, '#30, but 3 rows follow')),
    'count too small': (replace_in(TRAIN, '#3', '#2'), ('train', 1, '#2, but 3 rows follow')),
    'event is no number': (value('event', 'final'), ('train', 4, "event is 'final'; it must be")),
    'event with zeros': (value('event', '07'), ('train', 4, 'without leading zeros')),
    'frame is no number': (value('frame_num', '12.5'), ('train', 4, "frame_num is '12.5'")),
    'frame below 0': (value('frame_num', '-3'), ('train', 4, 'whole number from 0 to 99999')),
    'frame of 6 digits': (value('frame_num', '100000'), ('train', 4, 'from 0 to 99999')),
    'x is no number': (value('neck_x', 'left'), ('train', 4, "neck_x is 'left'; it must be a")),
    'x is empty': (value('neck_x', ''), ('train', 4, "neck_x is ''; it must be a number")),
    'y is not finite': (value('rank_y', 'nan'), ('train', 4, "rank_y is 'nan'; .* finite")),
    'visibility between': (value('lwri_s', '0.5'), ('train', 4, "lwri_s is '0.5'; .* whole")),
    'visibility is no number': (value('lwri_s', 'yes'), ('train', 4, "lwri_s is 'yes'")),
    'slow motion': (value('slowmotion', 'very'), ('train', 4, "slowmotion is 'very'; it must")),
    'left of the frame': (value('rwri_x', '-0.5'), ('train', 4, r'rwri at \(-0.5, 14\) is outs')),
    'right of the frame': (value('rwri_x', '96.5'), ('train', 4, 'outside the frame of 96x64')),
    'below the frame': (value('rwri_y', '65'), ('train', 4, 'outside the frame of 96x64')),
    'no box': (box(None), ('train', 4, r'has no box for 0_\(02001\)')),
    'no frame': (
        lambda root: (root / 'images/0/0_(02001).jpg').unlink(),
        ('train', 4, r'the frame .*0_\(02001\).jpg is not there'),
    ),
    'frame is no image': (frame_that_is_no_image, ('train', 4, r'02001\).jpg cannot be read')),
    'frame twice': (row_twice, ('train', 5, r'0_\(01944\) is also in .*train.csv:3')),
    'extra box': (add_box('7_(00001),1,1,5,5'), ('box', 7, r'extra box: .* for 7_\(00001\)')),
    'box twice': (add_box('0_(01944),1,1,5,5'), ('box', 7, r'has a box in .*.csv:2 already')),
    'box that names nothing': (add_box('first,1,1,5,5'), ('box', 7, "image_id is 'first'")),
}
BAD_BOXES = {
    'box is no number': ('0_(02001),1,a,5,5', "min_y is 'a'; it must be a number"),
    'box has no width': ('0_(02001),1,1,0,5', 'the box is 0 wide and 5 high'),
    'box has too few values': ('0_(02001),1,1,5', '4 values where the header has 5'),
}


@pytest.mark.parametrize('name', BAD_ROWS)
def test_a_bad_row_is_reported_by_line_and_may_be_left_out(root, name):
    damage, (file, line, reason) = BAD_ROWS[name]
    damage(root)
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    # The box of a row whose frame cannot be told is one too many, and reported as well.
    first, *others = sorted(caught.value.problems, key=lambda p: p.line != line)
    assert (file in first.file.name, first.line) == (True, line)
    assert re.search(reason, first.reason)
    assert all(problem.reason.startswith('extra box') for problem in others)
    assert not (root / 'annotations').exists()

    done = convert(root, skip_invalid=True)
    assert done.problems == caught.value.problems
    lost = 'box' not in file and 'count' not in name
    assert done.images == {'train': 3 - lost, 'val': 2}


@pytest.mark.parametrize('name', BAD_BOXES)
def test_a_bad_box_costs_its_row(root, name):
    line, reason = BAD_BOXES[name]
    edit(root / BOX_FILE, 3, line)
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    first, second = caught.value.problems
    assert (first.file.name, first.line) == (BOX_FILE, 3)
    assert first.reason.startswith(reason)
    assert (second.file.name, second.line) == ('train.csv', 4)
    assert 'has no box for 0_(02001) that can be used' in second.reason
    assert convert(root, skip_invalid=True).images == {'train': 2, 'val': 2}


@pytest.mark.parametrize('line', ['0_(02001),-1,5,40,50', '0_(02001),60,5,40,50'])
def test_a_box_outside_the_frame(root, line):
    edit(root / BOX_FILE, 3, line)
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    (problem,) = caught.value.problems
    assert 'reaches outside the frame of 96x64 pixels' in problem.reason
    assert (problem.file.name, problem.line) == ('train.csv', 4)


def test_an_unknown_event_is_named_with_those_there_are(root):
    (root / 'images' / '11' / '11_(00007).jpg').unlink()
    (root / 'images' / '11').rmdir()
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    (problem,) = caught.value.problems
    assert problem.line == 5
    assert 'event 11 is unknown' in problem.reason
    assert 'has the 2 folders 0, 3' in problem.reason


def test_too_few_values_in_a_row(root):
    edit(root / TRAIN, 4, '0;2001;someone')
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    reasons = {(p.file.name, p.line): p.reason for p in caught.value.problems}
    columns = len(KEYPOINT_COLUMNS)
    assert reasons['train.csv', 4] == f'3 values where the header has {columns}'


def test_a_row_without_visible_keypoints(root):
    for name in KEYPOINTS:
        set_value(root / TRAIN, 4, f'{name}_s', '0')
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    assert caught.value.problems[0].reason == 'no keypoint is visible'


def test_a_frame_in_both_splits(root):
    val = root / 'keypoints' / 'val.csv'
    edit(val, 4, join(row('0', 1944)))
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    problem = caught.value.problems[-1]
    assert (problem.file.name, problem.line) == ('val.csv', 4)
    assert 'is also in' in problem.reason
    assert 'train.csv:3' in problem.reason


def test_all_problems_are_reported_not_only_the_first(root):
    set_value(root / TRAIN, 3, 'head_x', 'a')
    set_value(root / TRAIN, 5, 'head_x', 'b')
    set_value(root / 'keypoints' / 'val.csv', 3, 'head_x', 'c')
    with pytest.raises(InvalidRows) as caught:
        convert(root)
    assert [p.line for p in caught.value.problems] == [3, 5, 3]


def test_a_split_without_anything_usable_is_an_error_even_then(root):
    for _, frame in FRAMES['val']:
        (root / 'images' / '3' / f'3_({frame:05d}).jpg').unlink()
    with pytest.raises(ValueError, match=r'val.csv has no row that can be used; the first of 2'):
        convert(root, skip_invalid=True)
    assert not (root / 'annotations').exists()


def test_nothing_is_overwritten_unasked(root):
    (root / 'annotations').mkdir()
    (root / 'annotations' / 'val.json').write_text('my own')
    with pytest.raises(FileExistsError, match=r'val.json exist already'):
        convert(root)
    assert (root / 'annotations' / 'val.json').read_text() == 'my own'
    assert not (root / 'annotations' / 'train.json').exists()
    convert(root, overwrite=True)
    assert json.loads((root / 'annotations' / 'val.json').read_text())['images']


@pytest.mark.parametrize('splits', [['test'], []])
def test_a_wrong_split_is_named(root, splits):
    with pytest.raises(ValueError, match='split'):
        convert(root, splits=splits)


def test_tool_says_what_is_next(root, capsys):
    assert run_tool(root) == 0
    shown = capsys.readouterr()
    assert f'{root / "annotations" / "train.json"}: 3 images' in shown.out
    assert f"data_root='{root}'" in shown.out
    assert 'ln -s' not in shown.out
    assert run_tool(root) == 2
    assert 'exist already' in capsys.readouterr().err
    assert run_tool(root, '--overwrite', '--quiet') == 0


def test_tool_says_how_to_link_frames_that_lie_elsewhere(root, capsys):
    (root / 'images').rename(root / 'elsewhere')
    assert run_tool(root, '--frames', root / 'elsewhere', '--quiet') == 0
    assert f"ln -s '{root / 'elsewhere'}' '{root / 'images'}'" in capsys.readouterr().out


def test_tool_lists_problems_and_writes_a_report(root, tmp_path, capsys):
    count = 60
    lines = [join(row('0', 5000 + i)) for i in range(count)]
    path = root / TRAIN
    path.write_text(path.read_text() + '\n'.join(lines) + '\n')
    report = tmp_path / 'report.txt'
    assert run_tool(root, '--quiet') == 1
    shown = capsys.readouterr().err
    assert f'{path}:6: ' in shown
    assert '… and 21 more; --report FILE' in shown  # with the wrong count
    assert '61 of the rows and boxes cannot be used; nothing was written' in shown
    assert run_tool(root, '--quiet', '--skip-invalid', '--report', report) == 0
    assert len(report.read_text().splitlines()) == count + 1
    assert 'Left out 61 rows' in capsys.readouterr().out
    assert run_tool(root, '--quiet', '--overwrite', '--report', report) == 2
    assert 'name a new file' in capsys.readouterr().err


def test_tool_helps_at_once():
    done = subprocess.run([sys.executable, str(TOOL), '--help'], capture_output=True, text=True)
    assert done.returncode == 0
    assert 'examples:' in done.stdout


def test_frames_of_several_sizes(root):
    path = root / 'images' / '0' / '0_(02001).jpg'
    cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), (WIDTH * 2, HEIGHT * 2)))
    set_value(root / TRAIN, 4, 'rwri_x', '150')
    convert(root, annotation_size=None)
    coco = json.loads((root / 'annotations' / 'train.json').read_text())
    assert [image['width'] for image in coco['images']] == [WIDTH, 2 * WIDTH, WIDTH]


def resize(root: Path, event: str, frame: int, size: tuple[int, int]) -> None:
    path = root / 'images' / frame_file(event, frame)
    cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), size))


@pytest.mark.parametrize('skip_invalid', [False, True])
def test_frames_of_another_size_are_refused_in_one_sentence(root, skip_invalid):
    # All that is annotated lies inside of the larger frames, and would pass for right.
    resize(root, '0', 2001, (WIDTH * 2, HEIGHT * 2))
    resize(root, '11', 7, (WIDTH // 2, HEIGHT // 2))
    resize(root, '3', 12, (WIDTH * 2, HEIGHT * 2))
    with pytest.raises(ValueError) as caught:
        convert(root, skip_invalid=skip_invalid)
    assert not isinstance(caught.value, InvalidRows)
    message = str(caught.value)
    assert '\n' not in message and '. ' not in message
    assert message.startswith('3 of 5 frames have another size than 96x64, in whose pixels')
    assert '192x128 (2), 48x32 (1);' in message
    assert '--scale-frames' in message and '--annotation-size WxH' in message
    assert not (root / 'annotations').exists()


def test_the_published_annotations_are_for_frames_of_1920x1080(root):
    with pytest.raises(ValueError, match='5 of 5 frames have another size than 1920x1080'):
        convert(root, annotation_size=ANNOTATION_SIZE)


@pytest.mark.parametrize('size', [(WIDTH * 2, HEIGHT * 2), (72, 48), (85, 57)])
def test_boxes_and_keypoints_are_scaled_to_the_frames(root, size):
    convert(root)
    expected = json.loads((root / 'annotations' / 'train.json').read_text())
    resize(root, '0', 2001, size)
    assert convert(root, scale_frames=True, overwrite=True).problems == []
    coco = json.loads((root / 'annotations' / 'train.json').read_text())
    x, y = size[0] / WIDTH, size[1] / HEIGHT
    changed, whole = coco['annotations'][1], expected['annotations'][1]
    assert changed['bbox'] == pytest.approx([11 * x, 5 * y, 40 * x, 50 * y])
    assert changed['area'] == pytest.approx(whole['area'] * x * y, abs=0.01)
    assert changed['keypoints'][0::3] == pytest.approx([x * v for v in whole['keypoints'][0::3]])
    assert changed['keypoints'][1::3] == pytest.approx([y * v for v in whole['keypoints'][1::3]])
    assert changed['keypoints'][2::3] == whole['keypoints'][2::3]
    assert (coco['images'][1]['width'], coco['images'][1]['height']) == size
    # The others are as before.
    for part in ('images', 'annotations'):
        assert coco[part][::2] == expected[part][::2]


def test_a_frame_of_another_aspect_ratio_cannot_be_scaled_to(root):
    resize(root, '0', 2001, (WIDTH * 2, HEIGHT * 2 - 4))
    with pytest.raises(InvalidRows) as caught:
        convert(root, scale_frames=True)
    (problem,) = caught.value.problems
    assert (problem.file.name, problem.line) == ('train.csv', 4)
    assert 'frame of 192x124 pixels has another aspect ratio' in problem.reason
    assert convert(root, scale_frames=True, skip_invalid=True).images == {'train': 2, 'val': 2}


def test_what_lies_outside_is_measured_in_the_size_of_the_annotations(root):
    resize(root, '0', 2001, (WIDTH * 2, HEIGHT * 2))
    set_value(root / TRAIN, 4, 'rwri_x', '96.5')
    with pytest.raises(InvalidRows) as caught:
        convert(root, scale_frames=True)
    (problem,) = caught.value.problems
    assert 'rwri at (96.5, 14) is outside the frame of 96x64 pixels' in problem.reason


def test_there_is_nothing_to_scale_from(root):
    with pytest.raises(ValueError, match='leave out one of --scale-frames and --annotation-size'):
        convert(root, annotation_size=None, scale_frames=True)


@pytest.mark.parametrize('name', ['train.csv', 'val.csv'])
def test_tool_refuses_and_scales(root, name, capsys):
    files = [root, '--quiet', '--annotation-size', '192x128', '--splits', name[:-4]]
    assert run_tool(*files, '--skip-invalid') == 2
    shown = capsys.readouterr().err
    assert shown.startswith('error: ') and 'have another size than 192x128' in shown
    assert run_tool(*files, '--scale-frames') == 0
    assert run_tool(*files, '--annotation-size', 'frames', '--overwrite') == 0


@pytest.mark.parametrize('size', ['large', '1920', '0x1080', '1920x', '-96x64', 'none'])
def test_tool_refuses_what_is_no_size(root, size, capsys):
    with pytest.raises(SystemExit) as end:
        run_tool(root, f'--annotation-size={size}')
    assert end.value.code == 2
    assert 'is not allowed: give width x height in pixels' in capsys.readouterr().err


def test_frames_without_rows_are_nobodys_concern(root):
    write_frame(root / 'images', '0', 5)
    assert convert(root).problems == []
