"""Exported models: ONNX, OpenVINO, TensorRT and programs of ``torch.export``, with token merging.

A model is turned into a graph of what runtimes compute fast (:mod:`~mmseg_tome.deploy.graph`),
traced, converted, and written with its metadata (:mod:`~mmseg_tome.deploy.export`). The classes of
:mod:`~mmseg_tome.deploy.runtimes` run a file, :mod:`~mmseg_tome.deploy.verify` says whether it
computes what the model does, and :mod:`~mmseg_tome.deploy.loader` makes it a checkpoint of the
frameworks.

>>> from mmseg_tome.deploy.export import Settings, export_model
>>> from mmseg_tome.deploy.runtimes import RuntimeOptions, open_exported
>>> export_model(model, Path('model.onnx'), Settings('onnx', size=(1024, 512)))
>>> scores = open_exported('model.onnx', RuntimeOptions(threads=2))(images)  # NumPy arrays
"""
