"""From the lines of a table to records: CSV and TSV, with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from headlines.errors import FeedError
from headlines.feeds.columns import Layout, column_among
from headlines.feeds.page import LineKind
from headlines.feeds.records import Lines, Record


def table_records(lines: Lines, format: str, layout: Layout, source: str) -> Iterator[Record]:
    """Give a record for every row and line; raises FeedError without a column of headlines."""
    header: list[str] | None = None
    chosen = ""
    for taken, row, fault in _unquoted_rows(lines) if format == "tsv" else _csv_rows(lines):
        filled = any(cell.strip() for cell in row)
        if not fault and header is not None and filled and len(row) != len(header):
            fault = f"{len(row)} fields, the header has {len(header)}"
        if fault:
            for number, line in taken:
                yield Record(number, LineKind.QUARANTINED, line, reason=fault)
            continue
        number = taken[0][0]
        for later, line in taken[1:]:
            yield Record(later, LineKind.CONTINUED, line)
        if not filled:
            yield Record(number, LineKind.BLANK)
        elif header is None:
            header = [cell.strip().casefold() for cell in row]
            try:
                chosen = column_among(header, layout.column)
            except ValueError as error:
                raise FeedError(
                    f"{source}: line 1: {error} or name it with column= (--column)"
                ) from None
            yield Record(number, LineKind.HEADER)
        else:
            fields = dict(zip(header, row, strict=True))
            yield Record(number, LineKind.HEADLINE, fields.pop(chosen), fields=fields)


Rows = Iterator[tuple[list[tuple[int, str]], list[str], str]]
"""Each row with the lines that it took, its cells, and what is wrong with it."""


def _unquoted_rows(lines: Lines) -> Rows:
    """Rows of a TSV: no quoting, but for what spreadsheets do to a cell that holds a quote."""
    for number, line in lines:
        yield [(number, line)], [_cell(cell) for cell in line.split("\t")], ""


def _cell(cell: str) -> str:
    inner = cell[1:-1]
    if cell[:1] == cell[-1:] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def _csv_rows(lines: Lines) -> Rows:
    taken: list[tuple[int, str]] = []

    def recorded() -> Iterator[str]:
        for number, line in lines:
            taken.append((number, line))
            yield line + "\n"

    rows = csv.reader(recorded())
    while True:
        try:
            row = next(rows)
            yield taken[:], row, ""
        except StopIteration:
            return
        except csv.Error as error:
            yield taken[:], [], f"not csv ({error})"
        taken.clear()
