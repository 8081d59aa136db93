"""The dialect of a table: what stands between its cells, how they are quoted, and its header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from headlines.feeds.columns import Layout, is_strong, place_among, rank_of
from headlines.feeds.dates import iso_date

SAMPLE_LINES = 500
"""What a dialect is told from."""

DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01", "\xa6", "\xa7")
MAX_NAME = 40
"""No column has a name of more characters."""

_SEPARATOR = re.compile(r'^"?sep=(.)"?[;,\t]*$', re.IGNORECASE)  # Excel's first line
_RULING = re.compile(r"[-=+|:\s]*(?:---|===|:--|--:)[-=+|:\s]*")
_URL = re.compile(r"(?:https?|ftp)://\S+|www\.\S+", re.IGNORECASE)
_BARE = re.compile(r"[\d\W_]+[A-Za-z]{0,3}")
_DATED = re.compile(r"\d[-/.:]\d|(?:19|20)\d\d")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_WIDE = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]"  # no blanks between


@dataclass(frozen=True)
class Dialect:
    """How the rows of a table are written; a row without a delimiter is one cell."""

    delimiter: str
    names: tuple[str, ...]
    header: bool
    quote: str = '"'
    escaped: bool = False  # quotes in a cell, by a backslash
    spaced: bool = False  # a blank between a delimiter and a quote
    loose: bool = False  # quotes only around what needs them, as in most files with tabs
    head: tuple[str, ...] = ()  # the header as it stands there
    bare: tuple[bool, ...] = ()  # of each column, whether its cells hold no blanks
    sample: tuple[tuple[str, ...], ...] = ()  # rows, to tell the column of headlines by

    @cached_property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    @cached_property
    def padded(self) -> bool:
        """Whether blanks around a cell are no part of it."""
        return self.delimiter == "|" or self.spaced

    @cached_property
    def least(self) -> int | None:
        """Number of columns up to the last that the header has a name for."""
        named = [i for i, name in enumerate(self.head, 1) if name]
        return named[-1] if named else None

    @staticmethod
    def told(lines: Sequence[str], layout: Layout) -> Dialect:
        """Tell the dialect of a table's first lines."""
        filled = [line for line in lines if line.strip()]
        found = _SEPARATOR.match(filled[0].strip("\ufeff ")) if filled else None
        given = {"tab": "\t", "\\t": "\t"}.get(layout.delimiter or "", layout.delimiter)
        if found:
            filled, given = filled[1:], given or found[1]
        quote = _quote_of(filled)
        if given:
            delimiter = given
        elif len(layout.columns) == 1:
            delimiter = ""
        else:
            delimiter = _delimiter_of(filled, quote, layout)
        dialect = _draft(filled, delimiter, quote)
        rows = [row for line in filled if (row := read_row(line, dialect)) is not None]
        width = len(layout.columns) or _width_of(rows, layout)
        rows = [fitted(row, width) for row in rows]
        rows = [row for row in rows if len(row) == width]
        header = layout.header
        if layout.columns:
            header = False
        elif header is None:
            header = bool(rows) and _is_header(rows[0], rows[1:], layout)
        names = layout.columns or _names_of(rows, header, width)
        body = rows[1:] if header else rows
        bare = [
            len(body) > 2 and all(row[i].strip() and " " not in row[i].strip() for row in body)
            for i in range(width)
        ]
        return replace(
            dialect,
            names=names,
            header=header,
            head=tuple(cell.strip() for cell in rows[0]) if header and rows else (),
            bare=tuple(bare),
            sample=tuple(map(tuple, body)),
        )

    @cached_property
    def csv_options(self) -> dict[str, Any]:
        """Give what `csv.reader` has to be told."""
        options: dict[str, Any] = {"delimiter": self.delimiter or "\x1e", "quotechar": self.quote}
        if self.escaped:
            options |= {"escapechar": "\\", "doublequote": False}
        return options | {"skipinitialspace": self.spaced}

    def is_row(self, line: str) -> bool:
        """Say whether a line alone is a row as the others are."""
        if self.quote in line:
            return False
        cells = line.split(self.delimiter)
        return len(cells) == self.width and all(
            " " not in cell and cell if bare else cell[:1] != " "
            for cell, bare in zip(cells, self.bare, strict=True)
        )

    def is_header(self, row: Sequence[str]) -> bool:
        """Say whether a row is the header, which comes again where files were joined."""
        if len(row) != len(self.head) or len(row[0].strip()) != len(self.head[0]):
            return False  # a quick no for most
        return [cell.strip().casefold() for cell in row] == [name.casefold() for name in self.head]

    def is_ruling(self, line: str) -> bool:
        """Say whether a line is drawn under the header."""
        return line[:1] in "-=+|:" and bool(_RULING.fullmatch(line))

    def is_preamble(self, line: str) -> bool:
        """Say whether the first line is Excel's, which names the delimiter."""
        return bool(_SEPARATOR.match(line.strip("\ufeff ")))

    def likeliest_place(self) -> int | None:
        """Give the place of the column whose cells look most like headlines."""
        if self.width == 1:
            return 0
        best, place = 0.5, None
        for i in range(self.width):
            cells = [row[i] for row in self.sample if row[i].strip()]
            if not cells:
                continue
            good = sum(map(is_title, cells)) / len(self.sample)
            score = good * len(set(cells)) / len(cells)
            if score > best + (0.2 if place is not None else 0):
                best, place = score, i
        return place


def read_row(line: str, dialect: Dialect) -> list[str] | None:
    """Give the cells of a line; None where it ends in a quoted cell.

    A quote that ends no cell stands for itself, as nobody but a program doubles those of a title.
    """
    mark = dialect.delimiter
    if dialect.quote not in line and not (dialect.escaped and "\\" in line):
        return trimmed(line.split(mark) if mark else [line], dialect)
    if dialect.escaped and dialect.width:  # a backslash may be one in earnest
        cells = read_row(line, replace(dialect, escaped=False)) or []
        if len(cells) == dialect.width and dialect.quote not in "".join(cells):
            return cells
    plain = line.split(mark) if mark else [line]
    try:
        cells = next(csv.reader((line,), strict=True, **dialect.csv_options))
        if dialect.loose and len(cells) == len(plain) and dialect.quote * 2 not in line:
            cells = plain  # whose quotes are its own, since none were needed
        return trimmed(cells, dialect)
    except csv.Error as error:
        opened = "end of data" in str(error)
    if not mark:
        return None if opened else plain
    by_ends = _by_ends(line, dialect)
    width = dialect.width
    if by_ends is not None and (not width or len(by_ends) == width):
        return trimmed(by_ends, dialect)
    if not opened and (dialect.loose or len(plain) == width):
        return trimmed(plain, dialect)
    return None if opened or by_ends is None else trimmed(by_ends, dialect)


def _by_ends(line: str, dialect: Dialect) -> list[str] | None:
    """Cut a line where a quote is followed by a delimiter or the end; None at an open quote."""
    mark, quote = dialect.delimiter, dialect.quote
    cells, at = [], 0
    while True:
        if line.startswith(quote, at):
            end = line.find(quote, at + 1)
            while end >= 0 and end + 1 < len(line) and not line.startswith(mark, end + 1):
                end = line.find(quote, end + 1)
            if end < 0:
                return None
            cells.append(line[at + 1 : end].replace(quote * 2, quote))
            at = end + 1
        else:
            end = line.find(mark, at)
            end = len(line) if end < 0 else end
            cells.append(line[at:end])
            at = end
        if at >= len(line):
            return cells
        at += len(mark)


def trimmed(cells: list[str], dialect: Dialect) -> list[str]:
    """Give the cells of a row without what pads them and it."""
    if dialect.padded:
        cells = [cell.strip() for cell in cells]
    if len(cells) == dialect.width:
        return cells
    return fitted(cells, dialect.width, dialect.least) if dialect.names else cells


def fitted(cells: list[str], width: int, least: int | None = None) -> list[str]:
    """Leave empty cells aside that a row has too many of at its end; add those of no name."""
    if len(cells) == width:
        return cells
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    return cells + [""] * (width - len(cells)) if least and least <= len(cells) else cells


def is_title(cell: str) -> bool:
    """Say whether a cell may be a headline: 3 to 25 words, neither date nor number nor address."""
    cell = cell.strip()
    if not _LETTERS.search(cell) or _URL.match(cell) or _is_date(cell):
        return False
    wide = 0 if cell.isascii() else len(re.findall(_WIDE, cell))
    words = len(cell.split())
    return 6 <= wide <= 80 or 3 <= words <= 25


def _is_bare(cell: str) -> bool:
    """Say whether a cell holds a number, a date, an address or a code, and is no name."""
    cell = cell.strip()
    return bool(cell and (_BARE.fullmatch(cell) or _URL.match(cell) or _is_date(cell)))


def _is_date(cell: str) -> bool:
    return len(cell) <= MAX_NAME and bool(_DATED.search(cell)) and iso_date(cell) is not None


def _quote_of(lines: Sequence[str]) -> str:
    """Tell single quotes around all cells from apostrophes."""
    single = sum(line[:1] == line[-1:] == "'" and len(line) > 1 for line in lines)
    return "'" if lines and single == len(lines) and not any('"' in ln for ln in lines) else '"'


def _draft(lines: Sequence[str], delimiter: str, quote: str) -> Dialect:
    """Give a dialect in which rows can be read before it is known how many columns there are."""
    escaped = sum("\\" + quote in line for line in lines)
    doubled = sum(quote * 2 in line.replace(delimiter + quote * 2, "") for line in lines)
    doubled -= sum("\\" + quote * 2 in line for line in lines)
    return Dialect(
        delimiter,
        (),
        False,
        quote,
        escaped=escaped > doubled,
        spaced=bool(delimiter) and any(f"{delimiter} {quote}" in f"{delimiter}{x}" for x in lines),
        loose=delimiter == "\t" and not any(line.startswith(quote) for line in lines[:1]),
    )


def _delimiter_of(lines: Sequence[str], quote: str, layout: Layout) -> str:
    """Tell the delimiter: of a header that names headlines, else what cuts all rows alike."""
    found = []
    for order, mark in enumerate(DELIMITERS):
        if not any(mark in line for line in lines):
            continue
        rows = _rows(lines, mark, quote)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        named = bool(rows) and len(rows[0]) > 1 and names_headlines(rows[0], layout)
        share = count / len(rows)
        if named or share >= 0.8 or (layout.columns and width == len(layout.columns)):
            found.append((named, share, width if width > 2 else 0, -order, mark))
    return max(found)[-1] if found else ""


def _rows(lines: Sequence[str], mark: str, quote: str) -> list[list[str]]:
    dialect = _draft(lines, mark, quote)
    return [row for line in lines if (row := read_row(line, dialect)) is not None]


def _width_of(rows: Sequence[Sequence[str]], layout: Layout) -> int:
    """Give the number of cells of a header that names headlines, else of most rows."""
    if not rows:
        return 1
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if names_headlines(rows[0], layout):
        extra = len(rows[0]) > width and not any(cell.strip() for cell in rows[0][width:])
        return width if extra else len(rows[0])
    return width


def names_headlines(row: Sequence[str], layout: Layout, *, strong: bool = False) -> bool:
    """Say whether a row holds the names of columns, one of them that of the headlines."""
    cells = [cell.strip().strip("\ufeff\"'# ") for cell in row]
    if any(len(cell) > MAX_NAME or len(cell.split()) > 4 for cell in cells):
        return False
    if any(_URL.match(cell) or cell.endswith((".", "!", "?")) for cell in cells):
        return False
    if layout.column and not layout.column.isdecimal():
        try:
            place_among(cells, layout.column)
            return True
        except ValueError as error:
            return "both called" in str(error)
    known = is_strong if strong else lambda cell: rank_of(cell) is not None
    return any(known(cell) for cell in cells)


def _is_header(row: Sequence[str], body: Sequence[Sequence[str]], layout: Layout) -> bool:
    """Say whether a first row names columns: by the names, else since it isn't as the others."""
    if names_headlines(row, layout):
        return True
    if not body or len(row) == 1:
        return False
    if any(not cell.strip() or len(cell) > MAX_NAME or _is_bare(cell) for cell in row):
        return False
    bare = [sum(_is_bare(r[i]) for r in body) >= 0.8 * len(body) for i in range(len(row))]
    words = max(sum(len(r[i].split()) for r in body) / len(body) for i in range(len(row)))
    return any(bare) or (words >= 4 and all(len(cell.split()) <= 2 for cell in row))


def _names_of(rows: Sequence[Sequence[str]], header: bool, width: int) -> tuple[str, ...]:
    """Give the columns' names, each another: the header's, else what their cells show."""
    names: list[str] = []
    for i in range(width):
        name = rows[0][i].strip().strip("\ufeff").strip() if header else ""
        if not header and rows:
            cells = [row[i] for row in rows]
            if all(_URL.match(cell.strip()) for cell in cells):
                name = "url"
            elif all(map(_is_date, cells)):
                name = "date"
            name = "" if name in names else name
        name = name or f"column_{i + 1}"
        same = 2
        while name in names:
            name = f"{name.removesuffix(f'_{same - 1}')}_{same}"
            same += 1
        names.append(name)
    return tuple(names)


def told_table(lines: Sequence[str], layout: Layout, *, certain: bool) -> str:
    """Say whether lines are a table's, and which: csv, tsv, or nothing.

    Where it isn't `certain`, a header has to name the headlines, or every row has to be cut
    alike and have a date, a number or an address beside what looks like a headline; a plain list
    must never be taken for a table.
    """
    filled = [line for line in lines if line.strip()]
    if not filled:
        return "csv" if certain else ""
    dialect = Dialect.told(lines, layout)
    kind = "tsv" if dialect.delimiter == "\t" else "csv"
    if certain or layout.delimiter or _SEPARATOR.match(filled[0]):
        return kind
    first = read_row(filled[0], dialect) or filled[:1]
    if dialect.width == 1:
        alone = names_headlines(first, layout, strong=True) and len(filled) == len(lines)
        return kind if alone and len(filled) > 1 else ""
    rows = dialect.sample
    if dialect.header and names_headlines(first, layout):
        if any(len(cell.split()) > 3 for cell in first):
            return ""
        begun = read_row(filled[1], dialect) if len(filled) > 1 else None  # None: a cell goes on
        follows = begun is None or len(begun) == dialect.width
        sure = follows and names_headlines(first, layout, strong=True)
        return kind if sure or len(rows) >= 0.5 * (len(filled) - 1) else ""
    place = dialect.likeliest_place()
    if len(rows) < 3 or len(rows) < 0.95 * (len(filled) - dialect.header) or place is None:
        return ""
    bare = [i for i in range(dialect.width) if all(_is_bare(row[i]) for row in rows)]
    return kind if dialect.delimiter == "\t" or set(bare) - {place} else ""
