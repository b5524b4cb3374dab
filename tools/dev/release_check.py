"""Builds wheel and sdist of what is tracked into `dist/`, and says what keeps them from a release.

Example:
    python tools/dev/release_check.py
"""

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r'^## \[([^]]+)\].*$', re.MULTILINE)


def package_version() -> str:
    """Returns the version that `version.py` gives."""
    text = (ROOT / 'mmseg_tome' / 'version.py').read_text(encoding='utf-8')
    return ast.literal_eval(text.partition('__version__ = ')[2].strip())


def changelog_problems(version: str, changelog: str) -> list[str]:
    """Returns what contradicts the version in a text in the form of Keep a Changelog.

    Either the newest heading of a release names the version, or changes are listed as unreleased.
    """
    parts = HEADING.split(changelog)
    entries = dict(zip(parts[1::2], parts[2::2], strict=True))
    unreleased = entries.pop('Unreleased', '')
    newest = next(iter(entries), None)
    if newest == version or re.search(r'^[-*] ', unreleased, re.MULTILINE):
        return []
    return [
        f'CHANGELOG.md: its newest release is {newest or "missing"} and nothing is listed under '
        f'[Unreleased], but mmseg_tome/version.py says {version}'
    ]


def wheel_problems(names: set[str]) -> list[str]:
    """Returns what is in a wheel, by the names of its files, and does not belong there."""
    allowed = re.compile(
        r'mmseg_tome/(?!\.mim/)|mmseg_tome/\.mim/(configs/|model-index\.yml$)'
        r'|mmseg_tome-[^/]+\.dist-info/'
    )
    return [
        f'wheel: {name} does not belong there'
        for name in sorted(names)
        if not allowed.match(name) or name.endswith(('.pth', '.pyc'))
    ]


def sdist_problems(names: set[str], tracked: set[str]) -> list[str]:
    """Returns what is tracked, dot files aside, and missing in an sdist, by the names of files."""
    expected = {name for name in tracked if not name.startswith('.')}
    return [f'sdist: {name} is missing' for name in sorted(expected - names)]


def tracked_files() -> set[str]:
    """Returns the files under version control, relative to the checkout."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name for name in listed.stdout.split('\0') if name}


def names_in_sdist(path: Path) -> set[str]:
    """Returns the files in an sdist, relative to its one folder."""
    with tarfile.open(path) as archive:
        return {name.partition('/')[2] for name in archive.getnames()}


def build(out: Path) -> tuple[Path, Path]:
    """Builds from a copy of the tracked files, so that nothing else gets in; wheel and sdist.

    The wheel is built from the sdist, which so is shown to have all that building needs.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in tracked_files():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, Path(folder) / name)
        command = [sys.executable, '-m', 'build', '--no-isolation', '--outdir', str(out), folder]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    version = package_version()
    return out / f'mmseg_tome-{version}-py3-none-any.whl', out / f'mmseg_tome-{version}.tar.gz'


def main() -> int:
    """Prints what is wrong, a line each, and returns the exit status."""
    changelog = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
    problems = changelog_problems(package_version(), changelog)
    wheel, sdist = build(ROOT / 'dist')
    with zipfile.ZipFile(wheel) as archive:
        problems += wheel_problems(set(archive.namelist()))
    problems += sdist_problems(names_in_sdist(sdist), tracked_files())
    twine = [sys.executable, '-m', 'twine', 'check', '--strict', str(wheel), str(sdist)]
    if subprocess.run(twine).returncode:
        problems.append('twine check: see above')
    for path in (wheel, sdist):
        print(f'{path}: {path.stat().st_size / 2**20:.2f} MiB')
    print(*problems, sep='\n', end='\n' if problems else '')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
