"""What all generators of data share: requests, the record of a set, and drawing in processes."""

from .record import RECORD, claim, is_complete, write_file, write_record
from .request import SPLITS, Request, Written, check_size, check_split, check_whole, count_workers
from .workers import draw_all

__all__ = [
    'RECORD',
    'SPLITS',
    'Request',
    'Written',
    'check_size',
    'check_split',
    'check_whole',
    'claim',
    'count_workers',
    'draw_all',
    'is_complete',
    'write_file',
    'write_record',
]
