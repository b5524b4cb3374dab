import json

import pytest

from demo.data import prepare_athletes, prepare_data


def read_images(folder, split):
    return json.loads((folder / 'annotations' / f'{split}.json').read_text())['images']


def test_athletes_are_generated_and_converted_once(tmp_path):
    folder = tmp_path / 'athletes'
    for _ in range(2):
        prepare_athletes(folder, train=2, val=1, size=(320, 180))
        assert [len(read_images(folder, split)) for split in ('train', 'val')] == [2, 1]
        for image in read_images(folder, 'train'):
            assert (folder / 'images' / image['file_name']).is_file()

    # What is there stays; what an interrupted conversion left out is made good.
    kept = folder / 'annotations' / 'train.json'
    kept.write_text('mine')
    (folder / 'annotations' / 'val.json').unlink()
    prepare_athletes(folder, train=2, val=1, size=(320, 180))
    assert kept.read_text() == 'mine'
    assert len(read_images(folder, 'val')) == 1


def test_other_athletes_are_not_mixed(tmp_path):
    prepare_athletes(tmp_path / 'athletes', train=1, val=1, size=(320, 180))
    with pytest.raises(FileExistsError, match='holds another generated set'):
        prepare_athletes(tmp_path / 'athletes', train=2, val=1, size=(320, 180))


def test_own_data_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='there is no such folder'):
        prepare_data('camvid', tmp_path / 'camvid')
    prepare_data('camvid', tmp_path)
