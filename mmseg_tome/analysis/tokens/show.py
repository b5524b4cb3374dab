"""From images to sheets and a page of the tokens that a strategy merges."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from PIL import Image

from .page import TokenPage
from .pictures import draw_sheet
from .viewer import TokenViewer

SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')


def find_images(paths: Sequence[Path]) -> list[Path]:
    """List images, and those directly in folders, sorted.

    Raises:
        FileNotFoundError: If a path is not there, or a folder has no image.
        ValueError: If a file is not an image, or two images have the same name.
    """
    images: dict[str, Path] = {}
    for image in (image for path in paths for image in _images_at(path)):
        try:
            Image.open(image).close()
        except OSError as error:
            raise ValueError(f'{image} cannot be read as an image: {error}') from None
        if image.stem in images:
            raise ValueError(
                f'{images[image.stem]} and {image} would both be shown as {image.stem}.png: '
                'rename one, or show them in separate runs'
            )
        images[image.stem] = image
    return list(images.values())


def _images_at(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f'{path}: there is no such file or folder')
    if not path.is_dir():
        return [path]
    images = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not images:
        raise FileNotFoundError(
            f'{path} has no image in it: looked for {", ".join(SUFFIXES)}, not in sub-folders'
        )
    return images


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
        images: What :func:`find_images` found.
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
