"""From spreadsheets and columnar files to records: XLSX and its kin, Parquet, Arrow and Feather."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import zip_longest
from math import isfinite
from typing import IO, Any
from urllib.parse import unquote

from headlines.errors import FeedError, require, short
from headlines.feeds.columns import Layout, column_among
from headlines.feeds.nesting import headline_of, why_none
from headlines.feeds.page import LineKind
from headlines.feeds.records import Record

BINARY = ("xlsx", "parquet", "arrow")
"""Formats that are no text."""

HEADER_ROWS = 20
"""Rows of a sheet among which the names of the columns are looked for."""

_MARKS: Mapping[bytes, str] = {
    b"PAR1": "parquet", b"ARROW1": "arrow", b"FEA1": "arrow", b"\xff\xff\xff\xff": "arrow",
    b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xlsx",
}  # fmt: skip


def told_sheet(head: bytes, format: str | None = None) -> str | None:
    """Tell a format that is no text, as it is said or from an input's first bytes.

    Archives are unpacked before.
    """
    if format is not None:
        return format if format in BINARY else None
    return next((format for mark, format in _MARKS.items() if head.startswith(mark)), None)


def sheet_records(file: IO[bytes], format: str, layout: Layout, source: str) -> Iterator[Record]:
    """Give a record for every row; raises FeedError where no column holds headlines."""
    if format == "xlsx":
        return _of_workbook(file, layout, source)
    return _of_columns(file, format, layout, source)


# ---------------------------------------------------------------- spreadsheets


def _of_workbook(file: IO[bytes], layout: Layout, source: str) -> Iterator[Record]:
    """Give the rows of all sheets that have a column of headlines, numbered through."""
    calamine = require("python_calamine", "xlsx")
    try:
        book = calamine.CalamineWorkbook.from_filelike(file)
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        ]
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise FeedError(
            f"{source}: can't be read as a spreadsheet ({short(str(error))}); save it "
            "as XLSX or CSV"
        ) from None
    tables = [(name, rows, _header_of(rows, layout)) for name, rows in sheets]
    if not any(place is not None for _, _, place in tables):
        names: Sequence[Any] = next((row for _, rows, _ in tables for row in rows if any(row)), ())
        try:
            column_among([str(name) for name in names], layout.column)
        except ValueError as error:
            raise FeedError(f"{source}: {error} or name it with column= (--column)") from None
    number = 0
    for name, rows, place in tables:
        for at, row in enumerate(rows):
            number += 1
            yield _of_row(number, row, at, place, rows, f"the sheet {short(name, 40)}", layout)


def _header_of(rows: Sequence[Sequence[Any]], layout: Layout) -> int | None:
    """Give the place of the row that names the columns; -1 where the one column needs no name."""
    for place, row in enumerate(rows[:HEADER_ROWS]):
        try:
            column_among([str(cell) for cell in row if cell != ""], layout.column)
        except ValueError:
            continue
        return place
    alone = rows and not layout.column and all(sum(c != "" for c in row) <= 1 for row in rows)
    return -1 if alone else None


def _of_row(
    number: int,
    row: Sequence[Any],
    at: int,
    place: int | None,
    rows: Sequence[Sequence[Any]],
    where: str,
    layout: Layout,
) -> Record:
    if all(cell == "" for cell in row):
        return Record(number, LineKind.BLANK)
    if place is None:
        raw = "\t".join(str(cell) for cell in row)
        reason = f"{where} has no column of headlines"
        return Record(number, LineKind.QUARANTINED, raw, reason=reason)
    if place == -1:
        return Record(number, LineKind.HEADLINE, str(next(cell for cell in row if cell != "")))
    if at <= place:
        return Record(number, LineKind.HEADER)
    names = _names_of(rows[place], len(row))
    chosen = column_among([name for name in names if name], layout.column)
    fields = {
        name: int(cell) if isinstance(cell, float) and cell.is_integer() else plain_value(cell)
        for name, cell in zip_longest(names, row, fillvalue="")
        if not name.startswith("column ") or cell != ""
    }
    return Record(number, LineKind.HEADLINE, str(fields.pop(chosen)), fields=fields)


def _names_of(header: Sequence[Any], width: int) -> list[str]:
    """Give every column a name of its own."""
    names: list[str] = []
    for at in range(max(width, len(header))):
        name = str(header[at]).strip() if at < len(header) else ""
        name = name or f"column {at + 1}"
        while name in names:
            name = f"{name} {at + 1}"
        names.append(name)
    return names


# ---------------------------------------------------------------- columnar files


def parquet_records(
    file: IO[bytes], groups: Sequence[int], first: int, layout: Layout, source: str
) -> Iterator[Record]:
    """Give a record for every row of some row groups, numbered from `first`."""
    return _of_columns(file, "parquet", layout, source, groups, first)


def row_groups(file: IO[bytes], source: str) -> list[tuple[int, int]]:
    """Give of every row group of a Parquet file its rows, and its bytes when unpacked."""
    pyarrow = require("pyarrow", "parquet")
    from pyarrow.parquet import ParquetFile

    try:
        told = ParquetFile(file).metadata
    except (pyarrow.ArrowException, OSError) as error:
        raise _unread(source, "parquet", error) from None
    groups = map(told.row_group, range(told.num_row_groups))
    return [(group.num_rows, group.total_byte_size) for group in groups]


def _of_columns(
    file: IO[bytes],
    format: str,
    layout: Layout,
    source: str,
    groups: Sequence[int] | None = None,
    first: int = 1,
) -> Iterator[Record]:
    """Give the rows of a Parquet, Arrow or Feather file, some thousand at a time."""
    pyarrow = require("pyarrow", "parquet")
    try:
        names, batches = _parquet(file, groups) if format == "parquet" else _arrow(file)
        wanted = (layout.column or "").partition(".")[0] or None
        column_among(names, wanted)
        number = first - 1
        told = _told_by_folders(source)
        for batch in batches:
            for row in batch.to_pylist():
                number += 1
                yield _of_values(number, plain_value(row), layout.column, told)
    except (pyarrow.ArrowException, OSError) as error:
        raise _unread(source, format, error) from None
    except ValueError as error:
        raise FeedError(f"{source}: {error} or name it with column= (--column)") from None


def _unread(source: str, format: str, error: Exception) -> FeedError:
    why = short(str(error).split("\n", 1)[0])
    return FeedError(f"{source}: can't be read as {format} ({why}); write it anew")


def _parquet(file: IO[bytes], groups: Sequence[int] | None) -> tuple[list[str], Any]:
    from pyarrow.parquet import ParquetFile

    table = ParquetFile(file)
    return table.schema_arrow.names, table.iter_batches(batch_size=8192, row_groups=groups)


def _arrow(file: IO[bytes]) -> tuple[list[str], Any]:
    """Open a file of Arrow's, a stream of it, or either version of Feather."""
    from pyarrow import feather, ipc

    head = file.read(4)
    file.seek(0)
    if head == b"\xff\xff\xff\xff":
        stream = ipc.open_stream(file)
        return stream.schema.names, stream
    table = feather.read_table(file)
    return table.schema.names, table.to_batches(max_chunksize=8192)


def _told_by_folders(source: str) -> dict[str, str]:
    """Give the columns that a file's folders tell, as ``date=2024-05-06/part-0.parquet`` does.

    A column of the file's own stands before one of that name.
    """
    named = [part.partition("=") for part in re.split(r"[/\\]", source)[:-1]]
    return {
        unquote(name): unquote(value)
        for name, sign, value in named
        if sign and name and value != "__HIVE_DEFAULT_PARTITION__"
    }


def _of_values(
    number: int, row: dict[str, Any], column: str | None, told: Mapping[str, str]
) -> Record:
    found = headline_of(row, column)
    if found is not None:
        fields = {**told, **found.fields} if told else found.fields
        return Record(number, LineKind.HEADLINE, found.headline, fields=fields)
    if all(value in (None, "") for value in row.values()):
        return Record(number, LineKind.BLANK)
    raw = json.dumps(row, ensure_ascii=False)
    return Record(number, LineKind.QUARANTINED, raw, reason=why_none(row, column))


def plain_value(value: Any) -> Any:
    """Give a cell as JSON can say it: dates in ISO 8601, what isn't a number as text."""
    if isinstance(value, datetime | date | time):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str | int | None) else str(value)
