"""Settings of the documentation site, which ``make docs`` builds without a network.

Every warning is an error there: a broken link, a reference to an undocumented name of this project,
an exported name without docstring, a page that no table of contents lists.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'docs' / '_ext')]

from mmseg_tome.version import __version__  # noqa: E402 - the checkout must be on the path first

project = 'mmseg_tome'
author = 'The mmseg_tome authors'
project_copyright = author
release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'checkout_links',
    'exported_names',
]
exclude_patterns = ['_ext', '_templates']
templates_path = ['_templates']
html_theme = 'furo'
html_title = f'mmseg_tome {release}'

myst_heading_anchors = 4

# A name that two modules export has two targets, which are the same.
suppress_warnings = ['ref.python']

autodoc_member_order = 'bysource'
autodoc_typehints = 'signature'
autodoc_typehints_format = 'short'
autosummary_generate = True
autosummary_ignore_module_all = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpicky = True
# What other projects document is not looked up, since that would need a network.
nitpick_ignore_regex = [('py:.*', r'(?!mmseg_tome\b).*')]
