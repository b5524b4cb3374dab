"""Writing the config of a converted model, which ``mim test mmsegmentation`` runs."""

from typing import Any

from .describe import Head
from .model import STOCK, Model
from .preprocessing import Preprocessing

BASE = 'mmseg::_base_/models/segformer_mit-b0.py'
# Where mmseg's own configs expect the data sets.
FOLDERS = {
    'CityscapesDataset': ('data/cityscapes/', 'leftImg8bit/val', 'gtFine/val'),
    'ADE20KDataset': (
        'data/ade/ADEChallengeData2016',
        'images/validation',
        'annotations/validation',
    ),
}
OTHER = ('data/', 'images', 'annotations')


def write_config(model: Model, checkpoint: str, command: str) -> str:
    """Write the text of a config.

    Args:
        model: A model with a head.
        checkpoint: Name of the checkpoint, beside the config.
        command: What wrote it, for its first line.
    """
    assert model.description.head is not None
    parts: dict[str, Any] = {
        '_base_': [BASE, 'mmseg::_base_/default_runtime.py'],
        'custom_imports': dict(imports=['mmseg_tome'], allow_failed_imports=False),
        'load_from': f'{{{{ fileDirname }}}}/{checkpoint}',
        'model': _model(model, model.description.head),
        'test_pipeline': _pipeline(model.preprocessing),
        'test_dataloader': _dataloader(model),
        'test_evaluator': dict(type='IoUMetric', iou_metrics=['mIoU']),
        'test_cfg': dict(type='TestLoop'),
    }
    lines = [f'# SegFormer with {model.description}, from {model.title}; written by: {command}']
    lines += [f'{name} = {_text(value)}' for name, value in parts.items()]
    return '\n'.join(lines) + '\n'


def backbone_settings(model: Model) -> dict[str, Any]:
    """The arguments of the backbone that differ from mmseg's MiT-B0."""
    found = model.description
    width = found.widths[0] // model.settings['num_heads'][0]
    ours: dict[str, Any] = {
        'in_channels': found.in_channels,
        'embed_dims': width,
        'num_stages': len(found.depths),
        'num_layers': list(found.depths),
        'patch_sizes': list(found.patch_sizes),
        'sr_ratios': list(found.sr_ratios),
        'mlp_ratio': found.mlp_ratio,
        **model.settings,
    }
    stock = dict(
        in_channels=3,
        embed_dims=32,
        num_stages=4,
        num_layers=[2, 2, 2, 2],
        patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1],
        mlp_ratio=4,
        **STOCK,
    )
    if ours['inner_norm_cfg'] == ours['norm_cfg']:
        del ours['inner_norm_cfg']
    return {key: value for key, value in ours.items() if value != stock[key]}


def _model(model: Model, head: Head) -> dict[str, Any]:
    preprocessing = model.preprocessing.with_channels(model.description.in_channels)
    return dict(
        data_preprocessor=dict(
            mean=list(preprocessing.mean),
            std=list(preprocessing.std),
        ),
        backbone=dict(**backbone_settings(model), tome_cfg='none'),
        decode_head=dict(
            in_channels=list(model.description.widths),
            channels=head.channels,
            num_classes=head.classes,
            **(dict(bare_projections=True) if head.bare else {}),
        ),
        # Scores are resized to the size of the picture at once, as Hugging Face does it.
        test_cfg=dict(mode='whole', **(dict(resize_once=True) if preprocessing.size else {})),
    )


def _pipeline(preprocessing: Preprocessing) -> list[dict[str, Any]]:
    resize = dict(
        type='Resize',
        scale=preprocessing.size,
        keep_ratio=False,
        backend='pillow',
        interpolation=preprocessing.resample,
    )
    labels = dict(reduce_zero_label=True) if preprocessing.reduce_labels else {}
    return [
        dict(type='LoadImageFromFile'),
        *([resize] if preprocessing.size else []),
        dict(type='LoadAnnotations', **labels),
        dict(type='PackSegInputs'),
    ]


def _dataloader(model: Model) -> dict[str, Any]:
    classes = model.classes
    root, images, labels = FOLDERS.get(classes.dataset or '', OTHER)
    dataset: dict[str, Any] = dict(
        type=classes.dataset or 'BaseSegDataset',
        data_root=root,
        data_prefix=dict(img_path=images, seg_map_path=labels),
        pipeline='test_pipeline',
    )
    if classes.dataset is None:
        assert model.description.head is not None
        names = classes.names or [f'class {i}' for i in range(model.description.head.classes)]
        palette = dict(palette=classes.palette) if classes.palette else {}
        dataset['metainfo'] = dict(classes=names, **palette)
        dataset['img_suffix'], dataset['seg_map_suffix'] = '.jpg', '.png'
        dataset['reduce_zero_label'] = model.preprocessing.reduce_labels
    return dict(
        batch_size=1,
        num_workers=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )


def _text(value: Any, indent: int = 0) -> str:
    """A literal as one writes it: ``dict(…)``, on lines of their own where it is long."""
    if value == 'test_pipeline':
        return 'test_pipeline'
    pad, end = ' ' * (indent + 4), ' ' * indent
    if isinstance(value, dict):
        items = [f'{key}={_text(each, indent + 4)}' for key, each in value.items()]
        opening, closing = 'dict(', ')'
    elif isinstance(value, list):
        items = [_text(each, indent + 4) for each in value]
        opening, closing = '[', ']'
    else:
        return repr(value)
    flat = f'{opening}{", ".join(items)}{closing}'
    if len(flat) + indent <= 88 and '\n' not in flat:
        return flat
    return f'{opening}\n{"".join(f"{pad}{item},{chr(10)}" for item in items)}{end}{closing}'
