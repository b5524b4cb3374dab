"""Links that work in the checkout, and so on a Git host, made to work on the site as well.

A page in ``docs/`` links to files relative to itself. What lies outside of ``docs/`` is either a
page that the site includes, and then the link goes there, or code, and then the text stays and the
link goes. A link to nothing is left alone, and Sphinx reports it.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
# The pages outside of docs/ that pages in it include.
INCLUDED = {
    'README.md': 'index.md',
    'CHANGELOG.md': 'changelog.md',
    'CONTRIBUTING.md': 'contributing.md',
    'configs/README.md': 'configs.md',
}
LINK = re.compile(r'(?P<text>(?<!!)\[[^\[\]]*\])\((?P<path>[^()#:\s]+)(?P<anchor>#[^()\s]*)?\)')
IMAGE = re.compile(r'(?P<text>!\[[^\[\]]*\])\((?P<path>[^()#:\s]+)\)')


def rewrite(text: str, folder: Path) -> str:
    """Rewrites the links of a page for the site.

    Args:
        text: Markdown.
        folder: Where the page lies in the checkout.

    Returns:
        The same page, with links to pages absolute from ``docs/``, and without links to code.
    """

    def link(found: re.Match) -> str:
        path = (folder / found['path']).resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            return found[0]
        name = path.relative_to(ROOT).as_posix()
        if name in INCLUDED:
            return f'{found["text"]}(/{INCLUDED[name]}{found["anchor"] or ""})'
        if path.is_relative_to(DOCS):
            return f'{found["text"]}(/{path.relative_to(DOCS).as_posix()}{found["anchor"] or ""})'
        return found['text'][1:-1]

    def image(found: re.Match) -> str:
        path = (folder / found['path']).resolve()
        inside = path.is_file() and path.is_relative_to(DOCS)
        return f'{found["text"]}(/{path.relative_to(DOCS).as_posix()})' if inside else found[0]

    return IMAGE.sub(image, LINK.sub(link, text))


def _on_source_read(app: Sphinx, docname: str, content: list[str]) -> None:
    if app.env.doc2path(docname).suffix == '.md':
        content[0] = rewrite(content[0], app.env.doc2path(docname).parent)


def _on_include_read(app: Sphinx, path: Path, docname: str, content: list[str]) -> None:
    content[0] = rewrite(content[0], (Path(app.srcdir) / path).resolve().parent)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect('source-read', _on_source_read)
    app.connect('include-read', _on_include_read)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
