"""Feeds: what comes in, repaired, split into headlines, every line accounted for."""

from __future__ import annotations

import csv
import io
import json
import lzma
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from headlines.decoding import SNIFF_BYTES, encoding_of, lines_of, open_input, plain_suffix
from headlines.errors import FeedError
from headlines.headline import Headline
from headlines.page import LineKind, sort_page

__all__ = [
    "Feed",
    "FeedReader",
    "FeedReport",
    "Quarantined",
    "read_feed",
]

FORMATS = ("text", "page", "csv", "tsv", "json", "jsonl")
HEADLINE_COLUMNS = ("headline", "title", "text")
MAX_CHARACTERS = 10_000
PAGE_BYTES = 10 << 20
DUPLICATE_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not be read, kept for a person to look at."""

    source: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class FeedReport:
    """What became of every line of an input.

    Attributes
    ----------
    source, format, encoding : str
        The input's name and how it was read.
    kinds : mapping of str to int
        Number of lines (rows of a JSON array) of each `LineKind`; they add up to `lines`.
    quarantined : tuple of Quarantined
        The rows that could not be read.
    page : mapping of int to str
        For a web page's text the kind of every line by its number; empty for other formats.
    """

    source: str
    format: str
    encoding: str
    kinds: Mapping[str, int]
    quarantined: tuple[Quarantined, ...]
    page: Mapping[int, str] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """Number of lines that the input had."""
        return sum(self.kinds.values())

    def __str__(self) -> str:
        parts = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items() if count)
        how = f"{self.format}, {self.encoding}"
        return f"{self.source}: {self.lines} lines ({how}): {parts or 'empty'}"


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
    """Ids met before, within a window of the last one to two million headlines."""

    def __init__(self) -> None:
        self._young: set[str] = set()
        self._old: set[str] = set()

    def add(self, identity: str) -> bool:
        """Remember an id; say whether it was there."""
        known = identity in self._young or identity in self._old
        if not known:
            if len(self._young) >= DUPLICATE_WINDOW:
                self._old, self._young = self._young, set()
            self._young.add(identity)
        return known


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
        self._page: Mapping[int, LineKind] = {}
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
        self._kinds.clear()
        self._quarantined.clear()
        stream = self._open()
        try:
            yield from self._read(stream)
        finally:
            if stream is not self.source and stream is not sys.stdin.buffer:
                stream.close()

    def _open(self) -> IO[bytes]:
        if not isinstance(self.source, str | Path):
            return self.source
        if str(self.source) == "-":
            return sys.stdin.buffer
        return open_input(self.source)

    def _read(self, stream: IO[bytes]) -> Iterator[Headline]:
        try:
            head = stream.read(SNIFF_BYTES)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise FeedError(f"{self.name}: can't be read ({error})") from None
        self._encoding = encoding_of(head, self.name)
        self._told = self.format or self._format_of(head)
        whole = self._told in ("json", "page")
        if whole:
            head += stream.read()
        elif self._told == "text" and self.format is None and str(self.source) != "-":
            head += stream.read(PAGE_BYTES)
            whole = len(head) <= PAGE_BYTES
        lines = self._decoded(lines_of(head, stream))
        if self._told == "json":
            yield from self._rows_of_json("\n".join(line for _, line in lines))
        elif self._told == "jsonl":
            yield from self._rows_of_jsonl(lines)
        elif self._told in ("csv", "tsv"):
            yield from self._rows_of_csv(lines)
        else:
            yield from self._rows_of_text(lines, whole)

    def _format_of(self, head: bytes) -> str:
        ending = plain_suffix(self.name)
        ending = {"ndjson": "jsonl", "tab": "tsv"}.get(ending, ending)
        if ending in ("csv", "tsv", "json", "jsonl"):
            return ending
        text = head.decode(self._encoding, "replace").lstrip("\ufeff \r\n\t")
        first = text.split("\n", 1)[0].strip()
        if first.startswith(("{", "[")):
            value = _json_or_none(first)
            if isinstance(value, dict):
                lists = any(isinstance(v, list) for v in value.values())
                return "json" if lists and not set(value) & set(HEADLINE_COLUMNS) else "jsonl"
            if text.lstrip("[ \r\n\t").startswith(('"', "{")) and first.startswith("["):
                return "json"
        for ending, mark in (("tsv", "\t"), ("csv", ",")):
            cells = [c.strip(' "').casefold() for c in first.split(mark)]
            if (
                len(cells) > 1
                and set(cells) & set(HEADLINE_COLUMNS)
                and all(map(str.isidentifier, cells))
            ):
                return ending
        return "text"

    def _decoded(self, stream: Iterable[bytes]) -> Iterator[tuple[int, str]]:
        """Number the lines and decode each; those that can't be go to quarantine."""
        if self._encoding.startswith("utf-16"):
            text = b"".join(stream).decode(self._encoding, "replace").lstrip("\ufeff")
            for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
                yield number, line.rstrip("\r\n")
            return
        for number, raw in enumerate(stream, 1):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            raw = raw.rstrip(b"\r\n")
            try:
                yield number, raw.decode(self._encoding)
            except UnicodeDecodeError as error:
                self._quarantine(
                    number, f"not {self._encoding} ({error.reason})", raw.decode("latin-1")
                )

    def _rows_of_text(self, lines: Iterable[tuple[int, str]], whole: bool) -> Iterator[Headline]:
        self._page = {}
        if whole:
            lines = list(lines)
            sorted_lines = sort_page([line for _, line in lines])
            if sorted_lines is not None:
                self._told = "page"
                self._page = dict(zip((n for n, _ in lines), sorted_lines, strict=True))
        for number, line in lines:
            kind = self._page.get(number, LineKind.HEADLINE if line.strip() else LineKind.BLANK)
            if kind is LineKind.HEADLINE:
                yield from self._row(number, line)
            else:
                self._kinds[kind] += 1

    def _rows_of_csv(self, lines: Iterable[tuple[int, str]]) -> Iterator[Headline]:
        header: list[str] | None = None
        column = ""
        for taken, row, fault in _table_rows(lines, self._told):
            number = taken[0][0]
            if fault is None and header is not None and any(row) and len(row) != len(header):
                fault = f"{len(row)} fields, the header has {len(header)}"
            if fault is not None:
                for line_number, line in taken:
                    self._quarantine(line_number, fault, line)
                continue
            self._kinds[LineKind.CONTINUED] += len(taken) - 1
            if not any(cell.strip() for cell in row):
                self._kinds[LineKind.BLANK] += 1
            elif header is None:
                header = [cell.strip().casefold() for cell in row]
                column = self._column_among(header)
                self._kinds[LineKind.HEADER] += 1
            else:
                cells = dict(zip(header, row, strict=True))
                yield from self._row(number, cells[column], cells)

    def _column_among(self, header: Sequence[str]) -> str:
        wanted = (self.column.casefold(),) if self.column else HEADLINE_COLUMNS
        for name in wanted:
            if name in header:
                return name
        raise FeedError(
            f"{self.name}: line 1: no column {' or '.join(map(repr, wanted))}; the columns are "
            f"{', '.join(header)}; rename one or name it with column= (--column)"
        )

    def _rows_of_jsonl(self, lines: Iterable[tuple[int, str]]) -> Iterator[Headline]:
        for number, line in lines:
            if not line.strip():
                self._kinds[LineKind.BLANK] += 1
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                self._quarantine(number, f"not JSON ({error})", line)
                continue
            yield from self._row_of_value(number, value, line)

    def _rows_of_json(self, text: str) -> Iterator[Headline]:
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise FeedError(
                f"{self.name}: line {error.lineno}: not JSON ({error.msg}); mend it, or give one "
                "value a line as .jsonl so that only broken lines are set aside"
            ) from None
        except RecursionError:
            raise FeedError(
                f"{self.name}: JSON nested too deeply; give a list of headlines"
            ) from None
        if isinstance(value, dict):
            lists = [v for v in value.values() if isinstance(v, list)]
            value = lists[0] if len(lists) == 1 else value
        if not isinstance(value, list):
            raise FeedError(
                f"{self.name}: JSON of type {type(value).__name__}; expected a list of headlines "
                "or an object with one list in it"
            )
        for number, item in enumerate(value, 1):
            yield from self._row_of_value(number, item, json.dumps(item))

    def _row_of_value(self, number: int, value: Any, raw: str) -> Iterator[Headline]:
        if isinstance(value, str):
            yield from self._row(number, value)
            return
        if isinstance(value, dict):
            fields = {str(k).casefold(): v for k, v in value.items()}
            for name in (self.column.casefold(),) if self.column else HEADLINE_COLUMNS:
                if isinstance(fields.get(name), str):
                    yield from self._row(number, fields[name], fields)
                    return
            reason = f"no headline among the keys {', '.join(map(str, value)) or '(none)'}"
        else:
            reason = f"JSON of type {type(value).__name__}, expected a string or an object"
        self._quarantine(number, reason, raw)

    def _row(
        self, number: int, published: str, fields: Mapping[str, Any] | None = None
    ) -> Iterator[Headline]:
        """Give the headline of one row, or account for the row otherwise."""
        if "\x00" in published:
            self._quarantine(number, "contains a NUL character", published)
            return
        if len(published) > MAX_CHARACTERS:
            self._quarantine(
                number, f"{len(published):,} characters, at most {MAX_CHARACTERS:,}", published
            )
            return
        parsed = Headline.parse(published)
        if not parsed.headline:
            self._kinds[LineKind.BLANK] += 1
            return
        fields = fields or {}
        known = self._seen.add(parsed.id)
        self._kinds[LineKind.DUPLICATE if known else LineKind.HEADLINE] += 1
        yield replace(
            parsed,
            source=self.name,
            line=number,
            publisher=_text_or_none(fields.get("publisher")),
            date=_text_or_none(fields.get("date")),
            duplicate_of=parsed.id if known else None,
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
        headlines = tuple(_from_python(reader, source))
    report = reader.report
    if not headlines:
        raise FeedError(f"no headlines in it: {report}; give a file with one headline a line")
    return Feed(headlines, report)


def _from_python(reader: FeedReader, source: Iterable[Any]) -> Iterator[Headline]:
    if hasattr(source, "columns"):
        names = [str(name) for name in source.columns]
        reader._told, column = "frame", reader._column_among([n.casefold() for n in names])
        source = source[names[[n.casefold() for n in names].index(column)]]  # type: ignore[index] # a frame
    for number, value in enumerate(source, 1):
        if isinstance(value, str):
            yield from reader._row(number, value)
        else:
            reader._quarantine(number, f"{type(value).__name__}, expected a string", repr(value))


def _table_rows(
    lines: Iterable[tuple[int, str]], format: str
) -> Iterator[tuple[list[tuple[int, str]], list[str], str | None]]:
    """Give each row with the lines that it took, its cells, and what is wrong with it."""
    if format == "tsv":  # no quoting, but for what spreadsheets do to a cell that holds a quote
        for number, line in lines:
            yield [(number, line)], [_unquoted(cell) for cell in line.split("\t")], None
        return
    taken: list[tuple[int, str]] = []

    def recorded() -> Iterator[str]:
        for number, line in lines:
            taken.append((number, line))
            yield line + "\n"

    rows = csv.reader(recorded())
    while True:
        try:
            row = next(rows)
            yield taken[:], row, None
        except StopIteration:
            return
        except csv.Error as error:
            yield taken[:], [], f"not csv ({error})"
        taken.clear()


def _unquoted(cell: str) -> str:
    inner = cell[1:-1]
    if cell[:1] == cell[-1:] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _text_or_none(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
