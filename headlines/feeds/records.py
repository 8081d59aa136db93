"""The record: one row of an input, or one line of it that is no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headlines.feeds.columns import Layout
from headlines.feeds.page import LineKind

Lines = Iterable[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an input, or one line of it that is no row."""

    line: int  # from 1; for a JSON list the item's number
    kind: LineKind  # HEADLINE when it holds one, QUARANTINED when it could not be read, or others
    text: str = ""  # the headline as it stands there; the raw line where it could not be read
    fields: Mapping[str, Any] = field(default_factory=dict)  # the other columns, as named
    reason: str = ""  # why it could not be read
    layout: Layout | None = None  # of the table that it was a row of, if it comes without it


MAX_CHARACTERS = 10_000
"""A longer line is no headline."""


def unreadable(text: str) -> str:
    """Say why a headline can't be read; nothing where it can."""
    if "\x00" in text:
        return "contains a NUL character"
    long = len(text) > MAX_CHARACTERS
    return f"{len(text):,} characters, at most {MAX_CHARACTERS:,}" if long else ""
