"""Token merging for SegFormer: Segformer++ as a plugin for MMSegmentation and MMPose.

Importing this package makes ``type='MixVisionTransformer'`` build the backbone with token merging,
under the scopes of mmseg and mmpose, whichever is installed.
"""

from .cli import answer_before_import

answer_before_import()

from . import compat  # noqa: E402 - imports torch

compat.patch()

from . import checkpoints  # noqa: E402 - only after the stack is patched
from .apply import apply_tome  # noqa: E402
from .registration import register_all  # noqa: E402
from .strategies import PRESETS  # noqa: E402
from .version import __version__  # noqa: E402

checkpoints.install()
register_all()

__all__ = ['PRESETS', '__version__', 'apply_tome']
