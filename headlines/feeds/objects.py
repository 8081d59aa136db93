"""From JSON to records: lists of headlines, objects with a list in them, and lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from headlines.errors import FeedError, short
from headlines.feeds.columns import Layout
from headlines.feeds.nesting import (
    ItemList,
    headline_of,
    is_wrapper,
    item_lists,
    items_at,
    of_columns,
    why_none,
)
from headlines.feeds.page import LineKind
from headlines.feeds.records import Lines, Record

_BROKEN = re.compile("[\udc80-\udcff]")
"""What stands for a byte that could not be decoded."""

_BETWEEN = re.compile(r"(?:[\s,\x1e\ufeff]|//[^\n]*|/\*(?s:.{0,500}?)\*/)*")
_LIST_OF_OBJECTS = re.compile(r"\[\s*(?=\{)")
MAX_LISTS = 100
"""Lists in broken JSON that are tried for items: each may cost a look at the whole text."""

_NEXT_TEXT = re.compile(r'"\s*,\s*(?=")')
_FIRST_KEY = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')


def jsonl_records(lines: Lines, layout: Layout) -> Iterator[Record]:
    """Give a record for every line; the items of a line that is a list of them are its records."""
    for number, line in lines:
        line = line.strip("\ufeff\x1e \t\r")
        if not line:
            yield Record(number, LineKind.BLANK)
            continue
        try:
            value = _loaded(line)
        except (ValueError, RecursionError) as error:
            yield Record(number, LineKind.QUARANTINED, line, reason=f"not JSON ({error})")
            continue
        for record in _of_value(number, value, layout.column, line):
            yield replace(record, line=number) if record.line != number else record


def json_records(text: str, layout: Layout, source: str) -> Iterator[Record]:
    """Give a record for every item; a broken one is set aside alone.

    Raises FeedError where there is no list of headlines, or no JSON at all.
    """
    text = text.lstrip("\ufeff")
    column = layout.column
    try:
        value = _loaded(text)
    except RecursionError:
        raise FeedError(f"{source}: JSON nested too deeply; give a list of headlines") from None
    except json.JSONDecodeError as error:
        if _begins_whole(text):
            return jsonl_records(enumerate(text.removesuffix("\n").split("\n"), 1), layout)
        start = _after(text, 0) if error.msg == "Extra data" else _start_of_items(text, column)
        records = [] if start is None else list(_salvaged(text, start, column))
        if any(record.kind is LineKind.HEADLINE for record in records):
            return iter(records)
        near = short(text[error.pos : error.pos + 30], 30)
        raise FeedError(
            f"{source}: line {error.lineno}: not JSON ({error.msg}) near {near!r}; give a list of "
            "headlines or of objects that hold one"
        ) from None
    lists, column = _lists_of(value, column)
    if not lists:
        raise FeedError(f"{source}: {_no_list(value)}")
    broken = bool(_BROKEN.search(text))
    return _of_lists(lists, column, _told_by_wrapper(value), broken=broken)


def _no_list(value: Any) -> str:
    what = f"of type {type(value).__name__}"
    if isinstance(value, dict):
        what = f"with the keys {short(', '.join(map(str, value)) or '(none)', 100)}"
    return f"JSON {what}, no list of headlines in it; name their key with column= (--field)"


def _loaded(text: str) -> Any:
    """Read JSON; a key that stands twice has a list of its values, so that none is lost."""
    try:
        value = json.loads(text, parse_constant=str)
        flat = isinstance(value, dict) and text.count('":') <= len(value)
        return value if flat else json.loads(text, parse_constant=str, object_pairs_hook=_keyed)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python converts
        return json.loads(text, parse_constant=str, parse_int=str, object_pairs_hook=_keyed)


def _keyed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, number in Counter(key for key, _ in pairs).items():
            values = [value for name, value in pairs if name == key]
            if number > 1 and any(value != values[0] for value in values):
                found[key] = values
    return found


def _begins_whole(text: str) -> bool:
    """Say whether the first line is a value of its own, as in JSON lines."""
    first, _, rest = text.strip().partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return rest.strip().split("\n", 1)[0].strip() not in ("", "{", "[")


# ---------------------------------------------------------------- values to records


def _of_value(number: int, value: Any, column: str | None, raw: str) -> Iterator[Record]:
    """Give the records of one value among others: the item that it is, or a list of them."""
    if isinstance(value, list) or is_wrapper(value):
        lists, inner = _lists_of(value, column)
        if lists and not _BROKEN.search(raw):
            yield from _of_lists(lists, inner, _told_by_wrapper(value), broken=False)
            return
    yield _of_item(number, value, column, raw, {})


def _of_lists(
    lists: list[ItemList], column: str | None, told: Mapping[str, Any], *, broken: bool
) -> Iterator[Record]:
    number = 0
    for number, item in enumerate(lists[0].items, 1):
        yield _of_item(number, item, column, _dumped(item) if broken else "", told)
    for other in lists[1:]:
        reason = f"in {other.name}, and {lists[0].name} was read; name it (--field)"
        for item in other.items:
            number += 1
            yield Record(number, LineKind.QUARANTINED, _dumped(item), reason=reason)


def _lists_of(value: Any, column: str | None) -> tuple[list[ItemList], str | None]:
    """Find the lists of items in a whole value, which may be one item itself.

    With them comes what names the headline in an item.
    """
    table = of_columns(value) if isinstance(value, dict) and not is_wrapper(value) else None
    lists = [ItemList((), table)] if table is not None else item_lists(value, column)
    if lists:
        return lists, column
    if isinstance(value, dict) and headline_of(value, column) is not None:
        return [ItemList((), [value])], column
    if column:
        items, rest = items_at(value, column.casefold().split("."))
        if items:
            return [ItemList((), items)], rest or None
    if isinstance(value, list):
        return [ItemList((), value)], column
    inner = [v for v in value.values() if isinstance(v, list)] if isinstance(value, dict) else []
    return ([ItemList((), inner[0])] if len(inner) == 1 else []), column


def _of_item(
    number: int, item: Any, column: str | None, raw: str, told: Mapping[str, Any]
) -> Record:
    """Give the record of one item; `raw` is how it stands, where bytes in it may be broken."""
    if raw and _BROKEN.search(raw):
        reason = "holds bytes that are no text in the encoding of the file"
    elif (found := headline_of(item, column)) is not None:
        return Record(number, LineKind.HEADLINE, found.headline, {**told, **found.fields})
    else:
        reason = why_none(item, column)
    return Record(number, LineKind.QUARANTINED, raw or _dumped(item), reason=reason)


def _dumped(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)


def _told_by_wrapper(value: Any) -> dict[str, Any]:
    """Give what a JSON Feed says of all its items: whose they are, and in which language."""
    if not isinstance(value, dict) or "jsonfeed.org" not in str(value.get("version", "")):
        return {}
    told = {"publisher": value.get("title"), "language": value.get("language")}
    return {name: text for name, text in told.items() if isinstance(text, str) and text}


# ---------------------------------------------------------------- broken JSON


def _salvaged(text: str, at: int, column: str | None) -> Iterator[Record]:
    """Read items from a place on, where they are broken or cut off: those that are whole."""
    decoder = json.JSONDecoder(parse_constant=str, object_pairs_hook=_keyed)
    number, mark, whole = 0, "", True
    listed = text[:at].rstrip().endswith("[")
    at = _after(text, at)
    while at < len(text) and text[at] not in "]}":
        try:
            value, end = decoder.raw_decode(text, at)
            if isinstance(value, str) and text[_after(text, end) :][:1] not in ("", '"', "]"):
                raise ValueError("a quote within a text")
            mark, whole = mark or _mark_of(text, at), True
            for record in _of_value(number + 1, value, column, text[at:end]):
                number += 1
                yield replace(record, line=number)
        except (ValueError, RecursionError) as error:
            number, whole = number + 1, False
            end = _next_item(text, at, mark or _mark_of(text, at))
            raw = text[at:end].rstrip(", \r\n\t")
            reason = f"not JSON ({getattr(error, 'msg', error)})"
            reason = f"{reason}, and nothing whole follows" if end == len(text) else reason
            yield Record(number, LineKind.QUARANTINED, raw, reason=reason)
        at = _after(text, end)
    if listed and whole and at >= len(text):
        yield Record(number + 1, LineKind.QUARANTINED, "", reason="cut off: the list isn't closed")


def _after(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _start_of_items(text: str, column: str | None) -> int | None:
    """Find where the list of items begins: the first whose first object holds a headline."""
    decoder = json.JSONDecoder()
    begin = _after(text, 0)
    if text[begin : begin + 1] == "[":
        return begin + 1
    for found in islice(_LIST_OF_OBJECTS.finditer(text), MAX_LISTS):
        try:
            value, _ = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if headline_of(value, column) is not None:
            return found.end()
    return None


def _mark_of(text: str, at: int) -> str:
    """Give what an object begins with, up to its first key, and the blanks in front of it."""
    found = _FIRST_KEY.match(text, at)
    if not found:
        return ""
    line = text.rfind("\n", 0, at) + 1
    blanks = text[line:at] if line == at or (line and text[line:at].isspace()) else ""
    return f"{blanks}{found[0]}"


def _next_item(text: str, at: int, mark: str) -> int:
    """Find where the next item begins, behind one that is broken: none if that can't be told."""
    if text[at] == '"':
        found = _NEXT_TEXT.search(text, at + 1)
        return found.end() if found else len(text)
    end = text.find(mark, at + 1) if mark else -1
    return len(text) if end < 0 else end
