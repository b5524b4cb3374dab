"""Whether the data of a config is there, before anything long is started."""

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

_CITYSCAPES = """\
  leftImg8bit/{train,val}/<city>/<name>_leftImg8bit.png
  gtFine/{train,val}/<city>/<name>_gtFine_labelTrainIds.png
    (`python tools/make_streets.py DIR` generates street scenes in this layout)"""
_COCO = """\
  annotations/person_keypoints_{train,val}2017.json
  train2017/<image>.jpg
  val2017/<image>.jpg"""

LAYOUTS = {
    'CityscapesDataset': _CITYSCAPES,
    'ADE20KDataset': """\
  images/{training,validation}/<name>.jpg
  annotations/{training,validation}/<name>.png""",
    'CamVidDataset': """\
  images/{train,val}/<name>.{jpg,png} and labels/{train,val}/<name>.png, or
  {train,val}/<name>.png and {train,val}annot/<name>.png""",
    'CocoDataset': _COCO,
    'JBDDataset': """\
  annotations/{train,val}.json  (written by `python tools/convert_jbd.py DIR`)
  images/<event>/<event>_(<frame, five digits>).jpg
    (`python tools/make_athletes.py DIR` generates athletes in this layout)""",
}
"""What lies below ``data_root``, by the dataset's type."""


def count_samples(cfg: Config, splits: tuple[str, ...] = ('train', 'test')) -> dict[str, int]:
    """Build the datasets of a config and count their samples.

    Args:
        cfg: Of mmseg or mmpose.
        splits: Which of 'train', 'val' and 'test'.

    Raises:
        FileNotFoundError: If one is not there, or empty; the message spells out the layout.
    """
    return {split: _count(cfg, split) for split in splits}


def _count(cfg: Config, split: str) -> int:
    dataset = cfg[f'{split}_dataloader'].dataset
    for path in _paths(dataset):
        if not path.exists():
            raise FileNotFoundError(_message(dataset, split, f'{path.absolute()} is not there'))
    try:
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            # Serialized, as it is by default, a list must not be empty.
            samples = len(DATASETS.build({**dataset, 'serialize_data': False}))
    except FileNotFoundError as error:
        raise FileNotFoundError(_message(dataset, split, str(error))) from error
    if not samples:
        raise FileNotFoundError(_message(dataset, split, 'it has no samples'))
    return samples


def _paths(dataset: dict[str, Any]) -> list[Path]:
    root = Path(dataset.get('data_root') or '')
    below = [dataset.get('ann_file'), *dict(dataset.get('data_prefix') or {}).values()]
    return [root, *(root / part for part in below if part)]


def _message(dataset: dict[str, Any], split: str, what: str) -> str:
    layout = LAYOUTS.get(str(dataset.get('type')).rpartition('.')[2])
    expected = f'\nExpected below {dataset.get("data_root")}:\n{layout}' if layout else ''
    roots = ' '.join(f'{s}_dataloader.dataset.data_root=DIR' for s in ('train', 'val', 'test'))
    return (
        f'{split} data of {dataset.get("type")}: {what}.{expected}\n'
        f'Another folder: --cfg-options {roots}'
    )
