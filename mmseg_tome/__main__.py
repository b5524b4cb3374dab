"""`python -m mmseg_tome`: where the installed configs are, and which versions run."""

import argparse
import difflib
import importlib.metadata
import platform
import sys

from .config_files import find_configs

PACKAGES = (
    'mmseg_tome',
    'torch',
    'torchvision',
    'numpy',
    'opencv-python',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmsegmentation',
    'mmdet',
    'mmpose',
    'openmim',
    'setuptools',
)

CONFIGS_EXAMPLES = """\
examples:
  python -m mmseg_tome configs                  list all
  python -m mmseg_tome configs cityscapes       those with "cityscapes" in their path
  python -m mmseg_tome configs '*b0*fast*'      those whose path matches a pattern
  mim train mmsegmentation $(python -m mmseg_tome configs <name>)
"""


def list_configs(pattern: str) -> int:
    """Prints one absolute path per line; returns the exit status, 1 if there is no match."""
    found = find_configs(pattern)
    print(*found, sep='\n', end='\n' if found else '')
    if found:
        return 0
    near = difflib.get_close_matches(
        pattern.strip('*'), [p.stem for p in find_configs()], cutoff=0.3
    )
    hint = f' Did you mean {" or ".join(near)}?' if near else ''
    print(
        f'No config matches {pattern!r}.{hint} `python -m mmseg_tome configs` lists all.',
        file=sys.stderr,
    )
    return 1


def print_environment() -> int:
    """Prints the versions that a bug report needs; returns the exit status, 0."""
    import torch

    rows = {'python': platform.python_version(), 'platform': platform.platform()}
    for package in PACKAGES:
        try:
            rows[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            rows[package] = '-'
    cuda = torch.cuda.is_available()
    rows['device'] = f'{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}' if cuda else 'CPU'
    for name, value in rows.items():
        print(f'{name:16}{value}')
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Runs one sub-command and returns its exit status.

    Args:
        arguments: The command line without the program's name; that of the process if None.
    """
    parser = argparse.ArgumentParser('python -m mmseg_tome', description=__doc__)
    commands = parser.add_subparsers(dest='command', metavar='command')
    configs = commands.add_parser(
        'configs',
        help='list the installed configs, one absolute path per line',
        description='Lists the installed configs, one absolute path per line.',
        epilog=CONFIGS_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    configs.add_argument(
        'pattern', nargs='?', default='', help='part of a path, or a shell pattern'
    )
    commands.add_parser('env', help='print the versions that a bug report needs')
    options = parser.parse_args(arguments)
    if options.command == 'configs':
        return list_configs(options.pattern)
    if options.command == 'env':
        return print_environment()
    parser.print_help()
    return 0


if __name__ == '__main__':
    sys.exit(main())
