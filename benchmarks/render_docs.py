"""Write the documentation's tables and plots from benchmarks/results, or check them."""

import argparse
import sys
from pathlib import Path

from .docs.claims import CLAIMS
from .docs.pages import fill, pages
from .docs.plots import PLOTS
from .docs.results import load
from .docs.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]


def render(root: Path = ROOT, check: bool = False) -> list[str]:
    """Write what differs from the results, or only name it.

    Args:
        root: Of the checkout.
        check: Whether to leave all files as they are.

    Returns:
        What differs, a line each. Sentences that differ are never written: they are a person's.
    """
    results, differences = load(root / 'benchmarks' / 'results'), []
    for path in pages(root):
        text = path.read_text()
        expected = fill(text, lambda name: TABLES[name].render(results))
        if text == expected:
            continue
        if check:
            differences.append(f'the tables of {path.relative_to(root)}')
        else:
            path.write_text(expected)
    for name, plot in PLOTS.items():
        path = root / 'docs' / 'images' / name
        if plot.is_current(results, path):
            continue
        if check:
            differences.append(f'docs/images/{name}')
        else:
            plot.write(results, path)
    for claim in CLAIMS:
        if not claim.is_made(results, (root / claim.page).read_text()):
            differences.append(f'{claim.page}, which should say: {claim.render(results)}')
    return differences


def main() -> None:
    """Run the command; exit with 1 if anything differs."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.render_docs',
        description=__doc__,
        epilog='A plot is drawn again when its data has changed, or when its file is gone.',
    )
    parser.add_argument('--check', action='store_true', help='change nothing; name what differs')
    if differences := render(check=parser.parse_args().check):
        print(
            'These differ from benchmarks/results:',
            *(f'  {line}' for line in differences),
            '`make docs-tables` writes tables and plots; sentences are yours to change.',
            sep='\n',
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == '__main__':
    main()
