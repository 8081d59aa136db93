"""The record: one row of an input, or one line of it that is no row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
