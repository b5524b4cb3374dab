import re

import pytest

from mmseg_tome import cli
from mmseg_tome.analysis.image_files import find_images
from tests.analysis.tiny_segmentor import write_checkpoint, write_config, write_image


@pytest.fixture(scope='module')
def arguments(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tiny')
    config = write_config(folder)
    checkpoint = write_checkpoint(folder, config)
    (folder / 'images').mkdir()
    for name in ('a', 'b'):
        write_image(folder / 'images' / f'{name}.png')
    (folder / 'images' / 'notes.txt').write_text('no image')
    return [str(folder / 'images'), '--config', str(config), '--checkpoint', str(checkpoint)]


def test_a_folder_becomes_sheets_and_a_page(arguments, tmp_path, capsys):
    assert cli.main(['show', *arguments, '--strategy', 'fast', '--out', str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert re.fullmatch(r'fast-\d{8}-\d{6}', folder.name)
    assert {p.name for p in folder.iterdir()} == {'a.png', 'b.png', 'index.html', 'pictures'}
    assert len(list(folder.rglob('pictures/*/*.png'))) == 2 * (4 + 5)
    printed = capsys.readouterr().out
    assert str(folder / 'index.html') in printed.replace('\n', '')
    assert 'not in sliding windows' in printed
    assert 'not in sliding windows' in (folder / 'index.html').read_text('utf-8')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (['--strategy', 'hqq'], "did you mean 'hq'?"),
        (['--strategy', 'none'], 'merges no tokens'),
        (['--checkpoint', 'absent.pth'], 'absent.pth: there is no such file'),
        (['--config', 'absent.py'], 'absent.py'),
        (['--device', 'cuda:77'], 'no such GPU'),
    ],
)
def test_mistakes_are_answered_before_anything_is_written(
    arguments, tmp_path, capsys, changes, message
):
    assert cli.main(['show', *arguments, *changes, '--out', str(tmp_path / 'out')]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_a_mistyped_device_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        cli.main(['show', *arguments, '--device', 'gpu'])
    assert "'gpu': give cpu, cuda or cuda:1" in capsys.readouterr().err


def test_images_are_found_and_sorted(tmp_path):
    for name in ('b.PNG', 'a.jpg'):
        write_image(tmp_path / name)
    (tmp_path / 'sub.png').mkdir()
    alone = write_image(tmp_path / 'sub.png' / 'c.png')
    assert [p.name for p in find_images([tmp_path, alone])] == ['a.jpg', 'b.PNG', 'c.png']


def test_a_folder_without_images(tmp_path):
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(FileNotFoundError, match=r'has no image in it: looked for \.png'):
        find_images([tmp_path])


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such file or folder'):
        find_images([tmp_path / 'absent'])


def test_what_is_not_an_image(tmp_path):
    (tmp_path / 'x.png').write_text('text')
    with pytest.raises(ValueError, match=r'x\.png cannot be read as an image'):
        find_images([tmp_path])


def test_two_images_of_one_name(tmp_path):
    write_image(tmp_path / 'a.png')
    write_image(tmp_path / 'a.jpg')
    with pytest.raises(ValueError, match=r'a\.jpg and .*a\.png would both be shown as a\.png'):
        find_images([tmp_path])
