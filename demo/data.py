"""The data of the demo: generated, or the user's own."""

from pathlib import Path

from mmseg_tome.datasets import jbd_format


def prepare_data(dataset: str, folder: Path) -> None:
    """Make sure that the folder holds the data set; what is there already stays.

    Args:
        dataset: 'streets' and 'athletes' are generated; anything else must be there.
        folder: Where it is, or will be.

    Raises:
        FileNotFoundError: If it is not there and cannot be generated.
        FileExistsError: If the folder holds something else than what is generated.
    """
    if dataset == 'streets':
        from .scenes.streets import generate_streets

        generate_streets(folder, train=200, val=30, size=(1024, 512))
    elif dataset == 'athletes':
        prepare_athletes(folder)
    elif not folder.is_dir():
        raise FileNotFoundError(f'{folder}: there is no such folder; give that of your {dataset}')


def prepare_athletes(
    folder: Path, train: int = 800, val: int = 80, size: tuple[int, int] = (960, 540)
) -> None:
    """Generate athletes as the Jump Broadcast Dataset is published, and convert them as it is.

    Args:
        folder: Where to write, new, or holding the same set.
        train: Number of frames to train on.
        val: Number of frames to evaluate on.
        size: Width and height of the frames.
    """
    from mmseg_tome.datasets.jbd_convert import convert_jbd

    from .scenes.athletes import generate_athletes

    folder = Path(folder)
    generate_athletes(folder, train=train, val=val, size=size)
    annotations = folder / jbd_format.ANNOTATION_FOLDER
    missing = [s for s in jbd_format.SPLITS if not (annotations / f'{s}.json').exists()]
    if missing:
        convert_jbd(
            folder / jbd_format.KEYPOINT_FOLDER,
            folder / jbd_format.BOX_FILE,
            folder / jbd_format.FRAME_FOLDER,
            annotations,
            splits=missing,
        )
