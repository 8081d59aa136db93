"""From rows that were set aside to records: each read again as it would have been in its input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from headlines.feeds.columns import Layout
from headlines.feeds.objects import jsonl_records
from headlines.feeds.page import LineKind
from headlines.feeds.records import Lines, Record
from headlines.feeds.tables import table_records

KEYS = {"source", "line", "reason", "raw"}
"""What every row that was set aside has."""

_BYTE = re.compile(r"\\x[89a-f][0-9a-f]")  # one that couldn't be decoded, as `readable` shows it


def mended_records(lines: Lines, layout: Layout, source: str) -> Iterator[Record]:
    """Give the record of every row that was set aside, as it stands now.

    A row of a table has the layout of its table with it, so that its cells are found again.
    """
    for number, line in lines:
        if not line.strip():
            yield Record(number, LineKind.BLANK)
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict) or not isinstance(row.get("raw"), str):
            reason = "no row that was set aside: JSON with source, line, reason and raw"
            yield Record(number, LineKind.QUARANTINED, line, reason=reason)
        else:
            yield replace(_read_again(row, layout, source), line=number)


def _read_again(row: Mapping[str, Any], layout: Layout, source: str) -> Record:
    raw = row["raw"].strip("\r\n")
    told = row.get("layout")
    if not raw.strip():
        return Record(1, LineKind.BLANK)
    table = None
    if isinstance(told, dict) and told.get("columns"):
        table = Layout(
            column=layout.column or told.get("column"),
            delimiter=told.get("delimiter"),
            columns=tuple(map(str, told["columns"])),
        )
    if _BYTE.search(raw):
        return Record(1, LineKind.QUARANTINED, raw, reason=str(row.get("reason")), layout=table)
    if table is not None:
        records = list(table_records(enumerate(raw.split("\n"), 1), table, source))
        return replace(records[0], text=raw, layout=table) if records[0].reason else records[0]
    if raw.lstrip().startswith(("{", '"')):
        [*records] = jsonl_records([(1, raw)], layout)
        if records and records[0].kind is LineKind.HEADLINE:
            return records[0]
        if raw.lstrip().startswith("{"):
            return Record(1, LineKind.QUARANTINED, raw, reason=str(row.get("reason")))
    return Record(1, LineKind.HEADLINE, raw)
