"""Says in one sentence what this machine lacks for `make install`, before anything is downloaded.

Runs under the interpreter that is to make the virtual environment, on its standard library alone
and in a syntax that an old Python can still read, so that an old Python gets its answer too.

Example:
    python3 tools/dev/check_machine.py .venv
    python3 tools/dev/check_machine.py .venv-onedl onedl
"""

import importlib.util
import os
import shutil
import sys
import sysconfig

OLDEST, NEWEST = (3, 10), (3, 13)
NEWEST_WITH_POSES = (3, 12)  # MMPose imports xtcocotools, whose setup.py fails on 3.13
FREE_GIB = 4  # a CPU environment takes 1.6 GiB, and pip unpacks beside what it downloads


def other_python() -> str:
    """Returns the name of a supported interpreter on PATH, or an empty string."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        if shutil.which(f'python3.{minor}'):
            return f'python3.{minor}'
    return ''


def existing_parent(path: str) -> str:
    """Returns the nearest folder above `path` that exists."""
    folder = os.path.dirname(os.path.abspath(path))
    return folder if os.path.isdir(folder) else existing_parent(folder)


def missing(venv: str, variant: str = '') -> str:
    """Returns what stands in the way of an installation in `venv`, or an empty string.

    Args:
        venv: Folder of the virtual environment, there already or not.
        variant: `onedl` for the forks, which come without MMPose; empty for OpenMMLab's packages.
    """
    running = sys.version_info[:2]
    name = f'Python {running[0]}.{running[1]}'
    if not OLDEST <= running <= NEWEST:
        other = other_python() or 'python3.11'
        return (
            f'{sys.executable} is {name}, and the pinned set needs Python 3.{OLDEST[1]} to '
            f'3.{NEWEST[1]}: run `PYTHON={other} make install`.'
        )
    if not (importlib.util.find_spec('venv') and importlib.util.find_spec('ensurepip')):
        return (
            f'{name} has no `venv` with pip: install it '
            f'(Debian and Ubuntu: `apt install python3.{running[1]}-venv`).'
        )
    compiles = not variant and running <= NEWEST_WITH_POSES
    if compiles and not os.path.exists(os.path.join(sysconfig.get_path('include'), 'Python.h')):
        return (
            f'{name} has no C headers (Python.h), and xtcocotools is built from source: install '
            f'them (Debian and Ubuntu: `apt install python3.{running[1]}-dev`).'
        )
    compiler = (os.environ.get('CC') or sysconfig.get_config_var('CC') or 'gcc').split()[0]
    if compiles and not shutil.which(compiler):
        return (
            f'the C compiler `{compiler}` is not on PATH, and xtcocotools is built from source: '
            'install it (Debian and Ubuntu: `apt install build-essential`).'
        )
    config = os.path.join(venv, 'pyvenv.cfg')
    if not os.path.exists(config):
        folder = existing_parent(venv)
        free = shutil.disk_usage(folder).free / 2**30
        if free < FREE_GIB:
            return f'{folder} has {free:.1f} GiB free, and the environment needs {FREE_GIB} GiB.'
        return ''
    with open(config, encoding='utf-8') as lines:
        made_with = dict(line.split(' = ', 1) for line in lines if ' = ' in line)['version'].strip()
    if tuple(int(part) for part in made_with.split('.')[:2]) != running:
        return (
            f'{venv} was made with Python {made_with}, not {name}: remove it, or keep both with '
            f'`VENV=.venv-{running[0]}.{running[1]} make install`.'
        )
    return ''


def left_out(variant: str = '') -> str:
    """Returns what an installation here goes without, or an empty string."""
    if variant:
        return 'MMPose is left out: it has no maintained fork.'
    if sys.version_info[:2] <= NEWEST_WITH_POSES:
        return ''
    return (
        f'Python {sys.version_info[0]}.{sys.version_info[1]} gets the segmentation half. MMPose is '
        'left out: it imports xtcocotools, which has no wheel for this Python and does not build '
        f'on it. For poses take Python 3.{NEWEST_WITH_POSES[1]}.'
    )


if __name__ == '__main__':
    folder = sys.argv[1] if len(sys.argv) > 1 else '.venv'
    variant = sys.argv[2] if len(sys.argv) > 2 else ''
    problem = missing(folder, variant)
    if problem:
        sys.exit(f'make install: {problem}')
    if left_out(variant):
        print(f'make install: {left_out(variant)}')
