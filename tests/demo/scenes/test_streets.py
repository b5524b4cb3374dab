"""Generated street scenes: their pictures, and the folder they are written to."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.scenes.streets import CLASSES, IGNORE, generate_streets, render_street

TOOL = Path(__file__).parents[3] / 'tools' / 'make_streets.py'
SMALL = (256, 128)
POLE = CLASSES.index('pole')


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def run_tool(*arguments) -> int:
    spec = importlib.util.spec_from_file_location('make_streets', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([str(argument) for argument in arguments])


@pytest.fixture(scope='module')
def scenes() -> list[tuple[np.ndarray, np.ndarray]]:
    return [render_street(i, size=(512, 256)) for i in range(24)]


@pytest.fixture
def written(tmp_path) -> Path:
    folder = tmp_path / 'streets'
    generate_streets(folder, train=2, val=1, size=SMALL, workers=1)
    return folder


@pytest.mark.parametrize('size', [(128, 64), (333, 77), (640, 640), (2048, 1024)])
def test_image_and_labels_have_the_size_asked_for(size):
    image, labels = render_street(3, size=size)
    assert image.shape == (size[1], size[0], 3)
    assert labels.shape == (size[1], size[0])
    assert image.dtype == labels.dtype == np.uint8


def test_the_same_arguments_give_the_same_bytes():
    first, again = render_street(5, size=SMALL), render_street(5, size=SMALL)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize('other', [{'index': 6}, {'seed': 1}, {'split': 'val'}])
def test_index_seed_and_split_change_the_scene(other):
    image, labels = render_street(**{'index': 5, 'size': SMALL})
    other_image, other_labels = render_street(**{'index': 5, 'size': SMALL, **other})
    assert (image != other_image).mean() > 0.5
    assert (labels != other_labels).mean() > 0.05


def test_all_classes_and_nothing_else(scenes):
    found = set(np.unique([labels for _, labels in scenes]))
    assert found - {IGNORE} == set(range(len(CLASSES)))


def test_scenes_are_neither_flat_nor_blown_out(scenes):
    for image, _ in scenes:
        assert 25 < image.mean() < 215
        assert image.std() > 20


def test_image_edges_lie_on_label_edges(scenes):
    """Moved by a pixel or two, the labels' outlines meet fewer edges of the image."""
    met = dict.fromkeys((-4, -2, 0, 2, 4), 0.0)
    for image, labels in scenes:
        gray = cv2.GaussianBlur(image, (3, 3), 0.5).astype(np.float32).mean(-1)
        # Across a pixel, so that neither side of an edge is favored.
        steps = np.abs(gray[:, 2:] - gray[:, :-2])[:, 4:-4]
        outline = (labels[:, 2:] != labels[:, :-2])[:, 4:-4]
        for shift in met:
            met[shift] += steps[np.roll(outline, shift, 1)].mean()
    assert max(met, key=met.get) == 0
    assert met[0] > 1.5 * max(met[-4], met[4])


def test_poles_stay_visible_in_small_pictures():
    assert sum((render_street(i, size=(128, 64))[1] == POLE).sum() for i in range(8)) > 40


def test_layout_is_that_of_cityscapes(written):
    files = set(contents(written))
    for split, count in (('train', 2), ('val', 1)):
        for i in range(count):
            stem = f'{split}/generated/generated_{i:06d}_000019'
            assert f'leftImg8bit/{stem}_leftImg8bit.png' in files
            assert f'gtFine/{stem}_gtFine_labelTrainIds.png' in files
    record = json.loads((written / 'generated.json').read_text())
    assert record['complete'] is True
    assert (record['seed'], record['train'], record['val']) == (0, 2, 1)
    assert 'generated' in (written / 'README.txt').read_text()
    assert not [name for name in files if name.endswith('.part')]


def test_files_hold_what_is_rendered(written):
    image, labels = render_street(1, size=SMALL)
    stem = 'train/generated/generated_000001_000019'
    on_disk = cv2.imread(str(written / 'leftImg8bit' / f'{stem}_leftImg8bit.png'))
    marked = written / 'gtFine' / f'{stem}_gtFine_labelTrainIds.png'
    assert np.array_equal(on_disk, image)
    assert np.array_equal(cv2.imread(str(marked), cv2.IMREAD_UNCHANGED), labels)


def test_workers_change_no_byte(tmp_path):
    request = {'train': 6, 'val': 3, 'size': SMALL, 'seed': 4}
    generate_streets(tmp_path / 'alone', workers=1, **request)
    generate_streets(tmp_path / 'shared', workers=3, **request)
    assert contents(tmp_path / 'alone') == contents(tmp_path / 'shared')


def test_more_scenes_leave_the_others_as_they_are(written, tmp_path):
    generate_streets(tmp_path / 'more', train=3, val=1, size=SMALL, workers=1)
    more = contents(tmp_path / 'more')
    assert all(more[k] == v for k, v in contents(written).items() if k.endswith('.png'))


def test_the_same_set_is_not_drawn_again(written):
    before = {path: path.stat().st_mtime_ns for path in written.rglob('*')}
    result = generate_streets(written, train=2, val=1, size=SMALL)
    assert (result.drawn, result.scenes) == (0, 3)
    assert before == {path: path.stat().st_mtime_ns for path in written.rglob('*')}


def test_an_interrupted_set_is_continued(written):
    whole = contents(written)
    record = json.loads((written / 'generated.json').read_text())
    (written / 'generated.json').write_text(json.dumps({**record, 'complete': False}))
    lost = written / 'gtFine/train/generated/generated_000001_000019_gtFine_labelTrainIds.png'
    lost.rename(lost.with_name(lost.name + '.part'))
    result = generate_streets(written, train=2, val=1, size=SMALL, workers=1)
    assert result.drawn == 1
    assert contents(written) == whole


@pytest.mark.parametrize('record', [None, 'not json', '[]', '{"kind": "holiday photos"}'])
def test_a_folder_of_something_else_is_refused(tmp_path, record):
    (tmp_path / 'thesis.txt').write_text('irreplaceable')
    if record is not None:
        (tmp_path / 'generated.json').write_text(record)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match=r'Choose another folder'):
        generate_streets(tmp_path, train=1, val=1, size=SMALL)
    assert contents(tmp_path) == before


def test_another_set_is_refused_and_the_difference_named(written):
    before = contents(written)
    with pytest.raises(FileExistsError, match=r'seed 0 instead of 9'):
        generate_streets(written, train=2, val=1, size=SMALL, seed=9)
    assert contents(written) == before


def test_a_file_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(NotADirectoryError, match='is a file'):
        generate_streets(tmp_path / 'file', train=1, val=1)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'train': -1}, 'train is -1; it must be a whole number from 0 to 100000'),
        ({'val': 1.5}, 'val is 1.5'),
        ({'train': 0, 'val': 0}, 'both 0'),
        ({'size': (4096, 2048)}, r'size \(width\) is 4096; .* from 128 to 2048'),
        ({'size': (1024, 32)}, r'size \(height\) is 32; .* from 64 to 1024'),
        ({'size': 512}, 'size is 512'),
        ({'seed': -3}, 'seed is -3'),
        ({'workers': 0}, 'workers is 0; it must be a whole number from 1'),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_written(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        generate_streets(tmp_path / 'new', **{'train': 1, 'val': 1, **wrong})
    assert not (tmp_path / 'new').exists()


def test_a_wrong_split_is_named():
    with pytest.raises(ValueError, match="split is 'test'"):
        render_street(0, split='test', size=SMALL)


def test_mmseg_reads_the_set_as_cityscapes(written):
    datasets = pytest.importorskip('mmseg.datasets')
    transforms = pytest.importorskip('mmseg.datasets.transforms')
    from mmcv.transforms import LoadImageFromFile

    image, labels = render_street(0, split='val', size=SMALL)
    dataset = datasets.CityscapesDataset(
        data_root=str(written),
        data_prefix={'img_path': 'leftImg8bit/val', 'seg_map_path': 'gtFine/val'},
        pipeline=[LoadImageFromFile(), transforms.LoadAnnotations()],
    )
    assert len(dataset) == 1
    assert dataset.metainfo['classes'] == CLASSES
    sample = dataset[0]
    assert np.array_equal(sample['img'], image)
    assert np.array_equal(sample['gt_seg_map'], labels)


def test_tool_helps_at_once():
    done = subprocess.run([sys.executable, str(TOOL), '--help'], capture_output=True, text=True)
    assert done.returncode == 0
    assert 'examples:' in done.stdout


def test_tool_writes_and_says_what_is_next(tmp_path, capsys):
    request = (tmp_path / 'set', '--train', 1, '--val', 1, '--size', '128x64', '--workers', 1)
    assert run_tool(*request, '--quiet') == 0
    assert f"data_root='{tmp_path / 'set'}'" in capsys.readouterr().out
    assert run_tool(*request) == 0
    assert 'already holds these 2 generated scenes' in capsys.readouterr().out


def test_tool_reports_errors_without_a_traceback(tmp_path, capsys):
    assert run_tool(tmp_path / 'set', '--train', -1) == 2
    assert 'error: train is -1' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_tool(tmp_path / 'set', '--size', 'large')
    assert "'large' is not a size" in capsys.readouterr().err
