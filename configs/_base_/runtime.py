# MMSegmentation's runtime with this plugin.
_base_ = 'mmseg::_base_/default_runtime.py'
custom_imports = dict(imports=['mmseg_tome'], allow_failed_imports=False)

# With a fixed seed and the generators' states in the checkpoints, `--resume` continues exactly.
custom_hooks = [dict(type='RandomStateHook')]
randomness = dict(seed=0)
