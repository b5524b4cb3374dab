"""Print the versions that a bug report needs."""

import argparse
import importlib.metadata
import platform

PACKAGES = (
    'mmseg_tome',
    'torch',
    'torchvision',
    'numpy',
    'opencv-python',
    'mmengine',
    'mmcv',
    'mmcv-lite',
    'mmsegmentation',
    'mmdet',
    'mmpose',
    'openmim',
    'setuptools',
)
FORKS = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation', 'onedl-mmdetection', 'onedl-mim')
EXAMPLES = """\
examples:
  python -m mmseg_tome env
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command, which has no options."""
    return argparse.ArgumentParser(
        'python -m mmseg_tome env',
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def main(arguments: list[str]) -> int:
    """Prints a package and its version per line; returns the exit status, 0."""
    build_parser().parse_args(arguments)
    import torch

    rows = {'python': platform.python_version(), 'platform': platform.platform()}
    for package in (*PACKAGES, *FORKS):
        try:
            rows[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            if package in PACKAGES:
                rows[package] = '-'
    cuda = torch.cuda.is_available()
    rows['device'] = f'{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}' if cuda else 'CPU'
    for name, value in rows.items():
        print(f'{name:22}{value}')
    return 0
