"""Converting checkpoints from one format to another, with what belongs to them."""

from collections import OrderedDict
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .channels import adapt_channels
from .describe import describe
from .foreign import RECORD
from .hugging_face import write_folder
from .mmseg_config import backbone_settings, write_config
from .model import Model, load_model, without_head
from .names import HUGGING_FACE, NVLABS, Format
from .translate import HEAD, CheckpointError, Translation, from_ours

TARGETS = {'mmseg': None, 'hf': HUGGING_FACE, 'nvlabs': NVLABS}


def convert(
    path: Path,
    out: Path,
    to: str = 'mmseg',
    in_channels: int | None = None,
    encoder_only: bool = False,
    names: bool = False,
    command: str = 'mmseg_tome.checkpoints.convert()',
) -> list[str]:
    """Convert a checkpoint.

    Args:
        path: A checkpoint of mmseg, mmpose, NVlabs or Hugging Face; a file, or a folder.
        out: What to write: a ``.pth``, beside which ``to='mmseg'`` writes a config; a folder for
            ``to='hf'``.
        to: The format to write, ``'mmseg'``, ``'hf'`` or ``'nvlabs'``.
        in_channels: Channels of the images from now on: the first layer is inflated or averaged;
            as they were if None.
        encoder_only: Whether to leave the head out.
        names: Whether to list every tensor with its old and its new name.
        command: What is said to have written a config.

    Returns:
        What was found and done, line by line.

    Raises:
        FileExistsError: If something is there already that would be overwritten.
        FileNotFoundError: If there is nothing to convert.
        CheckpointError: If the checkpoint is of no SegFormer, or the target cannot hold its head.
    """
    target = TARGETS[to]
    _check_out(out, to)
    model = load_model(path)
    lines = [_what(model)]
    if encoder_only:
        model = without_head(model)
    if in_channels is not None:
        model = _with_channels(model, in_channels)
        lines.append(f'first layer: adapted to {in_channels} channels')
    lines += _changes(model)
    lines += _names(model.renamed) if names else []
    if target is None:
        return lines + _write_mmseg(out, model, command)
    found = _translated(model, target)
    lines += _names(found.renamed) if names else []
    return lines + _write_other(out, model, target, found.weights)


def _check_out(out: Path, to: str) -> None:
    if to == 'hf' and out.suffix in ('.pth', '.pt', '.safetensors', '.bin'):
        raise CheckpointError(f'{out} is the name of a file: Hugging Face has a folder')
    if to != 'hf' and out.suffix != '.pth':
        raise CheckpointError(f'{out} does not end with .pth, as checkpoints of {to} do')
    for each in (out, out.with_suffix('.py')) if to == 'mmseg' else (out,):
        if each.exists():
            raise FileExistsError(f'{each} exists already, and nothing is overwritten')


def _what(model: Model) -> str:
    found, head = model.description, model.description.head
    classes = ''
    if head:
        names = f' ({model.classes.dataset})' if model.classes.dataset else ''
        classes = f', head of {head.channels} channels, {head.classes} classes{names}'
    return f'{model.title}: {found}, {found.in_channels} channels{classes}'


def _changes(model: Model) -> list[str]:
    lines = []
    if model.renamed:
        stacked = sum(len(names) > 1 for names in model.renamed.values())
        lines.append(
            f'renamed: {len(model.renamed)} tensors, {stacked} of them stacked from queries, keys '
            'and values'
        )
    reasons: dict[str, list[str]] = {}
    for name, why in model.unused.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        more = f' and {len(names) - 2} more' if len(names) > 2 else ''
        lines.append(f'left out: {", ".join(names[:2])}{more} ({why})')
    return lines


def _names(renamed: dict[str, tuple[str, ...]]) -> list[str]:
    return [f'{" + ".join(old)} -> {new}' for new, old in renamed.items()]


def _with_channels(model: Model, number: int) -> Model:
    name = f'{model.description.prefix}layers.0.0.projection.weight'
    weights = {**model.weights, name: adapt_channels(model.weights[name], number)}
    description = describe(weights)
    assert description is not None
    return replace(model, weights=weights, description=description)


def _write_mmseg(out: Path, model: Model, command: str) -> list[str]:
    weights: Any = OrderedDict(model.weights)
    record = dict(
        filename=out.name,
        title=model.title,
        settings=model.settings,
        preprocessing=asdict(model.preprocessing),
    )
    weights._metadata = OrderedDict({RECORD: record})
    meta = model.classes.meta()
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'meta': {'dataset_meta': meta} if meta else {}, 'state_dict': weights}, out)
    if model.description.head is None and model.description.prefix:
        return [f"wrote {out}, and no config: its head is not SegFormer's for segmentation"]
    if model.description.head is None:
        settings = ', '.join(f'{key}={value!r}' for key, value in backbone_settings(model).items())
        return [
            f'wrote {out}, a backbone alone; for one of mmseg in your config: '
            f"backbone=dict({settings}, init_cfg=dict(type='Pretrained', checkpoint={str(out)!r}))"
        ]
    config = out.with_suffix('.py')
    config.write_text(write_config(model, out.name, command), encoding='utf-8')
    return [f'wrote {out} and {config}: mim test mmsegmentation {config} --checkpoint {out}']


def _write_other(out: Path, model: Model, target: Format, weights: dict[str, Tensor]) -> list[str]:
    if target is HUGGING_FACE:
        write_folder(out, model, weights)
        cls = 'SegformerForSemanticSegmentation' if model.description.head else 'SegformerModel'
        done = f"wrote {out}: transformers.{cls}.from_pretrained('{out}')"
    else:
        meta = {'CLASSES': model.classes.names, 'PALETTE': model.classes.palette}
        whole = {'meta': meta, 'state_dict': weights}
        out.parent.mkdir(parents=True, exist_ok=True)
        torch.save(whole if model.description.head else weights, out)
        done = f'wrote {out}'
    lines = [done]
    ours = [model.settings[key].get('eps', 1e-5) for key in ('norm_cfg', 'inner_norm_cfg')]
    if ours != [target.eps, target.inner_eps]:
        lines.append(
            f'epsilons of norms: the model has {ours[0]} and {ours[1]} (inner norms), '
            f'{target.title} always computes with {target.eps} and {target.inner_eps}: outputs '
            'differ by little'
        )
    return lines


def _translated(model: Model, target: Format) -> Translation:
    head = model.description.head
    has_head = any(
        not name.startswith(model.description.prefix) or name.startswith(HEAD)
        for name in model.weights
    )
    if has_head and (head is None or not head.bare):
        form = 'with norm and ReLU in its projections' if head else "that is not SegFormer's"
        raise CheckpointError(
            f'a head {form} has no equivalent in the format of {target.title}: '
            '--encoder-only converts the backbone alone'
        )
    if not has_head and model.description.prefix:
        model = without_head(model)
    return from_ours(model.weights, target)
