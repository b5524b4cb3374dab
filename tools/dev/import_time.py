"""Times `import mmseg_tome` against the imports of the frameworks in which it registers.

Each is imported in fresh interpreters, one after the other in turn. What mmcv-lite lacks, and
without which the frameworks would not import, is put in place for them too.

Example:
    python tools/dev/import_time.py --repeats 9
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / 'mmseg_tome'
HEAVY = ('matplotlib', 'optuna', 'pandas', 'rich', 'scipy', 'cv2', 'PIL', 'tabulate')
# The package without its __init__, which would import all that is measured here.
PATCHED = f"""
package = types.ModuleType('mmseg_tome')
package.__path__ = [{str(PACKAGE)!r}]
sys.modules['mmseg_tome'] = package
from mmseg_tome.compat import mmcv_ext, torchvision_ops
mmcv_ext.patch()
torchvision_ops.patch()
"""
IMPORTS = {
    'mmseg.models': f'{PATCHED}import mmseg.models',
    'mmseg.models, mmpose.models': f'{PATCHED}import mmseg.models, mmpose.models',
    'mmseg_tome': 'import mmseg_tome',
}
SCRIPT = """
import json, sys, time, types
before = time.perf_counter(), time.process_time()
{code}
print(json.dumps({{
    'wall': time.perf_counter() - before[0],
    'cpu': time.process_time() - before[1],
    'heavy': [name for name in {heavy} if name in sys.modules],
}}))
"""


def measure(code: str) -> dict:
    """Runs imports in a fresh interpreter: seconds, and which heavy packages they brought."""
    script = SCRIPT.format(code=code, heavy=HEAVY)
    command = [sys.executable, '-W', 'ignore', '-c', script]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ImportError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Prints medians and what was imported, and returns the exit status, 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--repeats', type=int, default=5, help='of each (default: %(default)s)')
    args = parser.parse_args()
    found = {}
    for name, code in IMPORTS.items():
        try:  # also writes what is compiled at the first import, so that this is not measured
            measure(code)
            found[name] = []
        except ImportError as error:
            print(f'{name:28} cannot be imported: {str(error).splitlines()[-1]}')
    for _ in range(args.repeats):
        for name, runs in found.items():
            runs.append(measure(IMPORTS[name]))
    print(f'{"":28}  wall s   CPU s  (medians of {args.repeats})')
    for name, runs in found.items():
        wall, cpu = (statistics.median(run[kind] for run in runs) for kind in ('wall', 'cpu'))
        print(f'{name:28}{wall:8.2f}{cpu:8.2f}  brings {", ".join(runs[0]["heavy"]) or "none"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
