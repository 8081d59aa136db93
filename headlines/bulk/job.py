"""The job: from its order to rows in the order of its inputs, going on where it was stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headlines.bulk import part, tables
from headlines.bulk.ledger import LABELLED, NAME, WRITTEN, Ledger
from headlines.bulk.plan import TABLE, Chunk, Order, check_files, chunks_of
from headlines.bulk.workers import Workers
from headlines.errors import OutputError
from headlines.feeds.account import SeenIds
from headlines.feeds.report import FeedReport, joined
from headlines.files import replacing, sync_folder
from headlines.labeling.panel import Tally
from headlines.persistence.locking import WriterLock

Watch = Callable[[int, int], object]
"""Is told of a chunk that is done: its bytes, and its rows."""


class Job:
    """Chunks, a ledger of what is done, and what was found, row by row in the inputs' order.

    Made by `open`. Rows are the same bytes for any workers, and however often the job was
    stopped and gone on with: labels are functions of a headline and the models, and copies are
    marked here, in the rows' order.

    Attributes
    ----------
    order : Order
    chunks : list of Chunk
    done : set of int
        Chunks that were labelled when the job was opened.
    tally : Tally
    headlines, refused : int
        Distinct English headlines so far, and those that are not news of the first model's topics.
    """

    def __init__(self, order: Order, ledger: Ledger, chunks: list[Chunk]) -> None:
        self.order = order
        self.chunks = chunks
        self.tally = Tally()
        self.headlines = self.refused = 0
        self._ledger = ledger
        self._seen = SeenIds()
        self._reports: dict[str, list[FeedReport]] = {}
        self._written = ledger.finished(WRITTEN)
        self.done = {n for n in ledger.finished(LABELLED) if self._is_whole(n)}

    @classmethod
    @contextlib.contextmanager
    def open(cls, order: Order, sources: Sequence[str]) -> Iterator[Self]:
        """Begin a job in its folder, or go on with the one that is there.

        The folder is this process's until the block ends, and goes away when it ends well.
        Raises LockedError when another process has it, OutputError when it has another job's
        parts or something else in it, and FeedError when an input can't be read.
        """
        check_files(sources)
        folder = Path(order.folder)
        _refuse_others(folder)
        described = order.described(sources)
        folder.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.enter_context(WriterLock(folder).hold(lambda: _sweep(folder)))
            ledger = stack.enter_context(Ledger.open(folder))
            begun = ledger.described()
            if begun is None:
                ledger.begin(described, chunks_of(order, sources))
            elif differs := [key for key in described if described[key] != begun.get(key)]:
                raise OutputError(
                    f"{folder}: has parts of a job with another {_named(differs)}; give what it "
                    "was begun with, or remove the folder to begin anew"
                )
            yield cls(order, ledger, ledger.chunks())
        shutil.rmtree(folder)

    def _is_whole(self, number: int) -> bool:
        """Say whether the files of a chunk that is done are there."""
        sizes = self._ledger.told(LABELLED, number)["sizes"]
        if self._is_written(number):  # what it has of its table
            del sizes[part.TABLES]
        return part.is_whole(self.order, number, sizes)

    def _is_written(self, number: int) -> bool:
        return number in self._written and self.file_of(number).exists()

    # ------------------------------------------------------------ labelling

    def parts(self, workers: Workers, watch: Watch) -> Iterator[tuple[Chunk, dict[str, Any]]]:
        """Label what isn't; give every chunk in its order, with what is told of it."""
        todo = {c.number: (self.order, c) for c in self.chunks if c.number not in self.done}
        stream = workers.each(part.label_part, todo)
        ready = set(self.done)
        for number in sorted(ready):
            watch(self.chunks[number].size, self._ledger.told(LABELLED, number)["rows"])
        for chunk in self.chunks:
            while chunk.number not in ready:
                number, told = next(stream)
                self._ledger.finish(LABELLED, number, told)
                ready.add(number)
                watch(self.chunks[number].size, told["rows"])
            told = self._ledger.told(LABELLED, chunk.number)
            self.tally.add(told["tally"])
            yield chunk, told

    def copies_in(self, chunk: Chunk, told: dict[str, Any]) -> NDArray[np.bool_]:
        """Tell which rows of a chunk are copies of earlier rows; chunks come in their order.

        What became of the inputs' lines is counted here too.
        """
        keys = part.keys_in(self.order, chunk.number)
        copies = self._seen.add_keys(keys["key"])
        english = ((keys["told"] & part.ENGLISH) > 0) & ~copies
        self.headlines += int(english.sum())
        self.refused += int((english & ((keys["told"] & part.REFUSED) > 0)).sum())
        start = 0
        for span, found in zip(chunk.spans, told["spans"], strict=True):
            report = FeedReport.from_plain(found["report"])
            again = int(copies[start : start + found["rows"]].sum())
            kinds = dict(report.kinds)
            kinds["headline"] -= again
            kinds["duplicate"] += again
            self._reports.setdefault(span.source, []).append(replace(report, kinds=kinds))
            start += found["rows"]
        return copies

    def reports(self) -> list[FeedReport]:
        """Tell what became of every line of the inputs so far."""
        return [joined(reports[0].source, reports) for reports in self._reports.values()]

    def set_aside(self, chunk: Chunk) -> Iterator[bytes]:
        """Give the rows of a chunk that can't be read, as lines of JSON."""
        with open(self.order.path(chunk.number, part.ASIDE), "rb") as file:
            yield from file

    def lines(self, chunk: Chunk, copies: NDArray[np.bool_]) -> Iterator[bytes]:
        """Give the rows of a chunk, some thousand at a time, as lines of JSON."""
        return part.marked_lines(self.order, chunk.number, copies)

    # ------------------------------------------------------------ a folder of files

    def file_of(self, number: int) -> Path:
        """Name the file that a chunk has in a folder of results."""
        ending = "parquet" if self.order.kind == TABLE else "jsonl"
        return Path(self.order.folder, "files", f"part-{number:06d}.{ending}")

    def write_lines(self, chunk: Chunk, copies: NDArray[np.bool_]) -> None:
        """Write the file of a chunk, of lines."""
        path = self.file_of(chunk.number)
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as file:
            for lines in self.lines(chunk, copies):
                file.write(lines)

    def keep_copies(self, chunk: Chunk, copies: NDArray[np.bool_]) -> None:
        """Write down which rows of a chunk are copies, for `write_tables`."""
        part.keep_copies(self.order, chunk.number, copies)

    def write_tables(self, workers: Workers, types: tables.Types) -> None:
        """Write the files of all chunks, of tables in the same columns."""
        self.file_of(0).parent.mkdir(exist_ok=True)
        todo: dict[int, tuple[Any, ...]] = {
            chunk.number: (self.order, chunk.number, str(self.file_of(chunk.number)), dict(types))
            for chunk in self.chunks
            if not self._is_written(chunk.number)
        }
        for number, told in workers.each(part.write_file, todo):
            self._ledger.finish(WRITTEN, number, told)
            self.order.path(number, part.TABLES).unlink()  # the file has it now

    def put_files(self, target: Path) -> None:
        """Let the folder of results be where it was asked for."""
        files = Path(self.order.folder, "files")
        files.mkdir(exist_ok=True)
        if target.is_dir():
            target.rmdir()  # it is empty, or there would be no job
        os.replace(files, target)
        sync_folder(target.parent)


def _refuse_others(folder: Path) -> None:
    others = [path.name for path in folder.iterdir()] if folder.exists() else []
    if NAME in others or all(name.startswith(".lock") for name in others):
        return
    raise OutputError(
        f"{folder}: is where the job keeps its parts, and something else is in it; move it away, "
        "or name another output"
    )


def _sweep(folder: Path) -> None:
    """Remove what a process that died has left half-written."""
    for path in folder.glob(".part-*"):
        path.unlink(missing_ok=True)


def _named(keys: list[str]) -> str:
    return " and ".join({"question": "options or models"}.get(key, key) for key in keys)
