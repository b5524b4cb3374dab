"""Writing a set of generated images to a folder: request, record, worker processes."""

from .image_set import ImageId, ImageSet, Written, write_set
from .record import RECORD, write_file
from .request import SPLITS, Request, Size, check_split
from .workers import OnImage

__all__ = [
    'RECORD',
    'SPLITS',
    'ImageId',
    'ImageSet',
    'OnImage',
    'Request',
    'Size',
    'Written',
    'check_split',
    'write_file',
    'write_set',
]
