"""CamVid (Brostow et al. 2009) in the 11-class version that SegNet made common."""

from __future__ import annotations

import os.path as osp
from typing import Any, NamedTuple

from mmengine.fileio import list_dir_or_file
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

SPLITS = ('train', 'val', 'test')
UNLABELLED = 11
IGNORED = 255
"""The `ignore_index` of MMSegmentation's losses and metrics, and `seg_pad_val` of its crops."""


class Layout(NamedTuple):
    """Where images and labels of a split lie under the data root."""

    images: str
    labels: str
    image_suffixes: tuple[str, ...]


LAYOUTS = (
    Layout('{split}', '{split}annot', ('.png',)),  # the SegNet tutorial's
    Layout('images/{split}', 'labels/{split}', ('.jpg', '.png')),
)
LABEL_SUFFIX = '.png'


@DATASETS.register_module()
class CamVidDataset(BaseSegDataset):
    """Street scenes of Cambridge, 11 classes; label value 11, unlabelled, is ignored.

    Two layouts of `data_root` are recognized, the first one being SegNet's:

        train/*.png  trainannot/*.png  val/*.png  valannot/*.png  test/*.png  testannot/*.png
        images/{train,val,test}/*.{jpg,png}  labels/{train,val,test}/*.png

    An image and its label have the same name up to the suffix; labels are one byte a pixel.

    Args:
        data_root: Folder that holds one of the two layouts; the first found is taken.
        split: 'train', 'val' or 'test'.
        **kwargs: See `BaseSegDataset`. With a custom `data_prefix`, no layout is looked for.

    Raises:
        ValueError: If `split` is none of the three.
        FileNotFoundError: If neither layout is found, or an image has no label or a label no
            image.
    """

    METAINFO = {
        'classes': (
            'sky',
            'building',
            'pole',
            'road',
            'pavement',
            'tree',
            'sign symbol',
            'fence',
            'car',
            'pedestrian',
            'bicyclist',
        ),
        'palette': [
            [128, 128, 128],
            [128, 0, 0],
            [192, 192, 128],
            [128, 64, 128],
            [60, 40, 222],
            [128, 128, 0],
            [192, 128, 128],
            [64, 64, 128],
            [64, 0, 128],
            [64, 64, 0],
            [0, 128, 192],
        ],
    }

    def __init__(self, data_root: str = 'data/camvid', split: str = 'train', **kwargs: Any) -> None:
        if split not in SPLITS:
            raise ValueError(f'split={split!r}: CamVid has the splits {", ".join(SPLITS)}')
        self.split = split
        self._find_layout = 'data_prefix' not in kwargs
        super().__init__(data_root=data_root, **kwargs)

    @classmethod
    def get_label_map(cls, new_classes: list[str] | tuple[str, ...] | None = None) -> dict:
        """Maps unlabelled to 255, beside what a choice of classes (`metainfo`) maps."""
        chosen = super().get_label_map(new_classes)
        return {**(chosen or {}), UNLABELLED: IGNORED}

    def load_data_list(self) -> list[dict]:
        """Lists the split's images and labels, each with its counterpart."""
        if not self._find_layout:
            return super().load_data_list()
        images, labels, self.img_suffix = _find_split(self.data_root, self.split)
        self.data_prefix = {'img_path': images, 'seg_map_path': labels}
        _check_pairs(images, self.img_suffix, labels)
        return super().load_data_list()


def _find_split(data_root: str, split: str) -> tuple[str, str, str]:
    """Returns the folders of images and labels and the images' suffix."""
    for layout in LAYOUTS:
        images = osp.join(data_root, layout.images.format(split=split))
        labels = osp.join(data_root, layout.labels.format(split=split))
        if osp.isdir(images) and osp.isdir(labels):
            for suffix in layout.image_suffixes:
                if _stems(images, suffix):
                    return images, labels, suffix
            raise FileNotFoundError(
                f'CamVid, split {split!r}: {images} holds no image '
                f'(*{", *".join(layout.image_suffixes)})'
            )
    expected = '\n'.join(
        f'  {osp.join(data_root, layout.images.format(split=split))}/*'
        f'{{{",".join(layout.image_suffixes)}}} with '
        f'{osp.join(data_root, layout.labels.format(split=split))}/*{LABEL_SUFFIX}'
        for layout in LAYOUTS
    )
    raise FileNotFoundError(
        f'CamVid, split {split!r}: data_root={data_root!r} '
        f'({osp.abspath(data_root)}) has neither of the two layouts:\n{expected}\n'
        'Set data_root to the folder that holds one of them.'
    )


def _check_pairs(images: str, image_suffix: str, labels: str) -> None:
    image_stems, label_stems = _stems(images, image_suffix), _stems(labels, LABEL_SUFFIX)
    for lacking, stems, suffix, folder in (
        ('labels', image_stems - label_stems, LABEL_SUFFIX, labels),
        ('images', label_stems - image_stems, image_suffix, images),
    ):
        if stems:
            names = [stem + suffix for stem in sorted(stems)]
            shown = ', '.join(names[:5]) + (', …' if len(names) > 5 else '')
            raise FileNotFoundError(
                f'CamVid: {images} has {len(image_stems)} images and {labels} has '
                f'{len(label_stems)} labels; {len(names)} {lacking} are missing in {folder}: '
                f'{shown}'
            )


def _stems(folder: str, suffix: str) -> set[str]:
    names = list_dir_or_file(folder, list_dir=False, suffix=suffix, recursive=True)
    return {name[: -len(suffix)] for name in names}
