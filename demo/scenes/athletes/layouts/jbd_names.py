"""Names of keypoints, columns and files in the Jump Broadcast Dataset.

Source: Ludwig et al., All Keypoints You Need, CVSports 2023, and the readers published with it.
``mmseg_tome/datasets/jbd_format.py`` has the same names for reading; a test compares the two.
"""

KEYPOINTS = (
    *('head', 'neck'),
    *('rsho', 'relb', 'rwri', 'rhan'),
    *('lsho', 'lelb', 'lwri', 'lhan'),
    *('rhip', 'rkne', 'rank', 'rhee', 'rtoe'),
    *('lhip', 'lkne', 'lank', 'lhee', 'ltoe'),
)
"""Names of the 20 keypoints, in the order of the columns; r and l are the athlete's own sides."""

KEYPOINT_DELIMITER = ';'
KEYPOINT_COLUMNS = (
    *('event', 'frame_num', 'athlete', 'slowmotion'),
    *(f'{name}_{value}' for name in KEYPOINTS for value in 'xys'),
)
BOX_COLUMNS = ('image_id', 'min_x', 'min_y', 'width', 'height')
KEYPOINT_FOLDER = 'keypoints'
BOX_FILE = 'bboxes_segmentations.csv'
FRAME_FOLDER = 'images'


def frame_id(event: str, frame: int) -> str:
    """The id of a frame in the box file, and the stem of its file name, like '0_(01944)'."""
    return f'{event}_({frame:05d})'


def frame_file(event: str, frame: int) -> str:
    """Path of a frame within the folder of frames, like '0/0_(01944).jpg'."""
    return f'{event}/{frame_id(event, frame)}.jpg'


def image_number(event: str, frame: int) -> int:
    """The id that COCO's format needs: the digits of the event, then five of the frame."""
    return int(f'{event}{frame:05d}')
