"""Feeds: what comes in, repaired, split into headlines, every line accounted for."""

from __future__ import annotations

import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from headlines.errors import FeedError
from headlines.feeds.account import Account, SeenIds
from headlines.feeds.block import HeadlineBlock
from headlines.feeds.columns import Layout
from headlines.feeds.decoding import (
    SNIFF_BYTES,
    decoded,
    encoding_of,
    line_by_line,
    open_input,
    pieces_of,
    plain_suffix,
)
from headlines.feeds.formats import FORMATS, page_records, records_of, told_format
from headlines.feeds.headline import Headline
from headlines.feeds.intake import items_of
from headlines.feeds.page import LineKind
from headlines.feeds.records import Record
from headlines.feeds.report import FeedReport, Quarantined, no_headlines

MAX_PAGE_BYTES = 10 << 20
"""A longer text is no web page that somebody pasted."""


@dataclass(frozen=True)
class Feed:
    """Headlines in the order of their input, and the report on all its lines.

    Attributes
    ----------
    headlines : tuple of Headline
        Iterating over the feed gives them too; `len` counts them.
    report : FeedReport

    Examples
    --------
    >>> from headlines import read_feed
    >>> feed = read_feed(["Floods Hit Siberia", "[Russia] - Drone Hits Depot – Reuters"])
    >>> len(feed), feed.headlines[1].text
    (2, 'Drone Hits Depot')
    """

    headlines: tuple[Headline, ...]
    report: FeedReport

    def __len__(self) -> int:
        return len(self.headlines)

    def __iter__(self) -> Iterator[Headline]:
        return iter(self.headlines)


class FeedReader:
    """Reads one input as a stream of headlines, in memory that doesn't grow with it.

    The first arguments are those of `read_feed`, in a `Layout`. Copies of the headlines of a reader
    that came before (`after`) in the same run are marked here too. `set_aside` gets every row
    that can't be read, as it comes. Raises FeedError while it reads, when the input
    can't be opened, is binary, or has no column of headlines.
    """

    def __init__(
        self,
        source: str | Path | IO[bytes],
        *,
        format: str | None = None,
        layout: Layout = Layout(),  # noqa: B008 (frozen)
        after: FeedReader | None = None,
        set_aside: Callable[[Quarantined], object] = lambda row: None,
    ) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"format is {format!r}, expected one of {', '.join(FORMATS)}")
        self.source = source
        self.format = format
        self.layout = layout
        self._set_aside = set_aside
        self._seen: SeenIds = after._seen if after is not None else SeenIds()
        self._account = self._new_account("utf-8")

    @property
    def name(self) -> str:
        """The input's name as rows show it."""
        if isinstance(self.source, str | Path):
            return str(self.source)
        return str(getattr(self.source, "name", "<stream>"))

    @property
    def report(self) -> FeedReport:
        """What became of the lines read so far."""
        return self._account.report

    def __iter__(self) -> Iterator[Headline]:
        for block in self.blocks():
            yield from block

    def blocks(self) -> Iterator[HeadlineBlock]:
        """Read the headlines by the thousand, as `__iter__` gives them one by one."""
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

    def _new_account(self, encoding: str) -> Account:
        return Account(self.name, self.format or "text", encoding, self._seen, self._set_aside)

    def _read(self, stream: IO[bytes]) -> Iterator[HeadlineBlock]:
        head = stream.read(SNIFF_BYTES)
        account = self._account = self._new_account(encoding_of(head, self.name))
        if self.format is None:
            account.format = self._format_of(head, account.encoding)
            if account.format == "text" and str(self.source) != "-":
                head += stream.read(MAX_PAGE_BYTES)
                if len(head) <= MAX_PAGE_BYTES:
                    account.format = "page"  # to be examined as one
        pieces = decoded(pieces_of(head, stream), account.encoding, account.quarantine)
        if account.format == "page":
            known = list(pieces)
            found = page_records(list(line_by_line(known)))
            if found is not None:
                yield from account.of_records(found)
                return
            account.format, pieces = "text", iter(known)
        if account.format == "text":
            for numbers, lines in pieces:
                yield from account.of_lines(numbers, lines)
        else:
            lines_read = line_by_line(pieces)
            records = records_of(lines_read, account.format, self.layout, self.name)
            yield from account.of_records(records)

    def _format_of(self, head: bytes, encoding: str) -> str:
        ending = plain_suffix(self.name)
        ending = {"ndjson": "jsonl", "tab": "tsv"}.get(ending, ending)
        if ending in ("csv", "tsv", "json", "jsonl"):
            return ending
        return told_format(head.decode(encoding, "replace"))


def read_feed(
    source: str | Path | IO[bytes] | Iterable[str | Headline],
    format: str | None = None,
    *,
    column: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> Feed:
    """Read a feed whole.

    Parameters
    ----------
    source : path, binary file, iterable of str or Headline, or data frame
        A path (``-`` for standard input), an open binary file, or headlines from Python: any
        iterable of them, a pandas or polars column, or a frame with a headline column.
    format : {"text", "page", "csv", "tsv", "json", "jsonl"}, optional
        By default told from the name's ending, else from the first megabyte. ``text`` is one
        headline a line; ``page`` a web page's text. A text of up to 10 MB is examined by the
        page rule unless it comes from standard input.
    column : str, optional
        The column or key that holds the headline; by default `headline`, `title` or `text`.
    delimiter : str, optional
        What stands between the cells of a table; by default told from the content.
    header : bool, optional
        Whether a table's first row names its columns; by default told from the content.

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
    kept: list[Quarantined] = []
    if isinstance(source, str | Path) or hasattr(source, "read"):
        layout = Layout(column=column, delimiter=delimiter, header=header)
        reader = FeedReader(source, format=format, layout=layout, set_aside=kept.append)  # type: ignore[arg-type] # told by read()
        headlines, report = tuple(reader), reader.report
    else:
        account = Account("<stream>", "text", "utf-8", SeenIds(), kept.append)
        blocks = account.of_records(_records_from_python(source, column))
        headlines = tuple(headline for block in blocks for headline in block)
        report = account.report
    if not headlines:
        raise no_headlines(report)
    return Feed(headlines, replace(report, quarantined=tuple(kept)))


def _records_from_python(source: Iterable[Any], column: str | None) -> Iterator[Record]:
    """Give a record for every item; what is no headline is set aside as an input's row would be."""
    try:
        items = items_of(source, column)
    except ValueError as error:
        raise FeedError(f"frame: {error}") from None
    for number, item in enumerate(items, 1):
        if isinstance(item, Headline):
            told = {"publisher": item.publisher, "date": item.date, "language": item.language}
            given = {name: value for name, value in told.items() if value is not None}
            yield Record(number, LineKind.HEADLINE, item.headline, fields={**given, **item.fields})
        elif isinstance(item, str):
            yield Record(number, LineKind.HEADLINE, item)
        else:
            reason = f"{type(item).__name__}, expected a string"
            yield Record(number, LineKind.QUARANTINED, repr(item), reason=reason)
