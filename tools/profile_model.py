"""The same as `python -m mmseg_tome profile`."""

import runpy
import sys

sys.argv[:1] = ['mmseg_tome', 'profile']
runpy.run_module('mmseg_tome', run_name='__main__', alter_sys=True)
