"""The account of a feed: lines and rows in, headlines out, and what became of every one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.block import HeadlineBlock, Titles
from headlines.feeds.columns import Layout, told_by
from headlines.feeds.decoding import has_halves, mended, readable
from headlines.feeds.page import LineKind
from headlines.feeds.records import MAX_CHARACTERS, Record, unreadable
from headlines.feeds.report import FeedReport, Quarantined
from headlines.textarray import KeyTable

BLOCK_HEADLINES = 8192
"""Headlines given at once."""

MAX_REASONS = 50
"""Reasons that a report counts one by one; it tells what goes beyond as `OTHER`."""

OTHER = "other reasons"

WINDOW_IDS = 1 << 19
"""Ids remembered before the older half is forgotten: a bound on memory."""


class SeenIds:
    """Ids met before, within a window of the last half a million to a million headlines."""

    def __init__(self) -> None:
        self._young = KeyTable(WINDOW_IDS)
        self._old = KeyTable(1)

    def add(self, ids: Sequence[str]) -> list[bool]:
        """Remember ids, 16 hex digits each; say of each whether it was there."""
        return [bool(again) for again in self.add_keys(keys_of(ids))]

    def add_keys(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Do so for ids as `keys_of` gives them; how many come at once changes nothing."""
        known = np.zeros(len(keys), dtype=np.bool_)
        done = 0
        while done < len(keys):
            # No more at once than there is room for: the window moves on at the same id always.
            some = keys[done : done + WINDOW_IDS - len(self._young)]
            known[done : done + len(some)] = self._added(some)
            done += len(some)
            if len(self._young) == WINDOW_IDS:
                self._old, self._young = self._young, KeyTable(WINDOW_IDS)
        return known

    def _added(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        known = (self._young.find(keys) >= 0) | (self._old.find(keys) >= 0)
        _, first = np.unique(keys, return_index=True)
        again = np.ones(len(keys), dtype=np.bool_)
        again[first] = known[first]
        new = keys[~again]
        self._young.add(new, np.zeros(len(new), dtype=np.int32))
        return again


def keys_of(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Give ids as numbers, none of them 0, which a table of keys can't hold."""
    keys = np.frombuffer(bytes.fromhex("".join(ids)), dtype=">u8").astype(np.uint64)
    keys |= keys == 0
    return keys


class Account:
    """Gives the headlines of one input, and keeps account of its lines.

    `source`, `format` and `encoding` are its name and how it is read, for rows and the report;
    copies of the headlines in `seen` are marked. `set_aside` gets every row that can't be read;
    the account keeps none of them but an example of each reason.
    """

    def __init__(
        self,
        source: str,
        format: str,
        encoding: str,
        seen: SeenIds,
        set_aside: Callable[[Quarantined], object],
    ) -> None:
        self.source, self.format, self.encoding = source, format, encoding
        self._seen = seen
        self._set_aside = set_aside
        self._kinds: Counter[LineKind] = Counter()
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, Quarantined] = {}
        self._languages: Counter[str] = Counter()
        self._left_out: dict[str, tuple[int, str]] = {}
        self._page: dict[int, LineKind] = {}
        self._layout = Layout()

    @property
    def report(self) -> FeedReport:
        """What became of the lines so far."""
        return FeedReport(
            source=self.source,
            format=self.format,
            encoding=self.encoding,
            kinds={str(kind): self._kinds[kind] for kind in LineKind},
            reasons=dict(self._reasons),
            quarantined=tuple(self._examples.values()),
            languages=dict(sorted(self._languages.items())),
            left_out=dict(self._left_out),
            page={number: str(kind) for number, kind in self._page.items()},
            layout=self._layout,
        )

    def read_as(self, layout: Layout) -> None:
        """Be told how the table that comes is read."""
        self._layout = layout

    def of_lines(self, numbers: Sequence[int], lines: Sequence[str]) -> Iterator[HeadlineBlock]:
        """Account for the lines of a plain list; give the headlines."""
        for start in range(0, len(lines), BLOCK_HEADLINES):
            block = slice(start, start + BLOCK_HEADLINES)
            some, at = lines[block], numbers[block]
            if max(map(len, some)) > MAX_CHARACTERS or any("\x00" in line for line in some):
                good = [self._is_readable(n, line) for n, line in zip(at, some, strict=True)]
                some, at = list(compress(some, good)), list(compress(at, good))
            yield self._block(at, some, [])

    def of_records(self, records: Iterable[Record]) -> Iterator[HeadlineBlock]:
        """Account for every record; give the headlines."""
        stream = iter(records)
        tables = self.format in ("csv", "tsv")  # which are decoded, and have none
        while some := list(islice(stream, BLOCK_HEADLINES)):
            found: list[Record] = []
            for record in some:
                if self.format == "page":
                    self._page[record.line] = record.kind
                if record.kind is LineKind.QUARANTINED:
                    self.quarantine(record.line, record.reason, record.text, record.layout)
                elif record.kind is not LineKind.HEADLINE:
                    self._kinds[record.kind] += 1
                    if record.text.strip():
                        self._left_out.setdefault(str(record.kind), (record.line, record.text))
                elif self._is_readable(record.line, record.text):
                    if not tables and has_halves([record.text, record.fields]):
                        text, fields = mended(record.text), mended(dict(record.fields))
                        record = replace(record, text=text, fields=fields)
                    found.append(record)
            yield self._block(
                [r.line for r in found], [r.text for r in found], [r.fields for r in found]
            )

    def quarantine(self, line: int, reason: str, raw: str, layout: Layout | None = None) -> None:
        """Set a row aside that can't be read."""
        self._kinds[LineKind.QUARANTINED] += 1
        layout = layout or (self._layout if self._layout.columns else None)
        row = Quarantined(self.source, line, reason, readable(raw), layout)
        told = reason if reason in self._examples or len(self._examples) < MAX_REASONS else OTHER
        self._reasons[told] += 1
        if told not in self._examples:
            self._examples[told] = replace(row, raw=row.raw[:MAX_CHARACTERS])
        self._set_aside(row)

    def _is_readable(self, line: int, text: str) -> bool:
        """Say whether a title can be read, and set it aside when it can't."""
        reason = unreadable(text)
        if reason:
            self.quarantine(line, reason, text)
        return not reason

    def _no_title(self, line: int, published: str, left: str, parts: Mapping[str, Any]) -> None:
        """Account for a line without a title: blank, an address, or list furniture alone."""
        if not left:
            self._kinds[LineKind.BLANK] += 1
        elif "url" in parts.get("fields", {}):
            self.quarantine(line, "an address without a title", published)
        else:
            self._kinds[LineKind.BOILERPLATE] += 1
            self._left_out.setdefault(str(LineKind.BOILERPLATE), (line, published))

    def _block(
        self, lines: Sequence[int], published: Sequence[str], fields: Sequence[Mapping[str, Any]]
    ) -> HeadlineBlock:
        titles = Titles.parse(published)
        aside = {i for i, text in enumerate(titles.texts) if not text}
        if aside:
            for i in aside:
                self._no_title(lines[i], published[i], titles.headlines[i], titles.parts.get(i, {}))
            kept = [i for i in range(len(lines)) if i not in aside]
            lines = [lines[i] for i in kept]
            published = [published[i] for i in kept]
            fields = [fields[i] for i in kept] if fields else fields
            titles = titles.chosen(kept)
        copies = self._seen.add(titles.ids)
        self._kinds[LineKind.DUPLICATE] += sum(copies)
        self._kinds[LineKind.HEADLINE] += len(copies) - sum(copies)
        others: dict[int, dict[str, Any]] = dict(titles.parts)
        for i, row in enumerate(fields):
            if row:
                told = told_by(row)
                cut = {k: v for k, v in others.get(i, {}).get("fields", {}).items() if k not in row}
                others[i] = others.get(i, {}) | told | {"fields": {**row, **cut}}
        self._languages.update(o["language"] for o in others.values() if "language" in o)
        return HeadlineBlock(
            source=self.source,
            lines=lines,
            published=published,
            headlines=titles.headlines,
            texts=titles.texts,
            ids=titles.ids,
            copies=copies,
            others=others,
        )
