"""Results to files and to standard output: whole or not at all."""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headlines.errors import OutputError, require
from headlines.files import replacing

FORMATS = ("table", "jsonl", "csv", "tsv", "parquet")
MIN_HEADLINE_WIDTH = 20
"""Columns that a table's headlines have, however narrow the terminal."""


def add_output_options(command: argparse.ArgumentParser) -> None:
    """Let a command write its rows to a file, in a format."""
    help = "for the rows: .jsonl, .csv, .tsv or .parquet (default: standard output)"
    command.add_argument("--output", metavar="FILE", help=help)
    help = "of the rows (default: by the ending; without one a table for a person, jsonl in a pipe)"
    command.add_argument("--format", choices=FORMATS, help=help)


def format_of(output: str | None, chosen: str | None) -> str:
    """Tell the format from the output's ending, or from where standard output goes."""
    if output is None or output == "-":
        return chosen or ("table" if sys.stdout.isatty() else "jsonl")
    ending = Path(output).suffix.lower().lstrip(".")
    ending = {"ndjson": "jsonl", "pq": "parquet"}.get(ending, ending)
    if chosen is None and ending not in ("jsonl", "csv", "tsv", "parquet"):
        raise OutputError(
            f"{output}: the format can't be told from the ending {ending!r}; "
            "end the name in .jsonl, .csv, .tsv or .parquet, or give --format"
        )
    return chosen or ending


def write_blocks(blocks: Iterable[bytes], output: str | None) -> None:
    """Write whole lines that are already in the output's format; an old file stays on failure."""
    if output is None or output == "-":
        sys.stdout.flush()
        for block in blocks:
            sys.stdout.buffer.write(block)
        return
    with replacing(output) as file:
        for block in blocks:
            file.write(block)


def write_rows(rows: Iterable[Mapping[str, Any]], output: str | None, format: str) -> int:
    """Write rows in one of `FORMATS` and give their number; an old file stays when that fails.

    Values are strings, numbers, None, or lists, joined or written as JSON in flat formats. The
    output is a path, or None (``-``) for standard output.
    """
    if format == "parquet":
        return _write_parquet(rows, output)
    if output is None or output == "-":
        return _write_text(rows, sys.stdout, format)
    with replacing(output) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        count = _write_text(rows, text, format)
        text.detach()
    return count


def _write_text(rows: Iterable[Mapping[str, Any]], file: Any, format: str) -> int:
    if format == "table":
        return _write_table(list(rows), file)
    count = 0
    writer: Any = None
    for row in rows:
        if format == "jsonl":
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            if writer is None:
                delimiter = "," if format == "csv" else "\t"
                writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
                writer.writerow(row)
            writer.writerow([_flat(value) for value in row.values()])
        count += 1
    return count


def _flat(value: Any) -> Any:
    """A value for one cell: lists of names joined, lists of objects as JSON."""
    if isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            return ",".join(value)
        return json.dumps(value, ensure_ascii=False)
    return value


def _write_table(rows: Sequence[Mapping[str, Any]], file: Any) -> int:
    """Columns for a person: topic or cluster first, the headline last and cut to the width."""
    shown = [
        c for c in ("topic", "probability", "cluster", "name", "strength") if rows and c in rows[0]
    ]
    cells = [[_cell(row[c]) for c in shown] for row in rows]
    widths = [
        max([len(name), *(_width(line[i]) for line in cells)]) for i, name in enumerate(shown)
    ]
    columns = shutil.get_terminal_size((110, 24)).columns
    room = max(MIN_HEADLINE_WIDTH, columns - sum(widths) - 2 * len(widths))
    header = "  ".join(n.ljust(w) for n, w in zip(shown, widths, strict=True))
    file.write(f"{header}  headline\n" if rows else "")
    for row, line in zip(rows, cells, strict=True):
        text = "  ".join(c + " " * (w - _width(c)) for c, w in zip(line, widths, strict=True))
        file.write(f"{text}  {_cut(row['headline'], room)}\n")
    return len(rows)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, room: int) -> str:
    if _width(text) <= room:
        return text
    while _width(text) > room - 1:
        text = text[:-1]
    return text + "…"


def _write_parquet(rows: Iterable[Mapping[str, Any]], output: str | None) -> int:
    if output is None or output == "-":
        raise OutputError("parquet goes to a file; give --output NAME.parquet")
    pyarrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    table = pyarrow.Table.from_pylist([dict(row) for row in rows])
    with replacing(output) as file:
        parquet.write_table(table, file)
    return int(table.num_rows)
