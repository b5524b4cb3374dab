"""Packaging; tool settings are in `pyproject.toml`, the pinned set in `requirements/`."""

import ast
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def constants(path: str) -> dict:
    """Reads the constants of a module without importing it, and so without its dependencies.

    Args:
        path: The file, relative to the checkout.

    Returns:
        The names that are assigned a literal, with their values.
    """
    tree = ast.parse((ROOT / path).read_text(encoding='utf-8'))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.Dict)):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def long_description() -> str:
    """Returns the README, or nothing where a partial checkout has none."""
    readme = ROOT / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.exists() else ''


class BuildWithMim(build_py):
    """Puts what `mim` looks for into `mmseg_tome/.mim/`: the configs and their index.

    They are copied into the build folder only. An editable install copies nothing, and
    `mmseg_tome` then reads `configs/` of the checkout.
    """

    def run(self) -> None:
        """Builds the package from nothing and adds `.mim/` to it."""
        if self.editable_mode:
            super().run()
            return
        package = Path(self.build_lib) / 'mmseg_tome'
        # A config or module that was deleted since the last build must not live on in the wheel.
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        mim = package / '.mim'
        mim.mkdir(parents=True)
        ignore = shutil.ignore_patterns('__pycache__', '*.py[cod]')
        shutil.copytree(ROOT / 'configs', mim / 'configs', ignore=ignore)
        shutil.copy2(ROOT / 'model-index.yml', mim)


COMPAT = constants('mmseg_tome/compat/versions.py')


def ranged(name: str) -> str:
    """Returns the requirement on `name` with the range that mmseg_tome insists on."""
    return name + (COMPAT['SUPPORTED'] | COMPAT['CONVERTED'])[name]


# Alone, the package merges tokens of plain tensors. Full mmcv and mmcv-lite own the same files, and
# mmpose declares chumpy, which no current pip can build. Hard requirements on either would break
# working OpenMMLab environments, so what belongs to one task is an extra and mmpose itself is
# installed by hand; see docs/install.md.
MIM = 'openmim<0.3.8'  # later ones pull openxlab, whose pins contradict torch's
ANALYSIS = ['matplotlib', 'opencv-python', 'pandas', 'pillow', 'rich', 'tabulate']
EXPORTERS = ['onnx>=1.19', 'onnxscript>=0.5']
OPENMMLAB = [
    ranged('mmengine'),
    ranged('mmcv-lite'),
    MIM,
    # mmengine imports pkg_resources when it resolves `mmseg::…`, which setuptools 82 removed.
    'setuptools<82',
    *ANALYSIS,
]
EXTRAS = {
    # mmsegmentation imports ftfy and regex without declaring them.
    'seg': [*OPENMMLAB, ranged('mmsegmentation'), 'ftfy', 'regex'],
    'pose': [*OPENMMLAB, 'mmdet>=3.3.0,<3.4', 'json_tricks', 'munkres', 'six', 'requests'],
    'transformers': [ranged('transformers')],
    'analysis': ANALYSIS,  # what benchmark, profile, search and show need beside OpenMMLab
    'search': [*ANALYSIS, 'optuna>=5.0,<6'],
    # What exported models are written by, and run by.
    'onnx': [*EXPORTERS, 'onnxruntime>=1.23'],
    'openvino': [*EXPORTERS, 'openvino>=2026.0', 'nncf>=3.0'],
    'tensorrt': [*EXPORTERS, 'tensorrt>=10.0'],
}

setup(
    name='mmseg_tome',
    version=constants('mmseg_tome/version.py')['__version__'],
    description='Token merging (Segformer++) for SegFormer in MMSegmentation and MMPose',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    keywords='semantic segmentation, pose estimation, token merging, SegFormer',
    license_expression='Apache-2.0',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    python_requires=COMPAT['PYTHON'],
    packages=find_packages(include=['mmseg_tome', 'mmseg_tome.*']),
    # e.g. the data files that sit beside the modules that read them.
    include_package_data=True,
    install_requires=[
        ranged('torch'),
        'numpy',
        'packaging',
        'pyyaml',
    ],
    extras_require=EXTRAS,
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
