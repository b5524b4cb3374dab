"""``python -m benchmarks.paper``, the same as ``python tools/reproduce.py``."""

import shlex
import signal
import sys
from argparse import Namespace

from .parser import PROGRAM, build_parser, launch_arguments


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = build_parser().parse_args(arguments)
    args.launch = launch_arguments(args)
    args.command = f'{PROGRAM} {shlex.join(arguments)}'
    for name in ('SIGTERM', 'SIGHUP'):  # what was started must end with this process
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    try:
        return _run(args)
    except KeyboardInterrupt:
        print('Interrupted. The same command resumes from here.', file=sys.stderr)
        return 130


def _run(args: Namespace) -> int:
    # Imported late, so that --help and mistyped arguments answer at once.
    from mmseg_tome.analysis.store import InUseError

    from ..mim_runs import MimError
    from . import commands

    try:
        commands.run(args)
    except (ValueError, OSError, MimError, InUseError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
