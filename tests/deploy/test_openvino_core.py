"""Signals after OpenVINO models came and went, in a process of its own: it may crash."""

import subprocess
import sys

import pytest

MODELS_AND_A_SIGNAL = """
import gc, signal, sys, time
from pathlib import Path
import numpy as np
from mmseg_tome.deploy.runtimes import open_exported

def run():
    runtime = open_exported(Path(sys.argv[1]))
    runtime(np.zeros((1, 3, 96, 128), np.float32))
    return runtime

first, second = run(), run()
del first  # in the order of their making
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGALRM, lambda *_: print('handled'))
signal.setitimer(signal.ITIMER_REAL, 0.1)
time.sleep(0.3)
"""


def test_signals_are_handled_after_models_were_freed(exported):
    path = exported('openvino')
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', MODELS_AND_A_SIGNAL, str(path)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout.strip()) == (0, 'handled'), done.stderr


def test_there_is_one():
    pytest.importorskip('openvino')
    from mmseg_tome.deploy.openvino_core import openvino_core

    assert openvino_core('this test') is openvino_core('that test')
