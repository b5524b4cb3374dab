"""What the workflows and pages run is there; the workflows themselves run elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

check_jsonschema = pytest.importorskip('check_jsonschema')

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / '.github' / 'workflows').glob('*.yml'))
FORMS = sorted((ROOT / '.github' / 'ISSUE_TEMPLATE').glob('*.yml'))
FILE = re.compile(r'(?:tools|requirements|benchmarks|tests|demo|configs)/[\w/.-]+\.\w+')


def scripts(path: Path) -> list[str]:
    jobs = yaml.safe_load(path.read_text(encoding='utf-8'))['jobs']
    return [step['run'] for job in jobs.values() for step in job['steps'] if 'run' in step]


def make_targets() -> set[str]:
    text = (ROOT / 'Makefile').read_text(encoding='utf-8')
    return set(re.findall(r'^([a-z-]+):', text, re.MULTILINE))


def targets_called(script: str) -> set[str]:
    """The targets of every call of make in a script."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'|(?<!\S)#.*', '', script)
    calls = re.findall(r'\bmake((?: +[^\s#;&|]+)+)', bare)
    return {word for call in calls for word in call.split() if re.fullmatch('[a-z][a-z-]*', word)}


def validate(schema: str, *paths: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'check_jsonschema', '--builtin-schema', f'vendor.{schema}']
    return subprocess.run([*command, *map(str, paths)], capture_output=True, text=True)


def test_there_are_some():
    assert WORKFLOWS and len(FORMS) >= 3
    assert {'install', 'lint', 'test', 'docs'} <= set().union(
        *(targets_called(script) for path in WORKFLOWS for script in scripts(path))
    )


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_what_is_run_exists(path):
    for script in scripts(path):
        assert targets_called(script) <= make_targets(), script
        assert [name for name in FILE.findall(script) if not (ROOT / name).is_file()] == []


PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]


@pytest.mark.parametrize('path', PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_targets_that_pages_name_exist(path):
    text = path.read_text(encoding='utf-8')
    blocks = re.findall(r'^```shell\n(.*?)^```', text, re.DOTALL | re.MULTILINE)
    assert set().union(*map(targets_called, blocks)) <= make_targets()


def test_schemas():
    config = [path for path in FORMS if path.name == 'config.yml']
    forms = [path for path in FORMS if path.name != 'config.yml']
    for schema, paths in (
        ('github-workflows', WORKFLOWS),
        ('github-issue-forms', forms),
        ('github-issue-config', config),
    ):
        done = validate(schema, *paths)
        assert done.returncode == 0, done.stdout


def test_a_wrong_workflow_is_found(tmp_path):
    text = WORKFLOWS[0].read_text(encoding='utf-8')
    wrong = tmp_path / 'ci.yml'
    wrong.write_text(text.replace('runs-on:', 'run-on:'))
    assert validate('github-workflows', wrong).returncode != 0
    assert targets_called('cd x && make no-such-thing JOBS=2  # or make') == {'no-such-thing'}
    assert targets_called('make lint test ARGS="-k some thing"\nmake docs') == {
        *('lint', 'test', 'docs')
    }


def test_bug_reports_ask_for_versions():
    (form,) = (path for path in FORMS if path.name == 'bug_report.yml')
    body = yaml.safe_load(form.read_text(encoding='utf-8'))['body']
    (asked,) = (part for part in body if 'mmseg_tome env' in str(part['attributes']))
    assert asked['validations'] == {'required': True}


def test_every_supported_python_is_tested():
    jobs = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text(encoding='utf-8'))['jobs']
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    supported = re.findall(r'Python :: (3\.\d+)', setup)
    assert jobs['tests']['strategy']['matrix']['python'] == supported
