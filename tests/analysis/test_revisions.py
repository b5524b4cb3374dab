"""Two revisions in turns: in a small repository, whose second commit is slow."""

import shutil
import subprocess

import pytest

pytest.importorskip('mmseg')
from mmseg_tome import cli
from mmseg_tome.analysis import revisions
from mmseg_tome.analysis.sources import ROOT
from mmseg_tome.analysis.workload import Workload

SLOW = '\nimport time\n_forward = MixFFN.forward\nMixFFN.forward = lambda *a, **k: '
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')  # MMSegmentation's own


def git(folder, *command):
    settings = ['-c', 'user.name=a', '-c', 'user.email=a@b']
    subprocess.run(['git', '-C', folder, *settings, *command], check=True, capture_output=True)


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    """A checkout with one commit, tagged `first`."""
    folder = tmp_path_factory.mktemp('tree')
    for name in ('mmseg_tome', 'configs'):
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    git(folder, 'init')
    git(folder, 'add', '.')
    git(folder, 'commit', '-m', 'first')
    git(folder, 'tag', 'first')
    return folder


@pytest.fixture
def spoiled(tree):
    """Append something to a file of the checkout, for one test."""
    sources = {}

    def spoil(code, name='mmseg_tome/models/mix_ffn.py'):
        path = tree / name
        sources[path] = path.read_text()
        path.write_text(sources[path] + code)

    yield spoil
    for path, source in sources.items():
        path.write_text(source)


def compare(tree, strategies=('hq',), repeats=1, **workload):
    steps = []
    workload = Workload('b0', 128, 128, **workload)
    found = list(
        revisions.compare_revisions('first', [workload], strategies, repeats, steps.append, tree)
    )
    assert steps == [f'{workload}, {s}' for s in strategies for _ in range(repeats + 1)]
    assert not (tree / '.git' / 'worktrees').exists()  # nothing is left behind
    return found


def test_a_slower_tree_is_found(tree, spoiled):
    spoiled(f'{SLOW}(time.sleep(0.02), _forward(*a, **k))[1]\n')
    none, hq = compare(tree, ('none', 'hq'), repeats=3, batch=2)
    for found in (none, hq):
        assert 0 < found.base < found.here and found.slowdown > 1.2
        assert found.difference < 1e-6
        assert '% slower than the base, 5 % is allowed' in found.problem(5)
        assert found.problem(1e6) is None


def test_another_output_is_found_before_any_time_counts(tree, spoiled):
    spoiled('\n_forward = MixFFN.forward\nMixFFN.forward = lambda *a, **k: 2 * _forward(*a, **k)\n')
    (found,) = compare(tree, mode='training', scope='backbone')
    assert 'its output differs from that of the base by' in found.problem(1e6)


def test_what_fails_is_shown(tree, spoiled):
    # Imported before anything else, so that it fails at once.
    spoiled('\nraise OSError("on purpose")\n', 'mmseg_tome/suggestions.py')
    with pytest.raises(RuntimeError, match=r'failed; its output ends with:(?s:.*)on purpose'):
        compare(tree)


def test_a_revision_that_is_not_there(tree):
    with pytest.raises(ValueError, match='invalid reference: absent'):
        list(revisions.compare_revisions('absent', [], ['hq'], 1, tree=tree))


@pytest.mark.parametrize(
    ('slowdown', 'options', 'code'),
    [(1.04, [], 0), (1.06, [], 1), (1.06, ['--allow-slower', '10'], 0), (float('nan'), [], 1)],
)
def test_the_command_is_a_gate(monkeypatch, capsys, slowdown, options, code):
    def compared(base, workloads, strategies, repeats, on_step):
        assert base == 'main' and strategies == ['none', 'hq'] and repeats == 5
        for workload in workloads:
            yield revisions.Comparison(workload, 'hq', 1.0, slowdown, slowdown, 0.0)

    monkeypatch.setattr(revisions, 'compare_revisions', compared)
    command = ['benchmark', '--base', 'main', '--sizes', '128x128', *options]
    assert cli.main([*command, '--columns', 'ours none', 'ours hq']) == code
    out, err = capsys.readouterr()
    assert f'1000.0 ms in main: ratio {slowdown:.3f}' in out
    assert ('slower than the base' in err) == bool(code)


def test_only_ours_can_be_compared(capsys):
    for options in (['--batch', 'auto'], ['--columns', 'stock none', 'ours hq']):
        with pytest.raises(SystemExit):
            cli.main(['benchmark', '--base', 'main', *options])
        assert '--base: give a --batch that is a number' in capsys.readouterr().err
