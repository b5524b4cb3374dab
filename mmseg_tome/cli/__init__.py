"""The commands of `python -m mmseg_tome`: a module each, with `build_parser` and `main`.

What such a module imports at its top is imported for `--help` too: the standard library alone.
Whatever else it needs, its `main` imports once the arguments are parsed.
"""

import importlib
import sys
from types import ModuleType

from ..suggestions import closest_name

PROGRAM = 'python -m mmseg_tome'
COMMANDS = {
    'benchmark': 'time whole models: stock, with the published merging, and with this one',
    'profile': "show where the time of a model's inference goes, per stage and step",
    'search': 'search for reduction rates: quality against measured time, for your own model',
    'show': 'show which tokens are merged in images, block by block, and what that changes',
    'convert': 'convert a checkpoint: from and to NVlabs, Hugging Face and mmseg',
    'export': 'write a model for ONNX Runtime, OpenVINO or TensorRT, and prove that it is right',
    'convert-jbd': "turn the published files of the Jump Broadcast Dataset into COCO's format",
    'run': "run a tool or demo of MMSegmentation or MMPose itself, with this package's patches",
    'configs': 'list the installed configs, one absolute path per line',
    'env': 'print the versions that a bug report needs',
}
# Where a module has another name than its command: `profile` is one of the standard library.
MODULES = {'profile': 'profile_model', 'convert-jbd': 'convert_jbd', 'export': 'export_model'}
# These need none of what importing the package prepares, and answer where that is broken.
ALONE = ('configs', 'env')
# For MMSegmentation's and MMPose's models.
ON_OPENMMLAB = ('benchmark', 'profile', 'search', 'show', 'export', 'run')
# What else is imported where it is used, and the extra that installs it.
EXTRAS = {
    **dict.fromkeys(('cv2', 'matplotlib', 'pandas', 'PIL', 'rich', 'tabulate'), 'analysis'),
    'optuna': 'search',
}


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit status.

    Args:
        arguments: The command line without the program's name; that of the process if None.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ('-h', '--help'):
        print(_help())
        return 0
    name, *options = arguments
    if name not in COMMANDS:
        near = closest_name(name, COMMANDS)
        hint = f'did you mean {near!r}? ' if near else ''
        print(f'error: no command {name!r}: {hint}Allowed: {", ".join(COMMANDS)}', file=sys.stderr)
        return 2
    try:
        if name in ON_OPENMMLAB:
            from ..compat.versions import require_openmmlab

            require_openmmlab(f'{PROGRAM} {name}')
        return _module(name).main(options)
    except ModuleNotFoundError as error:
        package = str(error.name).partition('.')[0]
        if package == 'mmengine':
            print(f'error: {error}', file=sys.stderr)
        elif package in EXTRAS:
            print(
                f'error: {PROGRAM} {name} needs {package}, which is not installed; get it with: '
                f"pip install 'mmseg_tome[{EXTRAS[package]}]'",
                file=sys.stderr,
            )
        else:
            raise
        return 2


def answer_before_import() -> None:
    """Ends a process started for `--help`, a mistyped option or a light command at once.

    `python -m mmseg_tome` imports the package, and with it OpenMMLab, before it runs the package's
    `__main__`. The package calls this first, so that the answer need not wait for seconds, and is
    given even where OpenMMLab is broken.

    Raises:
        SystemExit: If nothing is left to do.
    """
    # While a package is imported for `-m`, its name stands only in what the interpreter was given.
    started = sys.orig_argv[-len(sys.argv)] if sys.argv[0] == '-m' else sys.argv[0]
    if started != 'mmseg_tome':
        return
    name, *options = sys.argv[1:] or ['--help']
    if name in ALONE or name not in COMMANDS:
        sys.exit(main([name, *options]))
    if name == 'run' and len(options) == 1:  # lists the tools
        sys.exit(_module(name).main(options))
    _module(name).build_parser().parse_args(options)


def _module(command: str) -> ModuleType:
    return importlib.import_module(f'.{MODULES.get(command, command)}', __name__)


def _help() -> str:
    lines = [f'usage: {PROGRAM} COMMAND …', '', 'commands:']
    lines += [f'  {name:13}{summary}' for name, summary in COMMANDS.items()]
    lines += ['', f'`{PROGRAM} COMMAND --help` shows its options and examples.']
    return '\n'.join(lines)
