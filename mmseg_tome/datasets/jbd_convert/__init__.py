"""From the published files of the Jump Broadcast Dataset to COCO's format, every row checked.

Needs pillow and rich only.
"""

from .convert import Conversion, convert_jbd
from .problems import InvalidRows, Problem

__all__ = ['Conversion', 'InvalidRows', 'Problem', 'convert_jbd']
