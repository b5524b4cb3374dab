"""Images that are named one by one, or by the folder that they are in."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

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
