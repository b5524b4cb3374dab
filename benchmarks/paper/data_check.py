"""Whether the data of a config is there, before anything long is started, and which data it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from torch import Tensor

from mmseg_tome.analysis.file_identity import data_identity

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


@dataclass(frozen=True)
class Data:
    """A split of a dataset.

    Args:
        samples: Their number: images, or people.
        identity: What tells it from other data.
        height: Of the model's input in pixels; None if the pipeline makes several inputs.
        width: The same.
    """

    samples: int
    identity: str
    height: int | None = None
    width: int | None = None


def check_data(cfg: Config, split: str) -> Data:
    """Build a dataset of a config and look at it.

    Args:
        cfg: Of mmseg or mmpose.
        split: 'train', 'val' or 'test'.

    Raises:
        FileNotFoundError: If it is not there, or empty; the message spells out the layout.
    """
    described = cfg[f'{split}_dataloader'].dataset
    for path in _paths(described):
        if not path.exists():
            raise FileNotFoundError(_message(described, split, f'{path.absolute()} is not there'))
    try:
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            # Serialized, as it is by default, a list must not be empty.
            dataset = DATASETS.build({**described, 'serialize_data': False})
            if not len(dataset):
                raise FileNotFoundError('it has no samples')
            identity = data_identity(set(_files(dataset)))
            inputs = dataset[0]['inputs']
    except FileNotFoundError as error:
        raise FileNotFoundError(_message(described, split, str(error))) from error
    size = tuple(inputs.shape[-2:]) if isinstance(inputs, Tensor) else (None, None)
    return Data(len(dataset), identity, *size)


def _files(dataset: Any) -> Iterator[Path]:
    """Images, label maps and files of annotations."""
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        yield from (Path(info[key]) for key in ('img_path', 'seg_map_path') if info.get(key))
    if getattr(dataset, 'ann_file', '') and Path(dataset.ann_file).is_file():
        yield Path(dataset.ann_file)


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
