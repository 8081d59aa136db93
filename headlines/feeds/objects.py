"""From JSON to records: lists, objects with a list in them, and lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from headlines.errors import FeedError
from headlines.feeds.columns import HEADLINE_COLUMNS, Layout
from headlines.feeds.page import LineKind
from headlines.feeds.records import Lines, Record


def jsonl_records(lines: Lines, layout: Layout) -> Iterator[Record]:
    """Give a record for every line."""
    for number, line in lines:
        if not line.strip():
            yield Record(number, LineKind.BLANK)
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Record(number, LineKind.QUARANTINED, line, reason=f"not JSON ({error})")
            continue
        yield _of_value(number, value, line, layout.column)


def json_records(text: str, layout: Layout, source: str) -> Iterator[Record]:
    """Give a record for every item; raises FeedError where JSON is broken or no list."""
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
        yield _of_value(number, item, json.dumps(item), layout.column)


def _of_value(number: int, value: Any, raw: str, column: str | None) -> Record:
    if isinstance(value, str):
        return Record(number, LineKind.HEADLINE, value)
    if isinstance(value, dict):
        folded = {str(k).casefold(): k for k in reversed(value)}
        for name in (column.casefold(),) if column else HEADLINE_COLUMNS:
            key = folded.get(name)
            if key is not None and isinstance(value[key], str):
                others = {k: v for k, v in value.items() if k != key}
                return Record(number, LineKind.HEADLINE, value[key], fields=others)
        reason = f"no headline among the keys {', '.join(map(str, value)) or '(none)'}"
    else:
        reason = f"JSON of type {type(value).__name__}, expected a string or an object"
    return Record(number, LineKind.QUARANTINED, raw, reason=reason)
