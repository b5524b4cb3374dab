import pytest

from mmseg_tome import cli
from mmseg_tome.analysis.results import read_csv

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # OpenMMLab's own


def test_a_profile_is_printed_and_written(tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = ['profile', '--size', '128x96', '--repeats', '1', '--out', str(out)]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    for words in (
        'Profile: hq, B0 128x96, inference',
        'FFN and its norm',
        'multiplications of one block',
    ):
        assert words in printed
    assert {path.name for path in out.iterdir()} == {'profile.md', 'profile.csv'}
    rows = read_csv(out / 'profile.csv')
    assert set(rows.strategy) == {'hq', ''} and set(rows.scope) == {'layer'}
    assert rows.command.str.startswith('python -m mmseg_tome profile --size 128x96').all()
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert 'is there already: name a new folder' in capsys.readouterr().err
