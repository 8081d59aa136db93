"""Which format an input has, and its records: none of its lines is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from headlines.feeds.chats import chat_records
from headlines.feeds.columns import Layout
from headlines.feeds.dialects import SAMPLE_LINES, told_table
from headlines.feeds.documents import TEXTS, told_document
from headlines.feeds.evidence import link_of, unquoted
from headlines.feeds.page import LineKind, sort_page
from headlines.feeds.records import Lines, Record
from headlines.feeds.sheets import BINARY

MAX_APART = 5
"""Lines between a headline and its link on a page, at the most."""

FORMATS = ("text", "page", "csv", "tsv", "jsonl", "quarantine", *TEXTS, *BINARY)


_OBJECT = re.compile(r'\{\s*"[^"\n]{0,200}"\s*:')


def told_format(first_part: str, ending: str = "", layout: Layout = Layout()) -> str:  # noqa: B008
    """Tell the format from the first part of an input's text; its name's ending is a hint."""
    ending = {"ndjson": "jsonl", "tab": "tsv", "psv": "csv"}.get(ending, ending)
    text = first_part.lstrip("\ufeff \r\n\t")
    if document := told_document(text):
        return document
    if (found := _told_json(text)) or ending in ("json", "jsonl"):
        return found or ending
    lines = re.split("\r{0,2}\n|\r", first_part.lstrip("\ufeff").rstrip("\r\n"))[:SAMPLE_LINES]
    certain = ending in ("csv", "tsv")
    if not certain and layout.delimiter and not any(layout.delimiter in line for line in lines):
        return "text"  # so that the option is refused, not ignored
    return told_table(lines, layout, certain=certain) or "text"


def _told_json(text: str) -> str:
    first = text.split("\n", 1)[0].strip()
    if not first.startswith(("{", "[")):
        return ""
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        from headlines.feeds.nesting import is_wrapper
        from headlines.feeds.quarantine import KEYS

        if set(value) >= KEYS:
            return "quarantine"
        more = text.strip().partition("\n")[2]
        return "jsonl" if more and not is_wrapper(value) else "json"
    if _OBJECT.match(text):  # set over several lines, or broken
        lines = [line.strip() for line in text.split("\n")[:SAMPLE_LINES] if line.strip()]
        whole = sum(line.startswith("{") and not line.endswith(",") for line in lines)
        return "jsonl" if whole >= len(lines) / 2 else "json"
    # A bracket also opens `[Russia] - ...`: a list goes on with a string or an object.
    is_list = first.startswith("[") and text.lstrip("[ \r\n\t").startswith(('"', "{"))
    return "json" if is_list else ""


def records_of(
    lines: Lines,
    format: str,
    layout: Layout,
    source: str,
    tell: Callable[[Layout], object] = lambda layout: None,
) -> Iterator[Record]:
    """Give a record for every line or row; for the format ``page`` see `page_records`.

    `tell` is told how a table was read.

    Raises FeedError when a table has no column of headlines.
    """
    if format == "jsonl":
        from headlines.feeds.objects import jsonl_records

        return jsonl_records(lines, layout)
    if format == "quarantine":
        from headlines.feeds.quarantine import mended_records

        return mended_records(lines, layout, source)
    if format in ("csv", "tsv"):
        from headlines.feeds.tables import table_records

        return table_records(lines, layout, source, tell)
    return _of_list(lines)


def _of_list(lines: Lines) -> Iterator[Record]:
    for number, line in lines:
        yield Record(number, LineKind.HEADLINE if line.strip() else LineKind.BLANK, line)


def page_records(lines: Sequence[tuple[int, str]]) -> list[Record] | None:
    """Give the records of a page's or a chat's text, or None when it is neither, but a list.

    A link that stands below a headline is its field `url`.
    """
    if (messages := chat_records(lines)) is not None:
        return messages
    kinds = sort_page([line for _, line in lines])
    if kinds is None:
        return None
    records: list[Record] = []
    titled = None  # the place of the last headline, while it has no link
    for place, ((number, line), kind) in enumerate(zip(lines, kinds, strict=True)):
        if kind is LineKind.HEADLINE:
            titled, line = place, unquoted(line)
        elif kind is LineKind.BOILERPLATE and titled is not None and (link := link_of(line)):
            if place - titled <= MAX_APART:
                records[titled] = replace(records[titled], fields={"url": link})
            titled = None
        records.append(Record(number, kind, line))
    return records
