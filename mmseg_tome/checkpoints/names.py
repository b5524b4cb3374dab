"""How the parameters of SegFormer are called elsewhere: one row per layer, in each format.

In templates ``{s}`` is the stage from 0, ``{n}`` the same from 1, ``{b}`` the block, and ``{p}``
what a layer has: its weight, its bias, the statistics of its norm.
"""

import enum
from typing import NamedTuple


class Layout(enum.Enum):
    """How the weights of a layer differ from ours, beside their name."""

    SAME = enum.auto()
    LINEAR = enum.auto()  # ``[D, C]``, where ours are a 1x1 convolution's ``[D, C, 1, 1]``
    SPLIT = enum.auto()  # queries, keys and values apart, where ours are stacked
    REVERSED = (
        enum.auto()
    )  # input channels by level from the coarsest, where ours start at the finest


class Row(NamedTuple):
    """One layer: its name in our state dicts (mmseg's), and its names in another format's."""

    ours: str
    theirs: tuple[str, ...]
    layout: Layout = Layout.SAME


class Format(NamedTuple):
    """A format of checkpoints of SegFormer.

    Attributes:
        key: Its name in options.
        title: Its name in messages.
        prefix: What precedes the encoder's names in a whole model.
        encoder: The rows of the backbone.
        head: The rows of the head, whose projections are bare linears.
        unused: Names that such checkpoints may hold and SegFormer does not use, and why.
        eps: Epsilon of the norms in blocks and after stages.
        inner_eps: Epsilon of the norms in patch embeddings and after spatial reduction.
    """

    key: str
    title: str
    prefix: str
    encoder: tuple[Row, ...]
    head: tuple[Row, ...]
    unused: dict[str, str]
    eps: float
    inner_eps: float


def _encoder(names: dict[str, str], split: tuple[str, ...]) -> tuple[Row, ...]:
    """Rows from the other format's names of our layers, and of what our ``in_proj`` stacks."""
    block = 'layers.{s}.1.{b}.'
    linear = {f'{block}ffn.layers.0', f'{block}ffn.layers.4'}
    rows = [
        Row(f'{ours}.{{p}}', (f'{theirs}.{{p}}',), Layout.LINEAR if ours in linear else Layout.SAME)
        for ours, theirs in (
            ('layers.{s}.0.projection', names['projection']),
            ('layers.{s}.0.norm', names['projection_norm']),
            (f'{block}norm1', names['norm1']),
            (f'{block}attn.attn.out_proj', names['out_proj']),
            (f'{block}attn.sr', names['sr']),
            (f'{block}attn.norm', names['sr_norm']),
            (f'{block}norm2', names['norm2']),
            (f'{block}ffn.layers.0', names['fc1']),
            (f'{block}ffn.layers.1', names['depthwise']),
            (f'{block}ffn.layers.4', names['fc2']),
            ('layers.{s}.2', names['norm']),
        )
    ]
    parts = tuple(f'{name}.{{p}}' for name in split)
    return (*rows, Row(f'{block}attn.attn.in_proj_{{p}}', parts, Layout.SPLIT))


def _head(level: str, fusion: str, norm: str, classifier: str) -> tuple[Row, ...]:
    return (
        Row('convs.{s}.conv.{p}', (f'{level}.{{p}}',), Layout.LINEAR),
        Row('fusion_conv.conv.{p}', (f'{fusion}.{{p}}',), Layout.REVERSED),
        Row('fusion_conv.bn.{p}', (f'{norm}.{{p}}',)),
        Row('conv_seg.{p}', (f'{classifier}.{{p}}',)),
    )


_NVLABS_BLOCK = 'block{n}.{b}.'
NVLABS = Format(
    key='nvlabs',
    title='NVlabs',
    prefix='backbone.',
    encoder=_encoder(
        {
            'projection': 'patch_embed{n}.proj',
            'projection_norm': 'patch_embed{n}.norm',
            'norm1': f'{_NVLABS_BLOCK}norm1',
            'out_proj': f'{_NVLABS_BLOCK}attn.proj',
            'sr': f'{_NVLABS_BLOCK}attn.sr',
            'sr_norm': f'{_NVLABS_BLOCK}attn.norm',
            'norm2': f'{_NVLABS_BLOCK}norm2',
            'fc1': f'{_NVLABS_BLOCK}mlp.fc1',
            'depthwise': f'{_NVLABS_BLOCK}mlp.dwconv.dwconv',
            'fc2': f'{_NVLABS_BLOCK}mlp.fc2',
            'norm': 'norm{n}',
        },
        split=(f'{_NVLABS_BLOCK}attn.q', f'{_NVLABS_BLOCK}attn.kv'),
    ),
    head=_head('linear_c{n}.proj', 'linear_fuse.conv', 'linear_fuse.bn', 'linear_pred'),
    unused={
        'head.{p}': "ImageNet's classifier",
        'decode_head.conv_seg.{p}': "the base class's classifier, which the head never calls",
    },
    # Blocks get their norms with 1e-6; the others are PyTorch's with its default.
    eps=1e-6,
    inner_eps=1e-5,
)


def _transformers(encoder: tuple[Row, ...], level: str) -> Format:
    return Format(
        key='hf',
        title='Hugging Face',
        prefix='segformer.',
        encoder=encoder,
        head=_head(f'{level}.{{s}}.proj', 'linear_fuse', 'batch_norm', 'classifier'),
        unused={'classifier.{p}': "ImageNet's classifier"},
        # Its layers do not read `layer_norm_eps` of its config: all have PyTorch's default.
        eps=1e-5,
        inner_eps=1e-5,
    )


_HF_BLOCK = 'encoder.block.{s}.{b}.'
_HF_SELF = f'{_HF_BLOCK}attention.self.'
# What `save_pretrained` writes, in every version.
HUGGING_FACE = _transformers(
    _encoder(
        {
            'projection': 'encoder.patch_embeddings.{s}.proj',
            'projection_norm': 'encoder.patch_embeddings.{s}.layer_norm',
            'norm1': f'{_HF_BLOCK}layer_norm_1',
            'out_proj': f'{_HF_BLOCK}attention.output.dense',
            'sr': f'{_HF_SELF}sr',
            'sr_norm': f'{_HF_SELF}layer_norm',
            'norm2': f'{_HF_BLOCK}layer_norm_2',
            'fc1': f'{_HF_BLOCK}mlp.dense1',
            'depthwise': f'{_HF_BLOCK}mlp.dwconv.dwconv',
            'fc2': f'{_HF_BLOCK}mlp.dense2',
            'norm': 'encoder.layer_norm.{s}',
        },
        split=(f'{_HF_SELF}query', f'{_HF_SELF}key', f'{_HF_SELF}value'),
    ),
    level='linear_c',
)
_HF5_BLOCK = 'stages.{s}.blocks.{b}.'
_HF5_ATTENTION = f'{_HF5_BLOCK}attention.'
# The state dict of a model in memory, since transformers 5.24.
HUGGING_FACE_5 = _transformers(
    _encoder(
        {
            'projection': 'stages.{s}.patch_embeddings.proj',
            'projection_norm': 'stages.{s}.patch_embeddings.layer_norm',
            'norm1': f'{_HF5_BLOCK}layernorm_before',
            'out_proj': f'{_HF5_ATTENTION}o_proj',
            'sr': f'{_HF5_ATTENTION}sequence_reduction.sequence_reduction',
            'sr_norm': f'{_HF5_ATTENTION}sequence_reduction.layer_norm',
            'norm2': f'{_HF5_BLOCK}layernorm_after',
            'fc1': f'{_HF5_BLOCK}mlp.fc1',
            'depthwise': f'{_HF5_BLOCK}mlp.dwconv.dwconv',
            'fc2': f'{_HF5_BLOCK}mlp.fc2',
            'norm': 'stages.{s}.layer_norm',
        },
        split=(
            f'{_HF5_ATTENTION}q_proj',
            f'{_HF5_ATTENTION}k_proj',
            f'{_HF5_ATTENTION}v_proj',
        ),
    ),
    level='linear_projections',
)
FORMATS = (NVLABS, HUGGING_FACE, HUGGING_FACE_5)
