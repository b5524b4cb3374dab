"""What a demo leaves behind: tables, a picture, a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from mmseg_tome.analysis.comparison import STOCK

from .tasks import Task


@dataclass(frozen=True)
class DemoResult:
    """What a demo leaves behind.

    Args:
        task: What was learned.
        tables: By title; each with one row per strategy.
        caption: Data, device, versions and date of the tables.
        folder: Where everything was written.
        checkpoint: The trained model.
        config: The config it was trained with.
    """

    task: Task
    tables: dict[str, pd.DataFrame]
    caption: str
    folder: Path
    checkpoint: Path
    config: Path


def make_table(
    seconds: Mapping[str, float],
    metrics: Mapping[str, Mapping[str, float]] | None = None,
    shown: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Put quality and speed side by side.

    Args:
        seconds: Seconds per image by strategy, and of the stock model under ``'stock'``.
        metrics: Results of ``mim test`` by strategy; without them, the table is of speed alone.
        shown: The results to show, and what each is multiplied by.

    Returns:
        One row per strategy, the stock model's first. Its quality is that of ``none``: the outputs
        are the same.
    """
    metrics = {STOCK: metrics['none'], **metrics} if metrics else {}
    return pd.DataFrame(
        {
            'strategy': name,
            **{key: round(factor * metrics[name][key], 2) for key, factor in (shown or {}).items()},
            'ms per image': round(1000 * value, 1),
            'speed-up over stock': round(seconds[STOCK] / value, 2),
            'speed-up over none': round(seconds['none'] / value, 2),
        }
        for name, value in seconds.items()
    )


def print_result(result: DemoResult, console: Console) -> None:
    """Show the tables, and say what was written and what to do next."""
    for title, content in result.tables.items():
        table = Table(title=title)
        for column in content.columns:
            table.add_column(column, justify='left' if column == 'strategy' else 'right')
        for row in content.itertuples(index=False):
            table.add_row(*(str(value) for value in row))
        console.print(table)
    console.print(f'{result.caption}\n', highlight=False)
    console.print(
        f'Tables:     {result.folder / "table.md"}\n'
        f'Picture:    {result.folder / "comparison.png"}\n'
        f'Checkpoint: {result.checkpoint}\n\n{result.task.next_steps}',
        soft_wrap=True,
        highlight=False,
    )


def write_tables(tables: Mapping[str, pd.DataFrame], caption: str, folder: Path) -> None:
    """Write every table as CSV, and all of them with the caption as table.md."""
    parts = []
    for number, (title, table) in enumerate(tables.items(), 1):
        table.to_csv(folder / f'table{number if number > 1 else ""}.csv', index=False)
        parts.append(f'{title}:\n\n{table.to_markdown(index=False)}')
    (folder / 'table.md').write_text('\n\n'.join([*parts, caption]) + '\n')
