"""From images to sheets and a page of the tokens that a strategy merges."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from .page import TokenPage
from .pictures import draw_sheet
from .viewer import TokenViewer


def show_merging(
    viewer: TokenViewer,
    images: Sequence[Path],
    out: Path,
    source: str,
    on_image: Callable[[], None] = lambda: None,
) -> Path:
    """Write a sheet per image, and a page over all of them, into a new folder.

    Args:
        viewer: Model and strategy.
        images: What :func:`~mmseg_tome.analysis.image_files.find_images` found.
        out: Folder in which the new folder is made.
        source: Which model and checkpoint, for the page.
        on_image: Called after each image, for a progress bar.

    Returns:
        The new folder: ``<image>.png`` and ``index.html``.
    """
    folder = out / f'{viewer.name}-{datetime.now():%Y%m%d-%H%M%S}'
    folder.mkdir(parents=True)
    page = TokenPage(folder, viewer.classes, viewer.palette)
    for image in images:
        view = viewer.view(image)
        draw_sheet(view, viewer.classes, viewer.palette, folder / f'{view.name}.png')
        page.add(view)
        on_image()
    page.write(viewer.name, source)
    return folder
