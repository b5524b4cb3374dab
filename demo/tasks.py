"""What the demo can run on: segmentation and pose, and the datasets of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.pictures.pose import draw_test_people
from benchmarks.pictures.segmentation import draw_test_images
from mmseg_tome.analysis.comparison import Comparison
from mmseg_tome.strategies import PRESETS


@dataclass(frozen=True)
class Task:
    """What differs between segmentation and pose.

    Args:
        package: What ``mim train`` and ``mim test`` are given.
        strategies: Names of the presets that are compared.
        metrics: The results that the table shows, and what each is multiplied by.
        draw: Draws predictions for part of the test set.
        note: What to know about the results.
        next_steps: What to do next with your own data.
    """

    package: str
    strategies: Sequence[str]
    metrics: Mapping[str, float]
    draw: Callable[[Comparison, Sequence[str], Path], None]
    note: str
    next_steps: str


SEGMENTATION = Task(
    package='mmsegmentation',
    strategies=tuple(PRESETS),
    metrics={'mIoU': 1, 'mIoU_small': 1},
    draw=draw_test_images,
    note="`stock` is mmseg's own model with the same weights; times are of the whole inference, "
    'up to the class of every pixel.',
    next_steps="""\
Next, on your own Cityscapes (leftImg8bit/ and gtFine/ with *_gtFine_labelTrainIds.png):
  mkdir -p data; ln -s /path/to/cityscapes data/cityscapes
  mim train mmsegmentation configs/cityscapes/segformer_mit-b0_hq_1xb4-160k_cityscapes-1024x1024.py
or, with a SegFormer checkpoint that you have already, and any strategy:
  mim test mmsegmentation \\
      configs/cityscapes/segformer_mit-b5_none_1xb4-160k_cityscapes-1024x1024.py \\
      --checkpoint segformer_b5.pth --cfg-options model.backbone.tome_cfg=fast""",
)

POSE = Task(
    package='mmpose',
    # Downsampled, the heatmaps would not be of the codec's size.
    strategies=tuple(name for name in PRESETS if name != 'downsample'),
    metrics={'PCK@0.1': 100, 'PCK@0.05': 100},  # in percent, as in the paper
    draw=draw_test_people,
    note='PCK in percent, by the longer side of the box. `stock` has the backbone of mmseg with '
    "the same weights, and this project's head, since others have none; times are of the whole "
    'inference of one person, flipped image included, up to the keypoints.',
    next_steps="""\
Next, on your own COCO (annotations/person_keypoints_{train,val}2017.json, train2017/, val2017/):
  mkdir -p data; ln -s /path/to/coco data/coco
  mim train mmpose configs/coco/segformer_mit-b0_hq_1xb16-210e_coco-288x384.py
or on the Jump Broadcast Dataset (keypoints/, bboxes_segmentations.csv, images/<event>/):
  mkdir -p data; ln -s /path/to/jbd data/jbd
  python tools/convert_jbd.py data/jbd
  mim train mmpose configs/jbd/segformer_mit-b0_hq_1xb16-210e_jbd-480x640.py
docs/pose.md has the rest.""",
)


@dataclass(frozen=True)
class DemoData:
    """A dataset that the demo can run on.

    Args:
        task: What is learned.
        config: The config that is trained, below ``configs/``.
        what: What the data is, for headings.
        larger: Configs of the same model for larger inputs, which the same checkpoint is timed at
            too, by what to call them.
    """

    task: Task
    config: str
    what: str
    larger: Mapping[str, str] = field(default_factory=dict)


DATASETS = {
    'streets': DemoData(
        SEGMENTATION,
        'streets/segformer_mit-b0_hq_1xb4-300i_streets-1024x512.py',
        'generated street scenes',
    ),
    'camvid': DemoData(
        SEGMENTATION, 'camvid/segformer_mit-b0_hq_1xb4-600i_camvid-480x360.py', 'CamVid'
    ),
    'athletes': DemoData(
        POSE,
        'athletes/segformer_mit-b0_hq_1xb8-6e_athletes-192x256.py',
        'generated athletes at 192×256',
        larger={'480×640': 'jbd/segformer_mit-b0_none_1xb16-210e_jbd-480x640.py'},
    ),
}
