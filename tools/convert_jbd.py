"""The same as `python -m mmseg_tome convert-jbd`."""

import runpy
import sys

sys.argv[:1] = ['mmseg_tome', 'convert-jbd']
runpy.run_module('mmseg_tome', run_name='__main__', alter_sys=True)
