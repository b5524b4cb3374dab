"""A name that a documented package exports must be on the site.

autodoc leaves out names without a docstring, silently. Here each of them is a warning, and so an
error in ``make docs``. A type hint may name what is no part of the API: it stays, without a link.
"""

import importlib
import sys

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

logger = logging.getLogger(__name__)


def undocumented(modules: list[str], documented: set[str]) -> list[str]:
    """Finds what modules export and the site lacks.

    Args:
        modules: Names of modules; those without ``__all__`` export what autodoc took from them.
        documented: Full names of everything on the site.

    Returns:
        The full names that are missing.
    """
    names = [
        f'{name}.{exported}'
        for name in modules
        for exported in getattr(importlib.import_module(name), '__all__', ())
    ]
    return sorted(name for name in set(names) - documented if not _has_comment(name))


def _has_comment(name: str) -> bool:
    """Whether exported data has a ``#:`` comment where it is defined, below the package."""
    package, _, attribute = name.rpartition('.')
    return any(
        ('', attribute) in ModuleAnalyzer.for_module(module).find_attr_docs()
        for module in sorted(sys.modules)
        if module.startswith(f'{package}.') and hasattr(sys.modules[module], attribute)
    )


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    domain = env.domains.python_domain
    for name in undocumented(list(domain.modules), set(domain.objects)):
        logger.warning('%s is exported, but has no docstring: it is missing on the API pages', name)


def _unlinked_type_hint(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Node
) -> nodes.Node | None:
    parent = node.parent
    while parent is not None and not isinstance(parent, addnodes.desc_signature):
        parent = parent.parent
    return content if parent is not None else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect('env-check-consistency', _check)
    app.connect('missing-reference', _unlinked_type_hint)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
