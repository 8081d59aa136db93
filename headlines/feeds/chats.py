"""Chats: exports and copies of WhatsApp and Telegram, of which every message is a headline.

`[16.07.25, 10:45] Anna: text` on one line, `16/07/2025, 10:45 - Anna: text`, or
`Channel, [16.07.2025 10:45]` on a line of its own above the text. Time and name are fields.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from headlines.feeds.dates import day_first_among, read_date
from headlines.feeds.evidence import Mark, link_of, mark_of
from headlines.feeds.page import LineKind
from headlines.feeds.records import Record

MAX_CHARACTERS = 200
"""A message's beginning, in which time and name stand."""

MIN_MESSAGES = 2
"""Messages that show a chat."""

_DAY = r"(?P<day>\d{1,4}[./-]\d{1,2}[./-]\d{2,4})"
_TIME = r"(?P<time>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u202f][AaPp]\.?[Mm]\.?)?)"
_NAME = r"(?P<name>[^:\[\]]{1,60})"
_BRACKETS = re.compile(rf"\[{_DAY},? {_TIME}\] {_NAME}: ?(?P<text>.*)")
_DASH = re.compile(rf"{_DAY},? {_TIME} [-–] (?:{_NAME}: )?(?P<text>.*)")
_ABOVE = re.compile(rf"{_NAME}, \[{_DAY},? {_TIME}\]:?(?P<text>)")
_SERVICE = re.compile(
    r"<?(?:media|image|video|audio|sticker|gif|document) omitted>?|<attached: [^>]*>"
    r"|(?:this message was|you) deleted(?: this message)?\.?|.*\bend-to-end encrypted\b.*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?…][\"'”’)]{0,3}$")


def chat_records(lines: Sequence[tuple[int, str]]) -> list[Record] | None:
    """Give the records of a chat's text, or None when it is none."""
    first = next((line for _, line in lines if line.strip()), "")
    form = next((f for f in (_BRACKETS, _DASH, _ABOVE) if _match(f, first)), None)
    if form is None:
        return None
    begun = [_match(form, line) for _, line in lines]
    messages = [found for found in begun if found]
    names = Counter(found["name"] for found in messages if found["name"])
    # A list may have times and places before its titles: people write more than once.
    told = form is not _DASH or any(_is_service(found["text"]) for found in messages)
    told = told or (len(names) > 0 and 2 * len(names) <= names.total())
    if len(messages) < MIN_MESSAGES or not told:
        return None
    day_first = day_first_among(found["day"] for found in messages)
    records: list[Record] = []
    titled = None  # the place of the message's headline
    fields: dict[str, str] = {}
    for (number, line), found in zip(lines, begun, strict=True):
        if found:
            when = f"{found['day']} {found['time']}"
            date = read_date(when.replace("\u202f", " "), day_first)
            fields = {"date": date.isoformat() if date else when, "author": found["name"] or ""}
            line, titled = found["text"], None
        kind = _kind_of(line.strip(), titled is not None, heading=found is not None)
        if found and not found["name"]:
            kind = LineKind.BOILERPLATE  # what the program says
        if titled is not None and kind is LineKind.BOILERPLATE and (link := link_of(line)):
            told_before = records[titled].fields
            records[titled] = replace(records[titled], fields={"url": link, **told_before})
        if kind is LineKind.HEADLINE:
            titled = len(records)
        own = fields if kind is LineKind.HEADLINE else {}
        records.append(Record(number, kind, line, fields=own))
    return records


def _match(form: re.Pattern[str], line: str) -> re.Match[str] | None:
    """Match a line's beginning; messages of any length have it."""
    line = line.lstrip("\u200e\u200f\ufeff ").rstrip()
    return form.fullmatch(line) if form is not _ABOVE or len(line) <= MAX_CHARACTERS else None


def _is_service(text: str) -> bool:
    """Say whether a message is the program's, or stands for what the export leaves out."""
    return len(text) <= MAX_CHARACTERS and bool(_SERVICE.fullmatch(text.strip("\u200e ")))


def _kind_of(text: str, titled: bool, heading: bool) -> LineKind:
    if not text:
        return LineKind.BOILERPLATE if heading else LineKind.BLANK
    if mark_of(text) is Mark.STAMP or _is_service(text):
        return LineKind.BOILERPLATE
    if titled and _SENTENCE.search(text[-10:]):
        return LineKind.ARTICLE
    return LineKind.HEADLINE
