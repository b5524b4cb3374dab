"""Everything that a checkpoint tells of a model, whatever format it is in."""

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from .classes import Classes, find_classes
from .describe import NUM_HEADS, Description, describe
from .files import Source, read
from .foreign import RECORD, translate
from .preprocessing import Preprocessing, from_model_config, from_processor
from .translate import CheckpointError

# mmseg's, and so ours.
STOCK = dict(
    num_heads=list(NUM_HEADS),
    strides=[4, 2, 2, 2],
    norm_cfg=dict(type='LN', eps=1e-6),
    inner_norm_cfg=dict(type='LN', eps=1e-6),
)


@dataclass
class Model:
    """A model in our names.

    Attributes:
        title: The format it was in.
        weights: Its state dict.
        description: Its sizes.
        classes: Its classes.
        settings: Arguments of the backbone that no weight says.
        preprocessing: How pictures become its input.
        renamed: Our names with the ones that they had.
        unused: What was left out, with the reason.
    """

    title: str
    weights: dict[str, Tensor]
    description: Description
    classes: Classes
    settings: dict[str, Any]
    preprocessing: Preprocessing
    renamed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def load_model(path: str | Path) -> Model:
    """Read a checkpoint of any format.

    Raises:
        FileNotFoundError: If there is none.
        CheckpointError: If it is of no SegFormer, or not complete.
        UnsafeCheckpointError: If it holds something that could run code.
    """
    source = read(path)
    foreign = translate(source)
    if foreign is None:
        return _ours(source)
    return Model(
        title=foreign.format.title,
        weights=foreign.translation.weights,
        description=foreign.description,
        classes=foreign.classes,
        settings=foreign.settings,
        preprocessing=from_processor(source.processor),
        renamed=foreign.translation.renamed,
        unused=foreign.translation.unused,
    )


def without_head(model: Model) -> Model:
    """The backbone of a model, under names without a prefix."""
    prefix = model.description.prefix
    weights = {
        name.removeprefix(prefix): value
        for name, value in model.weights.items()
        if name.startswith(prefix)
    }
    description = describe(weights)
    assert description is not None
    unused = {name: 'the head' for name in model.weights if not name.startswith(prefix)}
    return Model(
        title=model.title,
        weights=weights,
        description=description,
        classes=Classes(),
        settings=model.settings,
        preprocessing=model.preprocessing,
        unused={**model.unused, **unused},
    )


def _ours(source: Source) -> Model:
    description = describe(source.weights)
    if description is None:
        names = ', '.join(list(source.weights)[:2])
        raise CheckpointError(f'it is of no SegFormer that is known: it holds {names or "nothing"}')
    config = read_assignment(source.meta.get('cfg'), 'model')
    head = description.head
    record = (getattr(source.weights, '_metadata', None) or {}).get(RECORD, {})
    return Model(
        title='mmseg',
        weights=dict(source.weights),
        description=description,
        classes=find_classes(source, head.classes if head else None),
        settings=record.get('settings') or _settings(config.get('backbone') or {}, description),
        preprocessing=Preprocessing(**record['preprocessing'])
        if 'preprocessing' in record
        else from_model_config(config),
    )


def _settings(backbone: dict[str, Any], description: Description) -> dict[str, Any]:
    stock = dict(STOCK, num_heads=description.num_heads)
    settings = {key: backbone.get(key, value) for key, value in stock.items()}
    settings['inner_norm_cfg'] = backbone.get('inner_norm_cfg') or settings['norm_cfg']
    return settings


def read_assignment(text: Any, name: str) -> dict[str, Any]:
    """Read what a config's text assigns to a name, without running it.

    Returns:
        The dict; empty if there is none, or it is more than literals.
    """
    try:
        tree = ast.parse(text or '')
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                found = _literal(node.value)
                return found if isinstance(found, dict) else {}
    except (SyntaxError, TypeError, ValueError):
        return {}
    return {}


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == 'dict' and not node.args:
        return {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(each) for each in node.elts]
    return ast.literal_eval(node)
