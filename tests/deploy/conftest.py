"""Exported files, each written once for all tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def exported(tmp_path_factory):
    """Writes a tiny segmentor as ``(format, strategy, settings …)``, or finds it written before."""
    pytest.importorskip('mmseg')
    from mmseg_tome.deploy.export import FORMATS, Settings, export_model
    from tests.deploy.models import tiny_segmentor

    folder, written = tmp_path_factory.mktemp('exported'), {}

    def write(fmt: str, strategy: str | list = 'hq', size=(128, 96), **settings) -> Path:
        key = (fmt, str(strategy), size, *sorted(settings.items()))
        needs = {'onnx': ('onnxscript', 'onnxruntime'), 'openvino': ('onnxscript', 'openvino')}
        for package in needs.get(fmt, ()):
            pytest.importorskip(package)
        if key not in written:
            path = folder / f'{len(written)}{FORMATS[fmt]}'
            model = tiny_segmentor(strategy)
            classes = [f'class {number}' for number in range(19)]
            palette = [[number, 0, 255] for number in range(19)]
            source = {'commit': 'abc'}
            settings = Settings(fmt, size, **settings)
            export_model(model, path, settings, classes, palette, source)
            written[key] = path
        return written[key]

    return write
