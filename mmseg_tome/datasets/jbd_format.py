"""What the published files of the Jump Broadcast Dataset look like.

Source: Ludwig et al., All Keypoints You Need, CVSports 2023, and the readers that came with it.
"""

SPLITS = ('train', 'val')

KEYPOINTS = (
    *('head', 'neck'),
    *('rsho', 'relb', 'rwri', 'rhan'),
    *('lsho', 'lelb', 'lwri', 'lhan'),
    *('rhip', 'rkne', 'rank', 'rhee', 'rtoe'),
    *('lhip', 'lkne', 'lank', 'lhee', 'ltoe'),
)
"""Names of the 20 keypoints, in the order of the columns; r and l are the athlete's own sides."""

BONES = (
    *(('head', 'neck'), ('neck', 'rsho'), ('neck', 'lsho')),
    *(('rsho', 'relb'), ('relb', 'rwri'), ('rwri', 'rhan')),
    *(('lsho', 'lelb'), ('lelb', 'lwri'), ('lwri', 'lhan')),
    *(('rsho', 'rhip'), ('lsho', 'lhip'), ('rhip', 'lhip')),
    *(('rhip', 'rkne'), ('rkne', 'rank'), ('rank', 'rhee'), ('rhee', 'rtoe')),
    *(('lhip', 'lkne'), ('lkne', 'lank'), ('lank', 'lhee'), ('lhee', 'ltoe')),
)
"""Pairs of keypoints that are joined where a skeleton is drawn."""

KEYPOINT_DELIMITER = ';'
KEYPOINT_COLUMNS = (
    *('event', 'frame_num', 'athlete', 'slowmotion'),
    *(f'{name}_{value}' for name in KEYPOINTS for value in 'xys'),
)
BOX_DELIMITER = ','
BOX_COLUMNS = ('image_id', 'min_x', 'min_y', 'width', 'height')

ANNOTATION_SIZE = (1920, 1080)
"""Width and height of the frames that were annotated, in whose pixels the annotations are."""

KEYPOINT_FOLDER = 'keypoints'
BOX_FILE = 'bboxes_segmentations.csv'
FRAME_FOLDER = 'images'
ANNOTATION_FOLDER = 'annotations'

MAX_FRAME = 99_999
"""Frame numbers have five digits in file names and ids."""


def frame_id(event: str, frame: int) -> str:
    """The id of a frame in the box file, and the stem of its file name, like '0_(01944)'."""
    return f'{event}_({frame:05d})'


def frame_file(event: str, frame: int) -> str:
    """Path of a frame within the folder of frames, like '0/0_(01944).jpg'."""
    return f'{event}/{frame_id(event, frame)}.jpg'


def image_number(event: str, frame: int) -> int:
    """The id that COCO's format needs: the digits of the event, then five of the frame."""
    return int(f'{event}{frame:05d}')
