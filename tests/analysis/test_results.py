import math

import pytest

from mmseg_tome.analysis.results import (
    HEADER,
    Result,
    from_json,
    quartiles,
    read_csv,
    to_frame,
    to_json,
    write_csv,
)

ROWS = [
    Result('benchmark', 'seconds_per_image', 0.5, 0.25, 0.75, 's', 3, 'b0', 128, 160, batch='1'),
    Result('table2', 'mIoU', math.nan, note='it failed, "quite"', source='paper'),
]
WHERE = {'device': 'cpu', 'threads': 2, 'versions': 'torch 2', 'commit': 'a', 'date': '2026-01-01'}


def test_one_header_for_all(tmp_path):
    write_csv(ROWS, tmp_path / 'new' / 'a.csv')
    first, *rest = (tmp_path / 'new' / 'a.csv').read_text().splitlines()
    assert first == (
        'experiment,model,height,width,batch,dtype,mode,scope,dataset,implementation,strategy,'
        'metric,value,low,high,unit,samples,note,source,device,threads,versions,commit,date,key,'
        'command'
    )
    assert rest[0].startswith('benchmark,b0,128,160,1,,,,,,,seconds_per_image,0.5,0.25,0.75,s,3,')
    frame = read_csv(tmp_path / 'new' / 'a.csv')
    assert frame['value'][0] == 0.5 and math.isnan(frame['value'][1])
    assert frame['batch'].tolist() == ['1', ''] and frame['note'][1] == ROWS[1].note
    assert list(to_frame(ROWS)) == list(HEADER) == list(frame)


def test_another_table_is_refused(tmp_path):
    (tmp_path / 'a.csv').write_text('variant,value\nb0,1\n')
    with pytest.raises(ValueError, match=r'is not a table of results.*batch.*variant'):
        read_csv(tmp_path / 'a.csv')


def test_json_gives_the_same_rows():
    (first, second) = from_json(to_json(ROWS))
    assert first == ROWS[0] and math.isnan(second.value) and second.note == ROWS[1].note
    assert to_json(ROWS)[1]['value'] is None


def test_provenance_is_added():
    row = ROWS[0].at(WHERE, key='k', command='c')
    assert (row.threads, row.versions, row.key, row.command) == (2, 'torch 2', 'k', 'c')
    assert row.value == 0.5


def test_sources_are_checked():
    with pytest.raises(ValueError, match="source is 'guessed'; allowed: measured, transcribed"):
        Result('a', 'b', 1, source='guessed')


def test_quartiles():
    assert quartiles([1.0]) == {'low': 1, 'value': 1, 'high': 1}
    assert quartiles([4.0, 1.0, 2.0, 3.0, 5.0]) == {'low': 2, 'value': 3, 'high': 4}
