"""Tiny models of transformers with random weights, as folders that people download."""

from pathlib import Path

import pytest

from tests.checkpoints.models import randomize

transformers = pytest.importorskip('transformers')
SIZES = dict(
    depths=[1, 2, 1, 1],
    hidden_sizes=[4, 8, 12, 16],
    num_attention_heads=[1, 2, 3, 4],
    mlp_ratios=[2, 2, 2, 2],
    decoder_hidden_size=8,
)


def hugging_face(cls='SegformerForSemanticSegmentation', classes=19, **settings):
    """A model in fp32 and eval mode, of the sizes of `tests/analysis/tiny_segmentor.py`."""
    config = transformers.SegformerConfig(**{**SIZES, 'num_labels': classes, **settings})
    return randomize(getattr(transformers, cls)(config)).float()


def labels(names: list[str]) -> dict:
    return dict(id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})


def image_processor() -> type:
    """The one that resizes by Pillow; before 5.0 there is no other of that name."""
    older = transformers.SegformerImageProcessor
    return getattr(transformers, 'SegformerImageProcessorPil', older)


def write_folder(path: Path, model, **processor) -> Path:
    """Writes a model with its image processor."""
    model.save_pretrained(path)
    image_processor()(**processor).save_pretrained(path)
    return path
