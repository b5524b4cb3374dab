"""The same as `python -m benchmarks.paper`, from any folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # of the checkout, not installed

from benchmarks.paper.__main__ import main

if __name__ == '__main__':
    sys.exit(main())
