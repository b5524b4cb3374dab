import pytest

from mmseg_tome.analysis.search.rates_file import write_rates
from mmseg_tome.strategies import PRESETS, parse_tome_cfg


@pytest.mark.parametrize('name', ['hq', 'fast', 'n2d_2x2'])
def test_files_are_what_tome_cfg_takes(tmp_path, name):
    path = tmp_path / 'rates.yaml'
    write_rates(path, PRESETS[name].stages, 'how it was found\n\nand when')
    assert path.read_text().startswith('# how it was found\n#\n# and when\n- {')
    assert parse_tome_cfg(str(path)).stages == parse_tome_cfg(name).stages
    assert parse_tome_cfg(path).name == str(path)


def test_stages_that_merge_nothing(tmp_path):
    write_rates(tmp_path / 'none.yaml', [{}] * 4, 'nothing')
    assert parse_tome_cfg(tmp_path / 'none.yaml').stages == parse_tome_cfg(None).stages


def test_nothing_is_overwritten(tmp_path):
    write_rates(tmp_path / 'rates.yaml', [{}], 'first')
    with pytest.raises(FileExistsError):
        write_rates(tmp_path / 'rates.yaml', [{}], 'second')
