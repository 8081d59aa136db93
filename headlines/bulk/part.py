"""The part: what a worker makes of a chunk, in files that are there whole or not at all."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from headlines.bulk import tables
from headlines.bulk.plan import TABLE, Chunk, Order
from headlines.errors import ModelError
from headlines.feeds.account import SeenIds, keys_of
from headlines.feeds.block import HeadlineBlock
from headlines.feeds.reader import FeedReader
from headlines.feeds.report import Quarantined
from headlines.files import replacing
from headlines.labeling.panel import Answered, Panel, Question

ROWS, TABLES, KEYS, COPIES, ASIDE = "jsonl", "arrow", "keys", "copies", "quarantine.jsonl"
"""Endings of a part's files: its rows or their table, what copies are told by, which rows are
copies, and what couldn't be read."""

KEY = np.dtype([("key", "<u8"), ("told", "u1")])
"""What is kept of each row beside it: its id, and whether it is English, and refused so."""

ENGLISH, REFUSED = 1, 2

ROWS_AT_ONCE, BYTES_AT_ONCE = 8192, 1 << 20


class _Unmarked(SeenIds):
    """Marks no copies: which rows are copies is known when all earlier parts are there."""

    def __init__(self) -> None:
        pass

    def add_keys(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return np.zeros(len(keys), dtype=np.bool_)


def label_part(order: Order, chunk: Chunk) -> dict[str, Any]:
    """Label a chunk; give as plain data what became of it.

    Raises FeedError when an input can't be read, and ModelError when the models at hand aren't
    those that the job began with.
    """
    panel = _panel(order.question)
    check_models(panel, order)
    tally = panel.tally()
    spans: list[dict[str, Any]] = []
    with ExitStack() as stack:
        files = _Files(order, chunk.number, stack)
        for span in chunk.spans:
            reader = FeedReader(
                span.source,
                format=order.format,
                layout=order.layout,
                span=span,
                seen=_Unmarked(),
                set_aside=files.set_aside,
            )
            before = files.count
            for block in reader.blocks():
                files.write(panel, panel.answer(block, tally), block)
            report = _plain(reader)
            spans.append({"rows": files.count - before, "report": report})
        sizes = files.sizes()
    return {
        "rows": files.count,
        "spans": spans,
        "tally": tally.to_plain(),
        "types": files.types,
        "sizes": sizes,
    }


def is_whole(order: Order, number: int, sizes: Mapping[str, int]) -> bool:
    """Say whether a part's files are there, of the sizes that they were written in."""
    with suppress(OSError):
        return all(order.path(number, e).stat().st_size == size for e, size in sizes.items())
    return False


def check_models(panel: Panel, order: Order) -> None:
    """Raise ModelError when the models aren't those that a job began with."""
    for (name, labeler), digest in zip(panel.labelers.items(), order.models, strict=True):
        if labeler.state.content != digest:
            raise ModelError(
                f"{name}: here it is {labeler.model}, and the job began with {digest[:12]}; give "
                "every worker the same models and version"
            )


@functools.lru_cache(maxsize=1)
def _panel(question: Question) -> Panel:
    return Panel.load(question)


def _plain(reader: FeedReader) -> dict[str, Any]:
    report = asdict(reader.report)
    report["page"] = {}  # the kind of every line, which nobody asks a job for
    return report


class _Files:
    """The files of a part, written as its blocks are labelled."""

    def __init__(self, order: Order, number: int, stack: ExitStack) -> None:
        self._files: dict[str, IO[bytes]] = {}

        def file(ending: str) -> IO[bytes]:
            # A disk need not keep a part through a power cut: its size tells, and it's made again.
            path = order.path(number, ending)
            self._files[ending] = stack.enter_context(replacing(path, lasting=False))
            return self._files[ending]

        self.count = 0
        self.types: dict[str, str] = {}
        self._is_table = order.kind == TABLE
        self._rows = file(TABLES if self._is_table else ROWS)
        self._keys = file(KEYS)
        self._aside = file(ASIDE)

    def sizes(self) -> dict[str, int]:
        """Give the bytes of the files so far, by their endings."""
        return {ending: file.tell() for ending, file in self._files.items()}

    def set_aside(self, row: Quarantined) -> None:
        self._aside.write((json.dumps(row.to_row()) + "\n").encode())

    def write(self, panel: Panel, answered: Answered, block: HeadlineBlock) -> None:
        if not len(block):
            return
        keys = np.empty(len(block), dtype=KEY)
        english = block.in_english()
        keys["key"] = keys_of(block.ids)
        keys["told"] = ENGLISH * english + REFUSED * (english & answered.found.not_news)
        self._keys.write(keys.tobytes())
        self.count += len(block)
        if self._is_table and panel.question.explain:
            types = tables.write_rows(self._rows, list(panel.rows(answered)))
            self.types = tables.widest(self.types, types)
        elif self._is_table:
            columns = tables.columns_of(block, answered, panel.question.top)
            self.types = tables.widest(self.types, tables.write_columns(self._rows, columns))
        else:
            self._rows.write(panel.lines(answered))


# ---------------------------------------------------------------- what was written, read again


def keys_in(order: Order, number: int) -> NDArray[Any]:
    """Give the keys of a part's rows, shape (n,), of dtype `KEY`."""
    return np.fromfile(order.path(number, KEYS), dtype=KEY)


def marked_lines(order: Order, number: int, copies: NDArray[np.bool_]) -> Iterator[bytes]:
    """Give a part's rows, some thousand at a time, those marked that are copies of earlier ones."""
    with open(order.path(number, ROWS), "rb") as file:
        if not copies.any():
            yield from iter(lambda: file.read(BYTES_AT_ONCE), b"")
            return
        start = 0
        while rows := list(islice(file, ROWS_AT_ONCE)):
            for i in np.flatnonzero(copies[start : start + len(rows)]).tolist():
                rows[i] = marked(rows[i])
            start += len(rows)
            yield b"".join(rows)


def marked(row: bytes) -> bytes:
    """Mark a row as a copy of an earlier one, whose id is its own.

    What stands in quotes has its quotes escaped, so that the first such words are the key.
    """
    return row.replace(_UNMARKED, b'"duplicate_of": "%b"' % row[_ID], 1)


_UNMARKED = b'"duplicate_of": null'
_ID = slice(len(b'{"id": "'), len(b'{"id": "') + 16)


def keep_copies(order: Order, number: int, copies: NDArray[np.bool_]) -> None:
    """Write down which rows of a part are copies, for the worker that writes its file."""
    with replacing(order.path(number, COPIES), lasting=False) as file:
        file.write(np.packbits(copies).tobytes())


def write_file(order: Order, number: int, path: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Write a part's table as a Parquet file, in columns that all parts have, copies marked."""
    copies = np.unpackbits(np.fromfile(order.path(number, COPIES), dtype=np.uint8))
    with open(order.path(number, TABLES), "rb") as table, replacing(path) as file:
        rows = tables.write_parquet(table, file, types, copies.astype(np.bool_))
    return {"rows": rows}


Step = Callable[..., dict[str, Any]]
"""What a worker does with a chunk: a function of a module, and its arguments plain."""
