"""Rows of results for tests."""

from benchmarks.docs.cells import Row
from benchmarks.docs.results import HEADER


def row(**fields: object) -> Row:
    """A row of an experiment 'speed', measured by a commit; fields that are not given are empty."""
    given = {'experiment': 'speed', 'source': 'measured', 'commit': 'abc1234', **fields}
    return {name: str(given.get(name, '')) for name in HEADER}
