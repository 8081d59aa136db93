"""Spans: the parts of an input that can be read each by itself, in another process or later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from headlines.feeds.archives import ByteStream, open_input, texts_in
from headlines.feeds.decoding import count_of_lines, is_cut_by_bytes, pieces_of, whole_lines
from headlines.feeds.sheets import row_groups

PIECE_BYTES = 1 << 16
"""Bytes that lines are counted in at once: a span has at most so many more than it needs."""

BY_LINES = ("text", "jsonl")
"""Formats whose lines are read each for itself; a row of a table may be several."""


@dataclass(frozen=True)
class Told:
    """How an input is read.

    Attributes
    ----------
    format : str
        One of `headlines.feeds.formats.FORMATS`.
    encoding : str
        ``binary`` where it is no text.
    end : bytes
        What ends a line of it.
    """

    format: str
    encoding: str
    end: bytes = b"\n"


@dataclass(frozen=True)
class Span:
    """A part of an input: some of its lines, row groups of a Parquet file, or all of it.

    Attributes
    ----------
    source : str
        The input's name as it was given.
    path : str
        Where the input is, from anywhere.
    size : int
        Bytes, as far as they are known: how much work it is.
    told : Told or None
        How the input is read; None where it is packed.
    start, end : int
        Bytes of the lines, or numbers of the row groups; `end` is 0 for the whole input.
    line : int
        The number of the first line or row, from 1.
    """

    source: str
    path: str
    size: int
    told: Told | None = None
    start: int = 0
    end: int = 0
    line: int = 1


def spans_of(source: str, tell: Callable[[ByteStream], Told], size: int) -> Iterator[Span]:
    """Cut a file into spans of `size` bytes or somewhat more; what can't be cut is one.

    `tell` tells how a text is read (`FeedReader.told`). Raises FeedError when the file can't be
    read.
    """
    with open_input(source) as file:
        whole = Span(source, os.path.abspath(source), os.fstat(file.fileno()).st_size)
        stream = ByteStream(file, source)
        [first] = islice(texts_in(stream), 1)
        if first is not stream:
            yield whole
            return
        whole = replace(whole, told=(told := tell(stream)))
        if told.format == "parquet":
            file.seek(0)
            yield from _of_groups(row_groups(file, source), whole, size)
        elif told.format in BY_LINES and told.end == b"\n" and is_cut_by_bytes(told.encoding):
            yield from _of_lines(stream, told, whole, size)
        else:
            yield whole


def _of_groups(groups: list[tuple[int, int]], whole: Span, size: int) -> Iterator[Span]:
    start, line, rows, held = 0, 1, 0, 0
    for number, (n, size_of_group) in enumerate(groups, 1):
        rows, held = rows + n, held + size_of_group
        if held >= size or number == len(groups):
            yield replace(whole, start=start, end=number, line=line, size=held)
            start, line, rows, held = number, line + rows, 0, 0
    if not groups:
        yield whole


def _of_lines(stream: ByteStream, told: Told, whole: Span, size: int) -> Iterator[Span]:
    start = end = lines = 0
    line = 1
    for piece, dropped in whole_lines(pieces_of(stream, told.encoding, PIECE_BYTES)):
        end += len(piece) + dropped
        plain = told.format == "text"
        lines += 1 if dropped else count_of_lines(piece, told.encoding, plain=plain)
        if end - start >= size:
            yield replace(whole, start=start, end=end, line=line, size=end - start)
            start, line, lines = end, line + lines, 0
    if end > start:
        yield replace(whole, start=start, end=end, line=line, size=end - start)
    elif not end:
        yield whole
