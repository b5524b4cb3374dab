"""Writing a folder that transformers loads with ``from_pretrained``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from .model import Model
from .preprocessing import to_processor


def write_folder(folder: Path, model: Model, weights: dict[str, Tensor]) -> None:
    """Write ``config.json``, ``preprocessor_config.json`` and ``model.safetensors``.

    Args:
        folder: A folder that does not exist.
        model: The model.
        weights: Its weights in Hugging Face's names.

    Raises:
        ModuleNotFoundError: If safetensors is not installed.
    """
    save = _save_file()
    folder.mkdir(parents=True)
    preprocessing = model.preprocessing.with_channels(model.description.in_channels)
    contiguous = {name: value.contiguous() for name, value in weights.items()}
    save(contiguous, folder / 'model.safetensors', metadata={'format': 'pt'})
    for name, content in (
        ('config.json', make_config(model)),
        ('preprocessor_config.json', to_processor(preprocessing)),
    ):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / name).write_text(f'{text}\n', encoding='utf-8')


def make_config(model: Model) -> dict[str, Any]:
    """Write what ``SegformerConfig`` reads."""
    found, head = model.description, model.description.head
    stages = len(found.depths)
    config: dict[str, Any] = {
        'architectures': [f'Segformer{"ForSemanticSegmentation" if head else "Model"}'],
        'model_type': 'segformer',
        'num_channels': found.in_channels,
        'num_encoder_blocks': stages,
        'depths': list(found.depths),
        'hidden_sizes': list(found.widths),
        'num_attention_heads': list(model.settings['num_heads']),
        'patch_sizes': list(found.patch_sizes),
        'strides': list(model.settings['strides']),
        'sr_ratios': list(found.sr_ratios),
        'mlp_ratios': [found.mlp_ratio] * stages,
        'hidden_act': 'gelu',
    }
    if head:
        names = model.classes.names or [f'LABEL_{i}' for i in range(head.classes)]
        config['decoder_hidden_size'] = head.channels
        config['id2label'] = {str(i): name for i, name in enumerate(names)}
        config['label2id'] = {name: i for i, name in enumerate(names)}
    return config


def _save_file() -> Callable[..., None]:
    try:
        from safetensors.torch import save_file
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a folder of Hugging Face's needs safetensors, which is not installed; get it with: "
            'pip install safetensors',
            name='safetensors',
        ) from error
    saved: Callable[..., None] = save_file
    return saved
