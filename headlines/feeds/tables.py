"""From the lines of a table to records: CSV and its kin, each row read by itself."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from headlines.errors import FeedError
from headlines.feeds.columns import Layout, place_among
from headlines.feeds.decoding import MAX_LINE_BYTES, is_broken, readable
from headlines.feeds.dialects import SAMPLE_LINES, Dialect, read_row, trimmed
from headlines.feeds.page import LineKind
from headlines.feeds.records import Lines, Record, unreadable

MAX_CELL_LINES, MAX_ONE_COLUMN_LINES = 2000, 10
"""A quoted cell of more lines was never closed; in a table of one column nothing else tells."""

OPEN = "a quote is opened and never closed"

csv.field_size_limit(MAX_LINE_BYTES)  # of which a cell may have as much as a line


def table_records(
    lines: Lines,
    layout: Layout,
    source: str,
    tell: Callable[[Layout], object] = lambda layout: None,
) -> Iterator[Record]:
    """Give a record for every row and line; `tell` is told how the table was read.

    Raises FeedError when there is no telling which column holds the headlines.
    """
    ahead = _Ahead(lines)
    sample = list(islice(ahead, SAMPLE_LINES))
    ahead.give_back(sample)
    dialect = Dialect.told([line for _, line in sample], layout)
    try:
        place = _place_of_headlines(dialect, layout)
    except ValueError as error:
        raise FeedError(
            f"{source}: line 1: {error}, or say which it is by its number (--column 1)"
        ) from None
    names = dialect.names
    tell(
        Layout(
            column=names[place],
            delimiter=dialect.delimiter or None,
            header=dialect.header,
            columns=names,
        )
    )
    table = _Table(dialect, place)
    for number, line in ahead:
        yield from table.records(number, line, ahead)


def _place_of_headlines(dialect: Dialect, layout: Layout) -> int:
    """Give the place of the column of headlines: by what was said, by its name, by its content."""
    try:
        return place_among(dialect.head or dialect.names, layout.column)
    except ValueError as error:
        guess = None if layout.column or "both called" in str(error) else dialect.likeliest_place()
        if guess is None:
            raise
        return guess


class _Ahead:
    """Lines that can be given back, to be read again."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self._back: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        return self._back.pop() if self._back else next(self._lines)

    def give_back(self, taken: Iterable[tuple[int, str]]) -> None:
        """Put lines before the others."""
        self._back.extend(reversed(list(taken)))


@dataclass
class _Table:
    dialect: Dialect
    place: int
    begun: bool = False  # whether the header is behind us

    def records(self, number: int, line: str, ahead: _Ahead) -> Iterator[Record]:
        """Give the records of the row that begins with a line, and of its further lines."""
        dialect = self.dialect
        if not line.strip():
            yield Record(number, LineKind.BLANK)
            return
        if line[0] in "-=+|:" and dialect.is_ruling(line):
            yield Record(number, LineKind.HEADER)
            return
        if not self.begun and dialect.is_preamble(line):
            yield Record(number, LineKind.HEADER)
            return
        taken = [(number, line)]
        row = read_row(line, dialect)
        if row is None:
            taken, row = self._continued(taken, ahead)
        if row is None and dialect.loose:
            row = line.split(dialect.delimiter)
        fault = OPEN if row is None else self._fault(row, taken)
        if row is None or fault:
            for at, raw in taken:
                yield Record(at, LineKind.QUARANTINED, readable(raw), reason=fault)
            return
        kind = LineKind.HEADLINE
        if not row[self.place].strip() and not any(cell.strip() for cell in row):
            kind = LineKind.BLANK
        elif dialect.is_header(row):
            self.begun, kind = True, LineKind.HEADER
        if kind is LineKind.HEADLINE:
            fields = dict(zip(dialect.names, row, strict=True))
            text = fields.pop(dialect.names[self.place])
            yield Record(number, kind, text, fields=fields)
        else:
            yield Record(number, kind)
        for at, _ in taken[1:]:
            yield Record(at, LineKind.CONTINUED)

    def _fault(self, row: list[str], taken: list[tuple[int, str]]) -> str:
        """Say what is wrong with a row, if anything is."""
        if is_broken(taken[0][1]) or any(is_broken(line) for _, line in taken[1:]):
            return "holds bytes that aren't of the input's encoding"
        if len(row) != self.dialect.width:
            return f"{len(row)} fields, the table has {self.dialect.width}"
        return unreadable(row[self.place])

    def _continued(
        self, taken: list[tuple[int, str]], ahead: _Ahead
    ) -> tuple[list[tuple[int, str]], list[str] | None]:
        """Read on to the line on which a quote is closed, unless a row of the table comes first."""
        dialect = self.dialect
        several = dialect.width > 1
        most = MAX_CELL_LINES if several else MAX_ONE_COLUMN_LINES
        further: list[tuple[int, str]] = []

        def lines() -> Iterator[str]:
            yield taken[0][1] + "\n"
            size = 0
            for at, line in islice(ahead, most):
                further.append((at, line))
                size += len(line)
                if size > MAX_LINE_BYTES or (several and dialect.is_row(line)):
                    return
                yield line + "\n"

        try:
            row = next(csv.reader(lines(), strict=True, **dialect.csv_options))
        except csv.Error:
            row = []
        row = trimmed(row, dialect)
        if len(row) == dialect.width:
            return taken + further, row
        ahead.give_back(further)
        return taken, None
