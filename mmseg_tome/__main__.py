"""`python -m mmseg_tome`: the package's commands; see `mmseg_tome.cli`."""

import sys

from .cli import main

if __name__ == '__main__':
    sys.exit(main())
