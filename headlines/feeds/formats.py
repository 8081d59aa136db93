"""From lines to records: one for each row of a list, a page, a table or JSON, none left out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headlines.errors import FeedError
from headlines.feeds.intake import HEADLINE_COLUMNS, column_among
from headlines.feeds.page import LineKind, sort_page

FORMATS = ("text", "page", "csv", "tsv", "json", "jsonl")
Lines = Iterable[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an input, or one line of it that is no row."""

    line: int  # from 1; for a JSON list the item's number
    kind: LineKind  # HEADLINE when it holds one, QUARANTINED when it could not be read, or others
    text: str = ""  # the headline as it stands there; the raw line where it could not be read
    fields: Mapping[str, Any] = field(default_factory=dict)  # further columns, in lower case
    reason: str = ""  # why it could not be read


def told_format(first_part: str) -> str:
    """Tell the format from the first part of an input's text."""
    text = first_part.lstrip("\ufeff \r\n\t")
    first = text.split("\n", 1)[0].strip()
    if first.startswith(("{", "[")):
        try:
            value = json.loads(first)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            lists = any(isinstance(v, list) for v in value.values())
            return "json" if lists and not set(value) & set(HEADLINE_COLUMNS) else "jsonl"
        # A bracket also opens `[Russia] - ...`: a list goes on with a string or an object.
        if first.startswith("[") and text.lstrip("[ \r\n\t").startswith(('"', "{")):
            return "json"
    for name, mark in (("tsv", "\t"), ("csv", ",")):
        cells = [c.strip(' "').casefold() for c in first.split(mark)]
        named = set(cells) & set(HEADLINE_COLUMNS) and all(map(str.isidentifier, cells))
        if len(cells) > 1 and named:
            return name
    return "text"


def records_of(lines: Lines, format: str, column: str | None, source: str) -> Iterator[Record]:
    """Give a record for every line or row; for the format ``page`` see `page_records`.

    Raises FeedError when a table has no column of headlines, or JSON is broken or no list.
    """
    if format == "json":
        return _of_json("\n".join(line for _, line in lines), column, source)
    if format == "jsonl":
        return _of_jsonl(lines, column)
    if format in ("csv", "tsv"):
        return _of_table(lines, format, column, source)
    return _of_list(lines)


def _of_list(lines: Lines) -> Iterator[Record]:
    for number, line in lines:
        yield Record(number, LineKind.HEADLINE if line.strip() else LineKind.BLANK, line)


def page_records(lines: Sequence[tuple[int, str]]) -> list[Record] | None:
    """Give the records of a web page's text, or None when the page rule says that it is none."""
    kinds = sort_page([line for _, line in lines])
    if kinds is None:
        return None
    return [Record(n, kind, line) for (n, line), kind in zip(lines, kinds, strict=True)]


def _of_table(lines: Lines, format: str, column: str | None, source: str) -> Iterator[Record]:
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
                chosen = column_among(header, column)
            except ValueError as error:
                raise FeedError(
                    f"{source}: line 1: {error} or name it with column= (--column)"
                ) from None
            yield Record(number, LineKind.HEADER)
        else:
            fields = dict(zip(header, row, strict=True))
            yield Record(number, LineKind.HEADLINE, fields[chosen], fields=fields)


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


def _of_jsonl(lines: Lines, column: str | None) -> Iterator[Record]:
    for number, line in lines:
        if not line.strip():
            yield Record(number, LineKind.BLANK)
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Record(number, LineKind.QUARANTINED, line, reason=f"not JSON ({error})")
            continue
        yield _of_value(number, value, line, column)


def _of_json(text: str, column: str | None, source: str) -> Iterator[Record]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise FeedError(
            f"{source}: line {error.lineno}: not JSON ({error.msg}); mend it, or give one value "
            "a line as .jsonl so that only broken lines are set aside"
        ) from None
    except RecursionError:
        raise FeedError(f"{source}: JSON nested too deeply; give a list of headlines") from None
    if isinstance(value, dict):
        lists = [v for v in value.values() if isinstance(v, list)]
        value = lists[0] if len(lists) == 1 else value
    if not isinstance(value, list):
        raise FeedError(
            f"{source}: JSON of type {type(value).__name__}; expected a list of headlines or an "
            "object with one list in it"
        )
    for number, item in enumerate(value, 1):
        yield _of_value(number, item, json.dumps(item), column)


def _of_value(number: int, value: Any, raw: str, column: str | None) -> Record:
    if isinstance(value, str):
        return Record(number, LineKind.HEADLINE, value)
    if isinstance(value, dict):
        fields = {str(k).casefold(): v for k, v in value.items()}
        for name in (column.casefold(),) if column else HEADLINE_COLUMNS:
            if isinstance(fields.get(name), str):
                return Record(number, LineKind.HEADLINE, fields[name], fields=fields)
        reason = f"no headline among the keys {', '.join(map(str, value)) or '(none)'}"
    else:
        reason = f"JSON of type {type(value).__name__}, expected a string or an object"
    return Record(number, LineKind.QUARANTINED, raw, reason=reason)
