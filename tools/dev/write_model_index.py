"""Writes `model-index.yml`, which `mim search` and `mim download` read.

What there is comes from `configs/`, what was measured from `benchmarks/results/`. Merging adds no
parameters, so a config whose model and data MMSegmentation has weights for is listed with them.

Example:
    python tools/dev/write_model_index.py
"""

import csv
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / 'benchmarks' / 'results'
HEADER = '# Written by `make model-index`; run it again when a config or a result comes or goes.\n'
DATASETS = {
    'ade20k': 'ADE20K',
    'athletes': 'generated athletes',
    'camvid': 'CamVid',
    'cityscapes': 'Cityscapes',
    'coco': 'COCO',
    'jbd': 'Jump Broadcast Dataset',
    'streets': 'generated streets',
}
METRICS = ('mIoU', 'mIoU_small', 'PCK@0.1', 'PCK@0.05')
TIME = 'seconds_per_image'
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
NAME = re.compile(
    r'(?P<model>segformer_mit-(?P<variant>b\d))_(?P<strategy>\w+)'
    r'_(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<schedule>\w+)_(?P<data>[a-z0-9]+-(?P<width>\d+)x(?P<height>\d+))'
)


@dataclass(frozen=True)
class Experiment:
    """Results that belong to the model of a config.

    Args:
        file: The experiment's file in `benchmarks/results/`, without its ending.
        configs: The configs' names, as a regular expression.
        tested_on: The data that the model was tested on.
        trained_on: The machine that it was trained on.
        checkpoint: The bundled checkpoint, where that is the model. It was trained unmerged.
    """

    file: str
    configs: str
    tested_on: str
    trained_on: str
    checkpoint: str | None = None


# Only what holds for a config and its model exactly: `make demo` trains with `hq`, so its results
# with other strategies belong to no config.
EXPERIMENTS = (
    Experiment(
        'without-retraining',
        r'segformer_mit-b0_\w+_1xb4-3k_camvid-480x360',
        tested_on='101 validation images of 480×360',
        trained_on='1 CPU core',
        checkpoint='checkpoints/segformer_mit-b0_camvid-480x360.pth',
    ),
    Experiment(
        'without-retraining',
        r'segformer_mit-b0_\w+_1xb4-4k_streets-1024x512',
        tested_on='200 generated scenes of 1024×512 '
        '(python tools/make_streets.py data/streets --train 2 --val 200 --seed 5)',
        trained_on='1 CPU core',
        checkpoint='checkpoints/segformer_mit-b0_streets-1024x512.pth',
    ),
    Experiment(
        'demo',
        r'segformer_mit-b0_hq_1xb4-300i_streets-1024x512',
        tested_on='30 generated scenes of 1024×512 (make demo)',
        trained_on='2 CPU cores',
    ),
    Experiment(
        'demo-pose',
        r'segformer_mit-b0_hq_1xb8-6e_athletes-192x256',
        tested_on='80 generated athletes of 192×256 (make demo-pose)',
        trained_on='2 CPU cores',
    ),
)


def upstream_weights() -> dict[tuple[str, str], str]:
    """Returns the addresses of MMSegmentation's SegFormer weights.

    The keys are model and data, e.g. `('segformer_mit-b0', 'cityscapes-1024x1024')`.
    """
    package = Path(importlib.util.find_spec('mmseg').origin).parent
    metafile = package / '.mim' / 'configs' / 'segformer' / 'metafile.yaml'
    models = yaml.safe_load(metafile.read_text(encoding='utf-8'))['Models']
    found = {}
    for model in models:
        words = model['Name'].split('_')
        found['_'.join(words[:2]), words[-1]] = model['Weights']
    return found


def measured(name: str, folder: Path = RESULTS) -> tuple[Experiment, dict[str, dict]] | None:
    """Returns the results of a config's model, or None if there are none.

    Args:
        name: The config's.
        folder: That of the results' files.

    Returns:
        The experiment, and of each metric its row: this package's, with the config's strategy and
        at its size.

    Raises:
        ValueError: If its rows are of several devices or dates, of which an entry has one.
    """
    config = NAME.fullmatch(name)
    for experiment in EXPERIMENTS:
        if re.fullmatch(experiment.configs, name):
            path = folder / f'{experiment.file}.csv'
            with path.open(newline='', encoding='utf-8') as file:
                found = {
                    row['metric']: row
                    for row in csv.DictReader(file)
                    if row['implementation'] == 'ours'
                    and row['metric'] in (*METRICS, TIME)
                    and all(row[key] == config[key] for key in ('strategy', 'width', 'height'))
                }
            if len({(row['device'], row['date']) for row in found.values()}) > 1:
                raise ValueError(f'{path}: the rows of {name} are of several devices or dates.')
            return (experiment, found) if found else None
    return None


def add_results(model: dict[str, Any], experiment: Experiment, rows: dict[str, dict]) -> None:
    """Adds to a model's entry what was measured, on what, and where."""
    first = next(iter(rows.values()))
    threads = f', {first["threads"]} threads' if first['threads'] not in ('', '0') else ''
    model['Metadata'] |= {
        'Training Resources': experiment.trained_on,
        'Test Data': experiment.tested_on,
        'Test Resources': f'{first["device"]}{threads}, {first["versions"]}, {first["dtype"]}',
        'Test Date': first['date'],
    }
    if experiment.checkpoint:
        model['Metadata']['Checkpoint'] = f'{experiment.checkpoint} (trained without merging)'
    if time := rows.get(TIME):
        model['Metadata']['inference time (ms/im)'] = [
            {
                'value': round(1000 * float(time['value']), 1),
                'hardware': f'{time["device"]}{threads}',
                'backend': 'PyTorch',
                'batch size': int(time['batch']),
                'mode': time['dtype'].upper(),
                'resolution': f'({time["height"]},{time["width"]})',
            }
        ]
    model['Results'] = [
        {
            'Task': 'Body 2D Keypoint' if 'PCK@0.1' in rows else 'Semantic Segmentation',
            'Dataset': model['Metadata']['Training Data'],
            'Metrics': {name: float(rows[name]['value']) for name in METRICS if name in rows},
        }
    ]


def model_index() -> str:
    """Returns what `model-index.yml` should hold."""
    weights = upstream_weights()
    models = []
    for path in sorted((ROOT / 'configs').glob('[!_]*/*.py')):
        name = NAME.fullmatch(path.stem)
        model: dict[str, Any] = {
            'Name': path.stem,
            'In Collection': COLLECTION['Name'],
            'Config': path.relative_to(ROOT).as_posix(),
            'Metadata': {
                'Training Data': DATASETS[path.parent.name],
                'Batch Size': int(name['gpus']) * int(name['batch']),
                'Architecture': [f'MiT-{name["variant"].upper()}', 'SegFormer'],
                'Strategy': name['strategy'],
            },
        }
        if results := measured(path.stem):
            add_results(model, *results)
        if (name['model'], name['data']) in weights:
            model['Weights'] = weights[name['model'], name['data']]
        models.append(model)
    index = {'Collections': [COLLECTION], 'Models': models}
    return HEADER + yaml.safe_dump(index, sort_keys=False, width=200, allow_unicode=True)


if __name__ == '__main__':
    (ROOT / 'model-index.yml').write_text(model_index(), encoding='utf-8')
