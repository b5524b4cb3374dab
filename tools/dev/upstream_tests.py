"""Runs the tests of a checkout of MMSegmentation or MMPose with our classes in the place of theirs.

Twice, in processes of their own: with stock's classes, and with ours under stock's names. What is
tested is the installed package; the checkout gives the tests. Without MMSegmentation's checkout at
hand: `pip download --no-deps --no-binary :all: mmsegmentation`, and unpack.

The exit status is 1 where a test passes with stock's classes and not with ours.

Example:
    python tools/dev/upstream_tests.py ../mmsegmentation tests/test_models -k 'mit or segformer'
"""

import argparse
import json
import subprocess
import sys
import tempfile
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[2] / 'mmseg_tome'
SIDES = ('stock', 'ours')


def our_classes() -> Iterator[type]:
    """What has the name and the arguments of a class of MMSegmentation."""
    from mmseg_tome import models
    from mmseg_tome.models.mit import TransformerEncoderLayer
    from mmseg_tome.models.mix_ffn import MixFFN
    from mmseg_tome.models.segformer_head import SegformerHead
    from mmseg_tome.models.segmentor import EncoderDecoder

    yield from (models.MixVisionTransformer, models.EfficientMultiheadAttention)
    yield from (TransformerEncoderLayer, MixFFN, SegformerHead, EncoderDecoder)


def bind() -> dict[str, str]:
    """Puts our classes under stock's names wherever a module of stock has them.

    Returns:
        The places, such as `mmseg.models.backbones.mit.MixFFN`, and what is there now.
    """
    ours = {cls.__name__: cls for cls in our_classes()}
    bound = {}
    for name, module in sorted(sys.modules.items()):
        if name.partition('.')[0] not in ('mmseg', 'mmpose'):
            continue
        for attribute, cls in ours.items():
            if getattr(module, attribute, cls) is not cls:
                setattr(module, attribute, cls)
                bound[f'{name}.{attribute}'] = f'{cls.__module__}.{attribute}'
    return bound


def prepare_stock() -> None:
    """Patches the stack as `import mmseg_tome` does, and registers nothing."""
    package = types.ModuleType('mmseg_tome')  # without its __init__, which registers
    package.__path__ = [str(PACKAGE)]
    sys.modules['mmseg_tome'] = package
    from mmseg_tome import compat

    compat.patch()


class Outcomes:
    """A plugin of pytest that notes how each test ended."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == 'call' or not report.passed:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = 'not collected'


def run_side(side: str, arguments: list[str], file: Path) -> None:
    """Runs pytest in this process and the working directory; writes the outcomes to a file."""
    import pytest

    if side == 'stock':
        prepare_stock()
    else:
        sys.path.insert(0, str(PACKAGE.parent))
        import mmseg_tome  # noqa: F401 - registers

        print(f'{len(bind())} names of stock are bound to our classes')
        sys.path.remove(str(PACKAGE.parent))  # `tests` is the checkout's
    noted = Outcomes()
    # Not the settings of either checkout, and no caches there.
    settings = file.with_suffix('.ini')
    settings.write_text('[pytest]\ntestpaths = tests\nfilterwarnings = ignore\n', encoding='utf-8')
    fixed = [f'-c{settings}', '--rootdir=.', '-p', 'no:cacheprovider', '-q']
    pytest.main([*fixed, *arguments], plugins=[noted])
    file.write_text(json.dumps(noted.outcomes), encoding='utf-8')


def compare(outcomes: dict[str, dict[str, str]]) -> list[str]:
    """Says how many tests ended how, and what passes with stock's classes alone."""
    for side in SIDES:
        counts = Counter(outcomes[side].values())
        print(f'{side}: {", ".join(f"{n} {how}" for how, n in sorted(counts.items()))}')
    ours = outcomes['ours']
    worse = [
        f'{test}: {ours.get(test, "not collected")}'
        for test, how in outcomes['stock'].items()
        if how == 'passed' and ours.get(test) != 'passed'
    ]
    for test in worse:
        print(f'passes with stock, not with ours: {test}')
    return worse


def main(arguments: list[str] | None = None) -> int:
    """Runs both sides and returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkout', type=Path, help='its folder, in which there are `tests`')
    parser.add_argument('--side', choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument('--file', type=Path, help=argparse.SUPPRESS)
    args, options = parser.parse_known_args(arguments)
    if args.side:
        run_side(args.side, options, args.file)
        return 0
    if not (args.checkout / 'tests').is_dir():
        parser.error(f'{args.checkout} is not a checkout: there is no folder `tests`')
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in SIDES:
            print(f'== {side}', flush=True)
            file = Path(folder, f'{side}.json')
            own = ['.', '--side', side, '--file', str(file)]
            command = [sys.executable, str(Path(__file__).resolve()), *own, *options]
            subprocess.run(command, cwd=args.checkout, check=True)
            outcomes[side] = json.loads(file.read_text(encoding='utf-8'))
    if not outcomes['stock']:
        parser.error('no test was run: what follows the folder is for pytest')
    return bool(compare(outcomes))


if __name__ == '__main__':
    sys.exit(main())
