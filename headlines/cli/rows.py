"""Results to files and to standard output: whole or not at all, in one set of columns."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from headlines.errors import OutputError, require
from headlines.files import names_folder, replacing, target_of

FORMATS = ("table", "jsonl", "csv", "tsv", "parquet")

ROW_GROUP = 16_384
"""Rows of a Parquet file that are held at once."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by."""

Row = Mapping[str, Any]


def add_output_options(command: argparse.ArgumentParser) -> None:
    """Let a command write its rows to a file, in a format."""
    help = "for the rows: .jsonl, .csv, .tsv or .parquet (default: standard output)"
    command.add_argument("--output", metavar="FILE", help=help)
    help = "of the rows (default: by the ending; without one a table for a person, jsonl in a pipe)"
    command.add_argument("--format", choices=FORMATS, help=help)
    help = "let no text in CSV or TSV be a formula: ' before = + - @, tab and carriage return"
    command.add_argument("--excel-safe", action="store_true", help=help)


def format_of(output: str | None, chosen: str | None) -> str:
    """Tell the format from the output's ending, or from where standard output goes."""
    if output is None or output == "-":
        return chosen or ("table" if sys.stdout.isatty() else "jsonl")
    if names_folder(output):
        return chosen or "parquet"
    ending = Path(output).suffix.lower().lstrip(".")
    ending = {"ndjson": "jsonl", "pq": "parquet"}.get(ending, ending)
    if chosen is None and ending not in ("jsonl", "csv", "tsv", "parquet"):
        raise OutputError(
            f"{output}: the format can't be told from the ending {ending!r}; "
            "end the name in .jsonl, .csv, .tsv or .parquet, or give --format"
        )
    return chosen or ending


@contextlib.contextmanager
def _destination(output: str | None) -> Iterator[IO[bytes]]:
    """Give what bytes go to: a file that appears when it is whole, or standard output."""
    if output is None or output == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    with replacing(output) as file:
        yield file


@contextlib.contextmanager
def _text_destination(output: str | None) -> Iterator[IO[str]]:
    """Give what text goes to, as `_destination`; half a surrogate pair is spelt out as in JSON."""
    if output is None or output == "-":
        yield sys.stdout
        return
    with replacing(output) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
        finally:
            text.detach()  # which flushes, and leaves the file open


@contextlib.contextmanager
def _waiting_room(output: str | None) -> Iterator[IO[bytes]]:
    """Give a file without a name, which nothing can leave behind, on the disk of the output."""
    import tempfile

    target = None if output is None or output == "-" else target_of(output)
    with tempfile.TemporaryFile(dir=target and target.parent) as file:
        yield file


def write_blocks(blocks: Iterable[bytes], output: str | None, *, at_once: bool = False) -> None:
    """Write whole lines that are already in the output's format; an old file stays on failure.

    With `at_once` standard output has each block when it is there.
    """
    with _destination(output) as file:
        for block in blocks:
            file.write(block)
            if at_once:
                file.flush()


def write_rows(
    rows: Iterable[Row],
    output: str | None,
    format: str,
    *,
    columns: Sequence[str] | None = None,
    excel_safe: bool = False,
    at_once: bool = False,
) -> int:
    """Write rows in one of `FORMATS` and give their number; an old file stays when that fails.

    The output is a path, or None (``-``) for standard output. JSON lines hold each row as it is;
    CSV, TSV and Parquet have all columns that any row has, in the order of their first appearance.
    Values are those of JSON: what is nested stands in a cell as JSON. A table shows some columns
    alone: those of `columns`, else `terminal.COLUMNS`. With `at_once` standard
    output has each line of JSON or of a table when it is there.
    """
    if format == "parquet":
        return _write_parquet(rows, output)
    with _text_destination(output) as text:
        if format == "table":
            from headlines.cli.terminal import COLUMNS, write_table

            return write_table(rows, text, columns or COLUMNS, at_once=at_once)
        if format == "jsonl":
            return _write_lines(rows, text, at_once)
        delimiter = "," if format == "csv" else "\t"
        with _waiting_room(output) as waiting:
            return _write_cells(rows, waiting, text, delimiter, excel_safe)


def _write_lines(rows: Iterable[Row], file: IO[str], at_once: bool) -> int:
    count = 0
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        if at_once:
            file.flush()
        count += 1
    return count


# ---------------------------------------------------------------- CSV and TSV


class _Lines:
    r"""What a CSV writer writes to: its rows end in ``\r\n``, so that it quotes both."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row[:-2] + "\n")


def _write_cells(
    rows: Iterable[Row], room: IO[bytes], file: IO[str], delimiter: str, excel_safe: bool
) -> int:
    """Write rows whose columns are known at their end: until then they wait in a file."""
    import csv
    import shutil

    csv.field_size_limit(1 << 30)
    columns: dict[str, None] = {}
    count = grown = 0
    plain = {int, float, type(None)} if excel_safe else {str, int, float, type(None)}
    written = _safe_cell if excel_safe else _cell
    with io.TextIOWrapper(room, "utf-8", errors="backslashreplace", newline="") as waiting:
        write = csv.writer(_Lines(waiting), delimiter=delimiter).writerow
        for row in rows:
            if not row.keys() <= columns.keys():
                columns |= dict.fromkeys(row)
                grown += 1
            write(
                [
                    value if type(value) in plain else written(name, value)
                    for name, value in zip(columns, map(row.get, columns), strict=True)
                ]
            )
            count += 1
        waiting.seek(0)
        out = csv.writer(_Lines(file), delimiter=delimiter)
        if columns:
            out.writerow([written(name, name) for name in columns])
        if grown <= 1:
            shutil.copyfileobj(waiting, file)
        else:
            for cells in csv.reader(waiting, delimiter=delimiter):
                out.writerow(cells + [""] * (len(columns) - len(cells)))
    return count


def _cell(name: str, value: Any) -> Any:
    """A value for one cell: names that also apply joined, what else is nested as JSON."""
    if name == "also" and isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value


def _safe_cell(name: str, value: Any) -> Any:
    told = _cell(name, value)
    return f"'{told}" if isinstance(told, str) and told.startswith(FORMULA_SIGNS) else told


# ---------------------------------------------------------------- Parquet


def _write_parquet(rows: Iterable[Row], output: str | None) -> int:
    """Write rows whose columns and types are known at their end: until then they wait in a file."""
    from itertools import islice

    from headlines.bulk import tables

    if output is None or output == "-":
        raise OutputError("parquet goes to a file; give --output NAME.parquet")
    require("pyarrow", "parquet")
    types: dict[str, str] = {}
    stream = iter(rows)
    with replacing(output) as file, _waiting_room(output) as waiting:
        while some := list(islice(stream, ROW_GROUP)):
            types = tables.widest(types, tables.write_rows(waiting, some))
        return tables.write_parquet(waiting, file, types)
