"""One measured value: which row of the results it is, and how it is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Row = Mapping[str, str]
"""A row of the results; all fields are text, as in the file."""

Where = Mapping[str, object]
"""What the fields of a row must equal; a tuple stands for any of its members."""

MINUS = '−'


def matches(row: Row, where: Where) -> bool:
    """Whether all of the fields have the values asked for."""
    for name, wanted in where.items():
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        if row[name] not in map(str, allowed):
            return False
    return True


def fixed(digits: int, scale: float = 1) -> Callable[[Row], str]:
    """'61.20': the value times ``scale``."""
    return lambda row: f'{scale * float(row["value"]):.{digits}f}'


def signed(digits: int = 2) -> Callable[[Row], str]:
    """'+0.12' or '−0.12', and '0.00' without a sign."""

    def show(row: Row) -> str:
        text = f'{float(row["value"]):+.{digits}f}'
        return f'{0:.{digits}f}' if float(text) == 0 else text.replace('-', MINUS)

    return show


def with_spread(show: Callable[[Row], str], digits: int = 2) -> Callable[[Row], str]:
    """'61.20 ± 0.31', where the row has a spread: half the way from ``low`` to ``high``."""

    def both(row: Row) -> str:
        if not row['low']:
            return show(row)
        return f'{show(row)} ± {(float(row["high"]) - float(row["low"])) / 2:.{digits}f}'

    return both


def interval(digits: int, scale: float = 1) -> Callable[[Row], str]:
    """'50.9 to 54.7': from ``low`` to ``high``; empty where the row has none."""

    def show(row: Row) -> str:
        if not row['low']:
            return ''
        ends = (f'{scale * float(row[end]):.{digits}f}' for end in ('low', 'high'))
        return ' to '.join(ends).replace('-', MINUS)

    return show


def with_interval(show: Callable[[Row], str], digits: int) -> Callable[[Row], str]:
    """'0.927 (0.896 to 1.099)'."""
    return lambda row: show(row) + (f' ({interval(digits)(row)})' if row['low'] else '')


def as_is(row: Row) -> str:
    """The value as it stands in the file, such as '3e-07'."""
    return row['value']


_TWO_DIGITS = fixed(2)


@dataclass(frozen=True)
class Cell:
    """A value of a table or a sentence.

    Args:
        where: What picks its row, beside what the table and the table's row ask for.
        over: If given, the value is that of another row divided by this one: of times, a speed-up.
            The other row is that with these fields instead. A speed-up that the results hold
            themselves wins: it was computed before the times were rounded.
        minus: If given, the value is this row's less that of another, found likewise.
        show: Writes it.
    """

    where: Where = field(default_factory=dict)
    over: Where | None = None
    minus: Where | None = None
    show: Callable[[Row], str] = _TWO_DIGITS

    def find(self, rows: Iterable[Row], where: Where) -> list[Row]:
        """The row, or the two, that the value comes from; none where it was not measured.

        Args:
            rows: The results to look in.
            where: What is asked for by the table and its row.

        Raises:
            ValueError: If several rows fit.
        """
        wanted = {**where, **self.where}
        if self.over is not None:
            other = {**wanted, **self.over}
            metric = f'speed-up over {other.get("implementation")} {other.get("strategy")}'
            if held := only(rows, {**wanted, 'metric': metric}):
                return [held]
        found = [only(rows, wanted)]
        for other in (self.over, self.minus):
            if other is not None:
                found.append(only(rows, {**wanted, **other}))
        return [] if None in found else found

    def text(self, found: Sequence[Row]) -> str:
        """Write the value that comes from these rows; empty if there are none."""
        if not found:
            return ''
        if len(found) == 1:
            return self.show(found[0])
        value, other = (float(row['value']) for row in found)
        value = other / value if self.over is not None else value - other
        return self.show({**found[0], 'value': str(value), 'low': '', 'high': ''})


def only(rows: Iterable[Row], where: Where) -> Row | None:
    """The one row that fits, or None.

    Raises:
        ValueError: If several do.
    """
    found = [row for row in rows if matches(row, where)]
    if len(found) > 1:
        told = sorted({name for row in found for name in row if row[name] != found[0][name]})
        raise ValueError(
            f'{len(found)} rows of the results fit {dict(where)}; they differ in {told}'
        )
    return found[0] if found else None
