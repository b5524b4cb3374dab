"""What is wrong with the input, by file and line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that cannot be used.

    Attributes:
        file: The file in which it stands.
        line: The line, from 1.
        reason: What is wrong with it, and what is allowed.
    """

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: {self.reason}'


class InvalidRows(ValueError):
    """Raised where rows cannot be used and may not be left out; `problems` holds all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f'{len(problems)} of the rows and boxes cannot be used')
        self.problems = problems


class UnusableRow(ValueError):
    """Raised by what reads a part of a row; whoever knows file and line makes a `Problem` of it."""
