"""Run a tool or demo of MMSegmentation or MMPose itself, with the patches of this package."""

import argparse
import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

from ..suggestions import closest_name

EXAMPLES = """\
examples:
  python -m mmseg_tome run mmseg
      lists the tools of MMSegmentation

  python -m mmseg_tome run mmseg print_config configs/streets/….py
  python -m mmseg_tome run mmseg analysis_tools/browse_dataset configs/streets/….py --not-show \\
      --output-dir pictures
  python -m mmseg_tome run mmpose get_flops configs/coco/….py
      what follows the tool is its own command line; its --help has the options

`mim run` starts these tools without importing mmseg_tome: they end in import errors where it has to
patch something, and know none of its models before they have read a config that imports it.
"""
# By the names of the modules, and of the distributions where they differ.
PACKAGES = {'mmseg': 'seg', 'mmpose': 'pose'}
ALIASES = {'mmsegmentation': 'mmseg'}


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command; what follows the tool's name is not its to read."""
    parser = argparse.ArgumentParser(
        'python -m mmseg_tome run',
        usage='python -m mmseg_tome run [-h] PACKAGE [TOOL [ARGUMENT …]]',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('package', metavar='PACKAGE', action=_Package, help=' or '.join(PACKAGES))
    parser.add_argument(
        'tool', metavar='TOOL', nargs='?', action=_Tool, help='its name, with its folder or without'
    )
    parser.add_argument(
        'arguments', metavar='ARGUMENT', nargs=argparse.REMAINDER, help="the tool's own arguments"
    )
    return parser


class _Package(argparse.Action):
    """Takes the name of a package that is installed and has tools."""

    def __call__(self, parser: Any, namespace: Any, value: Any, option: Any = None) -> None:
        name = ALIASES.get(value, value)
        if name not in PACKAGES:
            near = closest_name(name, [*PACKAGES, *ALIASES])
            hint = f'did you mean {near!r}? ' if near else ''
            parser.error(f'no package {value!r}: {hint}Allowed: {", ".join(PACKAGES)}')
        try:
            namespace.tools = find_tools(name)
        except FileNotFoundError as error:
            parser.error(str(error))
        namespace.package = name


class _Tool(argparse.Action):
    """Takes the name of a tool of the package before it, as its path."""

    def __call__(self, parser: Any, namespace: Any, value: Any, option: Any = None) -> None:
        namespace.tool = None
        if value is None:
            return
        asked = Path(value).with_suffix('').parts if value.endswith('.py') else Path(value).parts
        found = [name for name in namespace.tools if Path(name).parts[-len(asked) :] == asked]
        if len(found) == 1:
            namespace.tool = namespace.tools[found[0]]
        elif found:
            choice = ' or '.join(found)
            parser.error(f'{namespace.package} has several tools {value!r}: give {choice}')
        else:
            names = {Path(name).name: name for name in namespace.tools}
            near = closest_name(Path(value).name, names)
            hint = f'did you mean {names[near]!r}? ' if near else ''
            parser.error(
                f'{namespace.package} has no tool {value!r}: {hint}'
                f'Allowed: {", ".join(namespace.tools)}'
            )


def find_tools(package: str) -> dict[str, Path]:
    """Finds what can be run of a package, without importing it.

    Returns:
        The files by their names, such as `tools/misc/print_config`, sorted.

    Raises:
        FileNotFoundError: If the package is not installed, or came without its tools.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f'{package} is not installed; get it with: '
            f"pip install 'mmseg_tome[{PACKAGES[package]}]' (docs/install.md says more)"
        )
    root = Path(spec.origin).parent / '.mim'
    files = sorted(path for part in ('tools', 'demo') for path in (root / part).rglob('*.py'))
    tools = {
        path.relative_to(root).with_suffix('').as_posix(): path
        for path in files
        if '__main__' in path.read_text(encoding='utf-8')
    }
    if not tools:
        raise FileNotFoundError(f'{package} came without its tools: there are none in {root}')
    return tools


def main(arguments: list[str]) -> int:
    """Runs a tool in this process, or lists the tools; returns the exit status."""
    args = build_parser().parse_args(arguments)
    if args.tool is None:
        print(*args.tools, sep='\n')
        return 0
    # What importing the package patches is patched by now; this is for tools alone.
    from ..compat import mmengine_flops, mmseg_drawing

    mmengine_flops.patch()
    if args.package == 'mmseg':
        mmseg_drawing.patch()
    # As if the file had been started itself.
    sys.argv = [str(args.tool), *args.arguments]
    sys.path.insert(0, str(args.tool.parent))
    try:
        runpy.run_path(str(args.tool), run_name='__main__')
    except ModuleNotFoundError as error:
        missing = str(error.name).partition('.')[0]
        if importlib.util.find_spec(missing):
            raise
        print(f'error: {args.tool} needs {missing}, which is not installed', file=sys.stderr)
        return 2
    return 0
