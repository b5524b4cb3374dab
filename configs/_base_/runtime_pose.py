# MMPose's runtime with this plugin; as in runtime.py, but MMPose has a hook of its own.
_base_ = 'mmpose::_base_/default_runtime.py'
custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='RandomStateHook')]
randomness = dict(seed=0)
data_mode = 'topdown'  # `MMPoseInferencer` reads it here; data sets take it by default
