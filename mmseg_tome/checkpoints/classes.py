"""The classes of a checkpoint, and the data set that they are of."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..compat.versions import is_installed
from .files import Source

# mmseg's names of class lists, and its classes of data sets.
DATASETS = {'cityscapes': 'CityscapesDataset', 'ade20k': 'ADE20KDataset'}


class Classes(NamedTuple):
    """Names of classes, their colors, and mmseg's class of the data set; None what is unknown."""

    names: list[str] | None = None
    palette: list[list[int]] | None = None
    dataset: str | None = None

    def meta(self) -> dict[str, Any]:
        """What mmengine keeps as ``dataset_meta``; empty if the names are unknown."""
        if self.names is None:
            return {}
        return {'classes': self.names, **({'palette': self.palette} if self.palette else {})}


def find_classes(source: Source, number: int | None) -> Classes:
    """Find the classes by what came with the weights.

    Args:
        source: What was read.
        number: How many there are by the weights; None for a model without a classifier.
    """
    if number is None:
        return Classes()
    labels = source.config.get('id2label') or {}
    meta = source.meta.get('dataset_meta') or {}
    names = meta.get('classes') or source.meta.get('CLASSES')
    palette = meta.get('palette') or source.meta.get('PALETTE')
    if labels and not all(str(name).startswith('LABEL_') for name in labels.values()):
        names = [str(labels[key]) for key in sorted(labels, key=int)]
    if names is None or len(names) != number:
        return Classes()
    known, colors, dataset = _known(names)
    palette = [[int(value) for value in color] for color in palette] if palette else colors
    return Classes(list(known or map(str, names)), palette, dataset)


def _known(names: Sequence[str]) -> Classes:
    """mmseg's own spelling, colors and class, where the names are of a data set that it knows."""
    if not is_installed('mmseg'):
        return Classes()
    from mmseg.utils import get_classes, get_palette

    for alias, dataset in DATASETS.items():
        known = get_classes(alias)
        if [name.strip().lower() for name in names] == [name.strip() for name in known]:
            return Classes(known, get_palette(alias), dataset)
    return Classes()
