"""That the files of results are what their reader says they are."""

import pytest

from benchmarks.docs.results import FOLDER
from mmseg_tome.analysis.results import SOURCES, read_csv

FILES = sorted(FOLDER.glob('*.csv'))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_file_holds_one_experiment_with_its_provenance(path):
    frame = read_csv(path)
    assert set(frame['experiment']) == {path.stem}
    assert set(frame['source']) <= set(SOURCES)
    assert frame['value'].notna().all()
    assert (frame[['device', 'date']] != '').all(axis=None)
    assert not frame.duplicated([*frame.columns.drop(['value', 'low', 'high', 'samples'])]).any()
    spread = frame.dropna(subset=['low', 'high'])
    assert (spread['low'] <= spread['value']).all() and (spread['value'] <= spread['high']).all()
