"""Feeds: what comes in, repaired, split into headlines, every line accounted for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from headlines.display.table import html_parts, html_table
from headlines.errors import FeedError
from headlines.feeds.account import Account, SeenIds
from headlines.feeds.archives import ByteStream, ending_of, open_input, texts_in
from headlines.feeds.block import HeadlineBlock
from headlines.feeds.columns import Layout
from headlines.feeds.decoding import (
    PIECE_BYTES,
    SNIFF_BYTES,
    NumberedLines,
    decoded,
    decoded_whole,
    encoding_of,
    end_of_lines,
    line_by_line,
    pieces_of,
)
from headlines.feeds.documents import TEXTS, document_records
from headlines.feeds.formats import FORMATS, page_records, records_of, told_format
from headlines.feeds.headline import Headline
from headlines.feeds.intake import items_of
from headlines.feeds.page import LineKind
from headlines.feeds.records import Record
from headlines.feeds.report import FeedReport, Quarantined, joined, no_headlines
from headlines.feeds.sheets import BINARY, parquet_records, sheet_records, told_sheet
from headlines.feeds.spans import Span, Told

MAX_PAGE_BYTES = 10 << 20
"""A longer text is no web page that somebody pasted."""

FORMAT_BYTES = 1 << 17
"""What the format is told from."""


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

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self.report))

    def _repr_html_(self) -> str:
        rows = [(h.headline, h.publisher or h.attribution, h.date) for h in self.headlines]
        return html_parts(
            self.report._repr_html_(), html_table(["headline", "publisher", "date"], rows)
        )


class FeedReader:
    """Reads one input as a stream of headlines, in memory that doesn't grow with it.

    The first arguments are those of `read_feed`, in a `Layout`; of the input a `span` can be read
    alone. Copies of the headlines in `seen`, which readers of a run share, are marked.
    `set_aside` gets every row that can't be read, as it comes. With `follow` the input is plain
    lines, and each is given as it comes in. Raises FeedError while it reads, when the input
    can't be opened, is binary, or has no column of headlines.
    """

    def __init__(
        self,
        source: str | Path | IO[bytes],
        *,
        format: str | None = None,
        layout: Layout = Layout(),  # noqa: B008 (frozen)
        span: Span | None = None,
        seen: SeenIds | None = None,
        set_aside: Callable[[Quarantined], object] = lambda row: None,
        follow: bool = False,
    ) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"format is {format!r}, expected one of {', '.join(FORMATS)}")
        self.source = source
        self.format = format
        self.layout = layout
        self.follow = follow
        self._set_aside = set_aside
        self.span = span
        self._seen = SeenIds() if seen is None else seen
        self._stream: ByteStream | None = None
        self._accounts = [self._account_of(self.name)]

    @property
    def name(self) -> str:
        """The input's name as rows show it."""
        source = self.source
        name = source if isinstance(source, str | Path) else getattr(source, "name", "<stream>")
        return str(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    @property
    def taken(self) -> int:
        """Bytes of the input that were read so far."""
        return 0 if self._stream is None else self._stream.taken

    @property
    def report(self) -> FeedReport:
        """What became of the lines read so far."""
        return joined(self.name, [account.report for account in self._accounts])

    def __iter__(self) -> Iterator[Headline]:
        for block in self.blocks():
            yield from block

    def blocks(self) -> Iterator[HeadlineBlock]:
        """Read the headlines by the thousand, as `__iter__` gives them one by one."""
        file = self._open()
        try:
            stream = self._stream = ByteStream(file, self.name)
            if self.follow:
                yield from self._followed(stream)
            elif self.span is not None and self.span.told is not None and self.span.end:
                yield from self._read_span(file, self.span, self.span.told)
            else:
                yield from self._read_all(stream)
        except OSError as error:
            raise FeedError(f"{self.name}: can't be read ({error}); check the file") from None
        finally:
            if file is not self.source and file is not getattr(sys.stdin, "buffer", None):
                file.close()

    def _open(self) -> IO[bytes]:
        if self.span is not None:
            return open_input(self.span.path)
        if not isinstance(self.source, str | Path):
            return self.source
        if str(self.source) == "-":
            return sys.stdin.buffer
        return open_input(self.source)

    def _account_of(self, name: str) -> Account:
        return Account(name, self.format or "text", "utf-8", self._seen, self._set_aside)

    def _followed(self, stream: ByteStream) -> Iterator[HeadlineBlock]:
        """Give every line when it has come in whole."""
        account = self._accounts[0]
        pieces = iter(lambda: stream.read1(PIECE_BYTES), b"")
        for numbers, lines in decoded(pieces, "utf-8", account.quarantine, plain=True):
            yield from account.of_lines(numbers, lines)

    def _read_all(self, stream: ByteStream) -> Iterator[HeadlineBlock]:
        self._accounts.clear()
        for text in texts_in(stream):
            self._accounts.append(self._account_of(text.name))
            try:
                yield from self._read(text, self._accounts[-1])
            except FeedError as error:
                if text.name == self.name:
                    raise
                self._accounts[-1].quarantine(1, str(error), "")  # one of several in an archive

    def _read(self, stream: ByteStream, account: Account) -> Iterator[HeadlineBlock]:
        told = self.told(stream)
        account.format, account.encoding = told.format, told.encoding
        if told.format in BINARY:
            with stream.seekable() as file:
                records = sheet_records(file, told.format, self.layout, stream.name)
                yield from account.of_records(records)
            return
        if account.format in TEXTS:
            text = decoded_whole(stream, told.encoding)
            records = document_records(text, account.format, self.layout, stream.name)
            yield from account.of_records(records)
            if stream.fault:
                account.quarantine(account.report.lines + 1, stream.fault, "")
            return
        yield from self._headlines(self._lines(stream, account, told), account, stream.name)

    def told(self, stream: ByteStream) -> Told:
        """Tell from its beginning how an input is read that isn't packed."""
        head = stream.peek(SNIFF_BYTES)
        if sheet := told_sheet(head, self.format):
            return Told(sheet, "binary")
        encoding = encoding_of(head, stream.name)
        format = self.format
        if format is None:
            first = head[:FORMAT_BYTES].decode(encoding, "replace")
            format = told_format(first, ending_of(stream.name), self.layout)
            if format == "text" and len(stream.peek(MAX_PAGE_BYTES + 1)) <= MAX_PAGE_BYTES:
                format = "page"  # to be examined as one
        return Told(format, encoding, end_of_lines(head))

    def _read_span(self, file: IO[bytes], span: Span, told: Told) -> Iterator[HeadlineBlock]:
        account = self._accounts[0]
        account.format, account.encoding = told.format, told.encoding
        if told.format == "parquet":
            groups = range(span.start, span.end)
            yield from account.of_records(
                parquet_records(file, groups, span.line, self.layout, self.name)
            )
            return
        file.seek(span.start)
        stream = ByteStream(file, self.name, size=span.end - span.start)
        lines = self._lines(stream, account, told, span.line)
        yield from self._headlines(lines, account, self.name)

    def _lines(
        self, stream: ByteStream, account: Account, told: Told, first: int = 1
    ) -> Iterator[NumberedLines]:
        """Give the lines of a text, the first one numbered so."""
        plain = told.format in ("text", "page")
        if plain and self.layout.column is not None:
            raise FeedError(
                f"{stream.name}: is plain text and has no column {self.layout.column!r}; leave the "
                "column out, or say the format (format=, --input-format)"
            )
        return decoded(
            pieces_of(stream, told.encoding),
            told.encoding,
            account.quarantine,
            first=first,
            plain=plain,
            end=told.end,
            fault=lambda: stream.fault,
        )

    def _headlines(
        self, lines: Iterator[NumberedLines], account: Account, name: str
    ) -> Iterator[HeadlineBlock]:
        if account.format == "page":
            known = list(lines)
            found = page_records(list(line_by_line(known)))
            if found is not None:
                yield from account.of_records(found)
                return
            account.format, lines = "text", iter(known)
        if account.format == "text":
            for numbers, some in lines:
                yield from account.of_lines(numbers, some)
        else:
            records = records_of(
                line_by_line(lines), account.format, self.layout, name, account.read_as
            )
            yield from account.of_records(records)


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
    format : str, optional
        One of `headlines.feeds.formats.FORMATS`; by default told from the content, the name's
        ending being a hint. ``text`` is one headline a line; ``page`` a web page's text. A text
        of up to 10 MB is examined by the page rule.
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
