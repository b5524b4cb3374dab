"""List the installed configs, one absolute path per line."""

import argparse
import difflib
import sys

from ..config_files import find_configs

EXAMPLES = """\
examples:
  python -m mmseg_tome configs                  list all
  python -m mmseg_tome configs cityscapes       those with "cityscapes" in their path
  python -m mmseg_tome configs '*b0*fast*'      those whose path matches a pattern
  mim train mmsegmentation $(python -m mmseg_tome configs <name>)
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's options."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome configs',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('pattern', nargs='?', default='', help='part of a path, or a shell pattern')
    return parser


def main(arguments: list[str]) -> int:
    """Prints one absolute path per line; returns the exit status, 1 if there is no match."""
    pattern = build_parser().parse_args(arguments).pattern
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
