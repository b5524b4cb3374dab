"""Writes `model-index.yml`, which `mim search` and `mim download` read, from `configs/`.

Merging adds no parameters, so a config whose model and data MMSegmentation has weights for is
listed with those weights.

Example:
    python tools/dev/write_model_index.py
"""

import importlib.util
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HEADER = '# Written by `make model-index`; run it again when a config comes or goes.\n'
DATASETS = {
    'ade20k': 'ADE20K',
    'athletes': 'generated athletes',
    'camvid': 'CamVid',
    'cityscapes': 'Cityscapes',
    'coco': 'COCO',
    'jbd': 'Jump Broadcast Dataset',
    'streets': 'generated streets',
}
COLLECTION = {
    'Name': 'Segformer++',
    'License': 'Apache License 2.0',
    'Metadata': {'Architecture': ['SegFormer', 'Token Merging']},
    'Paper': {
        'Title': 'Segformer++: Efficient Token-Merging Strategies for High-Resolution '
        'Semantic Segmentation',
        'URL': 'https://arxiv.org/abs/2405.14467',
    },
    'README': 'README.md',
    'Frameworks': ['PyTorch'],
}


def upstream_weights() -> dict[tuple[str, str], str]:
    """Returns the addresses of MMSegmentation's SegFormer weights.

    The keys are model and data, e.g. `('segformer_mit-b0', 'cityscapes-1024x1024')`.
    """
    package = Path(importlib.util.find_spec('mmseg').origin).parent
    metafile = package / '.mim' / 'configs' / 'segformer' / 'metafile.yaml'
    models = yaml.safe_load(metafile.read_text(encoding='utf-8'))['Models']
    return {model_and_data(model['Name']): model['Weights'] for model in models}


def model_and_data(name: str) -> tuple[str, str]:
    """Splits the first two words and the last off a config's name.

    `segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024` gives `segformer_mit-b0` and
    `cityscapes-1024x1024`.
    """
    words = name.split('_')
    return '_'.join(words[:2]), words[-1]


def model_index() -> str:
    """Returns what `model-index.yml` should hold."""
    weights = upstream_weights()
    models = []
    for path in sorted((ROOT / 'configs').glob('[!_]*/*.py')):
        model: dict[str, Any] = {
            'Name': path.stem,
            'In Collection': COLLECTION['Name'],
            'Config': path.relative_to(ROOT).as_posix(),
            'Metadata': {'Training Data': DATASETS.get(path.parent.name, path.parent.name)},
        }
        checkpoint = ROOT / 'checkpoints' / f'{"_".join(model_and_data(path.stem))}.pth'
        if checkpoint.exists() and '_none_' in path.stem:
            model['Metadata']['Checkpoint'] = checkpoint.relative_to(ROOT).as_posix()
        if model_and_data(path.stem) in weights:
            model['Weights'] = weights[model_and_data(path.stem)]
        models.append(model)
    index = {'Collections': [COLLECTION], 'Models': models}
    return HEADER + yaml.safe_dump(index, sort_keys=False, width=200)


if __name__ == '__main__':
    (ROOT / 'model-index.yml').write_text(model_index(), encoding='utf-8')
