"""Feeds: what comes in, repaired, split into headlines, every line accounted for."""

from __future__ import annotations

import io
import lzma
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from headlines.errors import FeedError
from headlines.feeds.block import HeadlineBlock, Titles
from headlines.feeds.decoding import SNIFF_BYTES, encoding_of, open_input, pieces_of, plain_suffix
from headlines.feeds.formats import (
    FORMATS,
    Record,
    column_among,
    page_records,
    records_of,
    told_format,
)
from headlines.feeds.headline import Headline
from headlines.feeds.page import LineKind
from headlines.feeds.report import FeedReport, Quarantined, no_headlines
from headlines.textarray import KeyTable

__all__ = ["Feed", "FeedReader", "read_feed"]

MAX_CHARACTERS = 10_000


PAGE_BYTES = 10 << 20


DUPLICATE_WINDOW = 1 << 19


BLOCK = 8192


@dataclass(frozen=True)
class Feed:
    """Headlines in the order of their input, and the report on all its lines."""

    headlines: tuple[Headline, ...]
    report: FeedReport

    def __len__(self) -> int:
        return len(self.headlines)

    def __iter__(self) -> Iterator[Headline]:
        return iter(self.headlines)


class _Seen:
    """Ids met before, within a window of the last half a million to a million headlines."""

    def __init__(self) -> None:
        self._young = KeyTable(DUPLICATE_WINDOW)
        self._old = KeyTable(1)

    def add(self, ids: Sequence[str]) -> list[bool]:
        """Remember ids; say of each whether it was there."""
        keys = np.frombuffer(bytes.fromhex("".join(ids)), dtype=">u8").astype(np.uint64)
        keys |= keys == 0  # which a table can't hold
        known = (self._young.find(keys) >= 0) | (self._old.find(keys) >= 0)
        _, first = np.unique(keys, return_index=True)
        again = np.ones(len(keys), dtype=np.bool_)
        again[first] = known[first]
        new = keys[~again]
        if len(self._young) + len(new) > DUPLICATE_WINDOW:
            self._old, self._young = self._young, KeyTable(DUPLICATE_WINDOW)
        self._young.add(new, np.zeros(len(new), dtype=np.int32))
        return [bool(a) for a in again]


class FeedReader:
    """Reads one input as a stream of headlines, in memory that doesn't grow with it.

    Parameters
    ----------
    source : str, Path or binary file
        A path, ``-`` for standard input, or an open binary file.
    format : {"text", "page", "csv", "tsv", "json", "jsonl"}, optional
        By default told from the name's ending, else from the first megabyte. ``text`` is one
        headline a line; ``page`` a web page's text. A text of up to 10 MB is examined by the
        page rule unless it comes from standard input.
    column : str, optional
        The column or key that holds the headline; by default `headline`, `title` or `text`.
    after : FeedReader, optional
        A reader that came before in the same run: its headlines' copies are marked here too.

    Raises
    ------
    FeedError
        When the input can't be opened, is binary, or has no column of headlines.
    """

    def __init__(
        self,
        source: str | Path | IO[bytes],
        *,
        format: str | None = None,
        column: str | None = None,
        after: FeedReader | None = None,
    ) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"format is {format!r}, expected one of {', '.join(FORMATS)}")
        self.source = source
        self.format = format
        self.column = column
        self._seen: _Seen = after._seen if after is not None else _Seen()
        self._kinds: Counter[LineKind] = Counter()
        self._quarantined: list[Quarantined] = []
        self._page: dict[int, LineKind] = {}
        self._encoding = "utf-8"
        self._told = format or "text"

    @property
    def name(self) -> str:
        """The input's name as rows show it."""
        if isinstance(self.source, str | Path):
            return str(self.source)
        return str(getattr(self.source, "name", "<stream>"))

    @property
    def report(self) -> FeedReport:
        """What became of the lines read so far."""
        kinds = {str(kind): self._kinds[kind] for kind in LineKind}
        page = {number: str(kind) for number, kind in self._page.items()}
        quarantined = tuple(self._quarantined)
        return FeedReport(self.name, self._told, self._encoding, kinds, quarantined, page)

    def __iter__(self) -> Iterator[Headline]:
        for block in self.blocks():
            yield from block

    def blocks(self) -> Iterator[HeadlineBlock]:
        """Read the headlines by the thousand, as `__iter__` gives them one by one.

        Yields
        ------
        HeadlineBlock
        """
        self._kinds.clear()
        self._page.clear()
        self._quarantined.clear()
        stream = self._open()
        try:
            yield from self._read(stream)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise FeedError(f"{self.name}: can't be read ({error}); check the file") from None
        finally:
            if stream is not self.source and stream is not sys.stdin.buffer:
                stream.close()

    def _open(self) -> IO[bytes]:
        if not isinstance(self.source, str | Path):
            return self.source
        if str(self.source) == "-":
            return sys.stdin.buffer
        return open_input(self.source)

    def _read(self, stream: IO[bytes]) -> Iterator[HeadlineBlock]:
        head = stream.read(SNIFF_BYTES)
        self._encoding = encoding_of(head, self.name)
        self._told = self.format or self._format_of(head)
        if self._told == "text" and self.format is None and str(self.source) != "-":
            head += stream.read(PAGE_BYTES)
            if len(head) <= PAGE_BYTES:
                self._told = "page"  # to be examined as one
        pieces = self._decoded(pieces_of(head, stream))
        if self._told == "page":
            known = list(pieces)
            found = page_records(list(_flat(known)))
            if found is not None:
                yield from self._blocks_of_records(found)
                return
            self._told, pieces = "text", iter(known)
        if self._told == "text":
            for numbers, lines in pieces:
                yield from self._blocks_of_lines(numbers, lines)
        else:
            records = records_of(_flat(pieces), self._told, self.column, self.name)
            yield from self._blocks_of_records(records)

    def _format_of(self, head: bytes) -> str:
        ending = plain_suffix(self.name)
        ending = {"ndjson": "jsonl", "tab": "tsv"}.get(ending, ending)
        if ending in ("csv", "tsv", "json", "jsonl"):
            return ending
        return told_format(head.decode(self._encoding, "replace"))

    def _decoded(self, pieces: Iterable[bytes]) -> Iterator[_Numbered]:
        """Number and decode the lines, some at a time; those that can't be go to quarantine."""
        if self._encoding.startswith("utf-16"):
            text = b"".join(pieces).decode(self._encoding, "replace").lstrip("\ufeff")
            lines = _lines(text)
            yield range(1, len(lines) + 1), lines
            return
        start = 1
        for piece in pieces:
            if start == 1:
                piece = piece.removeprefix(b"\xef\xbb\xbf")
            try:
                lines = _lines(piece.decode(self._encoding))
                numbers: Sequence[int] = range(start, start + len(lines))
                start += len(lines)
            except UnicodeDecodeError:
                numbers, lines, start = self._each_decoded(piece, start)
            yield numbers, lines

    def _each_decoded(self, piece: bytes, start: int) -> tuple[list[int], list[str], int]:
        """Decode the lines of a piece that as a whole can't be; give the next line's number."""
        numbers, lines = [], []
        for number, raw in enumerate(piece.removesuffix(b"\n").split(b"\n"), start):
            raw = raw.rstrip(b"\r")
            try:
                lines.append(raw.decode(self._encoding))
                numbers.append(number)
            except UnicodeDecodeError as error:
                reason = f"not {self._encoding} ({error.reason})"
                self._quarantine(number, reason, raw.decode("latin-1"))
        return numbers, lines, number + 1

    def _blocks_of_lines(
        self, numbers: Sequence[int], lines: Sequence[str]
    ) -> Iterator[HeadlineBlock]:
        """Account for the lines of a plain list."""
        for start in range(0, len(lines), BLOCK):
            some, at = lines[start : start + BLOCK], numbers[start : start + BLOCK]
            if max(map(len, some)) > MAX_CHARACTERS or any("\x00" in line for line in some):
                good = [self._is_readable(n, line) for n, line in zip(at, some, strict=True)]
                some, at = list(compress(some, good)), list(compress(at, good))
            yield self._block(at, some, [])

    def _blocks_of_records(self, records: Iterable[Record]) -> Iterator[HeadlineBlock]:
        """Account for every record; give the headlines."""
        stream = iter(records)
        while some := list(islice(stream, BLOCK)):
            found: list[Record] = []
            for record in some:
                if self._told == "page":
                    self._page[record.line] = record.kind
                if record.kind is LineKind.QUARANTINED:
                    self._quarantine(record.line, record.reason, record.text)
                elif record.kind is not LineKind.HEADLINE:
                    self._kinds[record.kind] += 1
                elif self._is_readable(record.line, record.text):
                    found.append(record)
            yield self._block(
                [r.line for r in found], [r.text for r in found], [r.fields for r in found]
            )

    def _is_readable(self, line: int, text: str) -> bool:
        """Say whether a title can be read, and set it aside when it can't."""
        if "\x00" in text:
            self._quarantine(line, "contains a NUL character", text)
        elif len(text) > MAX_CHARACTERS:
            reason = f"{len(text):,} characters, at most {MAX_CHARACTERS:,}"
            self._quarantine(line, reason, text)
        else:
            return True
        return False

    def _block(
        self, lines: Sequence[int], published: Sequence[str], fields: Sequence[Mapping[str, Any]]
    ) -> HeadlineBlock:
        titles = Titles.parse(published)
        blank = {i for i, headline in enumerate(titles.headlines) if not headline}
        if blank:
            self._kinds[LineKind.BLANK] += len(blank)
            kept = [i for i in range(len(lines)) if i not in blank]
            lines = [lines[i] for i in kept]
            fields = [fields[i] for i in kept] if fields else fields
            titles = titles.chosen(kept)
        copies = self._seen.add(titles.ids)
        self._kinds[LineKind.DUPLICATE] += sum(copies)
        self._kinds[LineKind.HEADLINE] += len(copies) - sum(copies)
        others = titles.parts
        for i, row in enumerate(fields):
            told = {key: _text_or_none(row.get(key)) for key in ("publisher", "date")}
            if any(told.values()):
                others[i] = others.get(i, {}) | told
        return HeadlineBlock(
            self.name, lines, titles.headlines, titles.texts, titles.ids, copies, others
        )

    def _quarantine(self, number: int, reason: str, raw: str) -> None:
        self._kinds[LineKind.QUARANTINED] += 1
        self._quarantined.append(Quarantined(self.name, number, reason, raw))


def read_feed(
    source: str | Path | IO[bytes] | Iterable[str],
    format: str | None = None,
    *,
    column: str | None = None,
) -> Feed:
    """Read a feed whole.

    Parameters
    ----------
    source : path, binary file, iterable of str, or data frame
        A path (``-`` for standard input), an open binary file, or headlines from Python: any
        iterable of strings, a pandas or polars column, or a frame with a headline column.
    format : str, optional
        As for `FeedReader`.
    column : str, optional
        As for `FeedReader`.

    Returns
    -------
    Feed
        At least one headline; duplicates are marked, not dropped.

    Raises
    ------
    FeedError
        When the input can't be read, or holds no headline at all.

    Examples
    --------
    >>> feed = read_feed(["Floods hit Siberia", "FLOODS hit Siberia"])
    >>> [h.duplicate_of is not None for h in feed]
    [False, True]
    """
    if isinstance(source, str | Path) or hasattr(source, "read"):
        reader = FeedReader(source, format=format, column=column)  # type: ignore[arg-type] # told by read()
        headlines = tuple(reader)
    else:
        reader = FeedReader(io.BytesIO(), format="text", column=column)
        blocks = reader._blocks_of_records(_records_from_python(source, column))
        headlines = tuple(headline for block in blocks for headline in block)
    if not headlines:
        raise no_headlines(reader.report)
    return Feed(headlines, reader.report)


def _records_from_python(source: Iterable[Any], column: str | None) -> Iterator[Record]:
    """Give a record for every item of a list, a column, or a frame's column of headlines."""
    if hasattr(source, "columns"):
        columns = {str(name).casefold(): name for name in source.columns}
        source = source[columns[column_among(list(columns), column, "frame")]]  # type: ignore[index] # a frame
    for number, value in enumerate(source, 1):
        if isinstance(value, str):
            yield Record(number, LineKind.HEADLINE, value)
        else:
            reason = f"{type(value).__name__}, expected a string"
            yield Record(number, LineKind.QUARANTINED, repr(value), reason=reason)


_Numbered = tuple[Sequence[int], list[str]]
"""Lines without their ends, and their numbers."""


def _flat(pieces: Iterable[_Numbered]) -> Iterator[tuple[int, str]]:
    for numbers, lines in pieces:
        yield from zip(numbers, lines, strict=True)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        del lines[-1]
    return [line.rstrip("\r") for line in lines] if "\r" in text else lines


def _text_or_none(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
