"""Settings as files that ``tome_cfg`` takes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def write_rates(path: Path, stages: Sequence[Mapping[str, Any]], comment: str) -> None:
    """Write a new YAML file with one mapping per stage.

    Args:
        path: Where to.
        stages: In the form of ``tome_cfg``.
        comment: How it was found, for the head of the file.

    Raises:
        FileExistsError: If there is such a file.
    """
    plain = [{key: _plain(value) for key, value in stage.items()} for stage in stages]
    head = ''.join(f'# {line}'.rstrip() + '\n' for line in comment.splitlines())
    body = ''.join(f'- {_flow(stage)}  # stage {n}\n' for n, stage in enumerate(plain, 1))
    with path.open('x', encoding='utf-8') as file:
        file.write(head + body)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _flow(stage: dict) -> str:
    return yaml.safe_dump(stage, default_flow_style=True, sort_keys=False, width=1000).strip()
