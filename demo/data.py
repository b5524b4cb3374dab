"""The data of the demo: generated, or the user's own."""

from pathlib import Path

from mmseg_tome.datasets import jbd_format
from mmseg_tome.datasets.jbd_convert import convert_jbd

from .progress import drawing_progress
from .scenes.athletes import generate_athletes
from .scenes.streets import generate_streets
from .scenes.writing import OnImage


def prepare_data(dataset: str, folder: Path) -> None:
    """Make sure that the folder holds the dataset; what is there already stays.

    Args:
        dataset: 'streets' and 'athletes' are generated; anything else must be there.
        folder: Where it is, or will be.

    Raises:
        FileNotFoundError: If it is not there and cannot be generated.
        FileExistsError: If the folder holds anything but the generated set.
    """
    if dataset == 'streets':
        with drawing_progress('Drawing street scenes') as on_image:
            generate_streets(folder, train=200, val=30, size=(1024, 512), on_image=on_image)
    elif dataset == 'athletes':
        with drawing_progress('Drawing athletes') as on_image:
            prepare_athletes(folder, on_image=on_image)
    elif not folder.is_dir():
        raise FileNotFoundError(f'{folder}: there is no such folder; give that of your {dataset}')


def prepare_athletes(
    folder: Path,
    train: int = 800,
    val: int = 80,
    size: tuple[int, int] = (960, 540),
    on_image: OnImage | None = None,
) -> None:
    """Generate athletes in the published form of the Jump Broadcast Dataset, and convert them.

    Args:
        folder: Where to write, new, or holding the same set.
        train: Number of frames to train on.
        val: Number of frames to evaluate on.
        size: Width and height of the frames in pixels.
        on_image: Called with the number of frames drawn so far, and of all to be drawn.
    """
    folder = Path(folder)
    generate_athletes(folder, train=train, val=val, size=size, on_image=on_image)
    annotations = folder / jbd_format.ANNOTATION_FOLDER
    missing = [s for s in jbd_format.SPLITS if not (annotations / f'{s}.json').exists()]
    if missing:
        convert_jbd(
            folder / jbd_format.KEYPOINT_FOLDER,
            folder / jbd_format.BOX_FILE,
            folder / jbd_format.FRAME_FOLDER,
            annotations,
            splits=missing,
            annotation_size=size,
        )
