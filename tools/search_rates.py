"""The same as `python -m mmseg_tome search`."""

import runpy
import sys

sys.argv[:1] = ['mmseg_tome', 'search']
runpy.run_module('mmseg_tome', run_name='__main__', alter_sys=True)
