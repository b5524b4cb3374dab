"""Which code computed a result."""

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / 'mmseg_tome'


def code_version(*analysis: str) -> str:
    """Hash the sources that a result depends on.

    Not the commit: that says nothing of changed files, and changes with every text in the docs.
    There may be no repository at all.

    Args:
        analysis: Modules of :mod:`mmseg_tome.analysis` that the result depends on, such as
            ``'timing'``. The rest of the package, that is models, datasets, metrics and hooks,
            always counts.
    """
    outside = [p for p in PACKAGE.rglob('*.py') if 'analysis' not in p.relative_to(PACKAGE).parts]
    paths = outside + [PACKAGE / 'analysis' / f'{name}.py' for name in analysis]
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b'\0')
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
