"""What happens where a framework is installed but broken."""

import sys

import pytest

import mmseg_tome.registration


def test_a_broken_mmpose_stops_nothing_and_is_said(monkeypatch):
    mmpose = pytest.importorskip('mmpose')
    monkeypatch.delattr(mmpose, 'models')
    monkeypatch.setitem(sys.modules, 'mmpose.models', None)  # importing it fails
    with pytest.warns(UserWarning, match='mmpose is installed but cannot be imported.*halted'):
        frameworks = mmseg_tome.registration.register_all()
    assert 'mmpose' not in frameworks


def test_registering_twice_does_no_harm():
    assert mmseg_tome.registration.register_all() == mmseg_tome.registration.register_all()
