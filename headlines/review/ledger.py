"""The ledger: a file of corrections that several desks append to, a whole line at a time."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from headlines.errors import HeadlinesError, LockedError, OutputError, TaxonomyError
from headlines.feeds.columns import Layout
from headlines.feeds.decoding import SNIFF_BYTES, encoding_of, end_of_lines
from headlines.feeds.dialects import SAMPLE_LINES, Dialect
from headlines.files import replacing, sync_folder, target_of, writing
from headlines.topics.labels import GoldLabel, merge_corrections

COLUMNS = ("headline", "topic", "also", "corrected", "withdrawn", "drawn")
"""Of a new file; of these an older one may lack the last."""

LOCK_SECONDS = 10
"""For which a desk waits until another one has written."""


class Ledger:
    """A CSV file of corrections: nothing in it is ever changed or removed, an undo is a row too.

    Parameters
    ----------
    path : str or Path
        The file; it is made with the first answer where it is missing.
    topics : sequence of str
        The topics that may be named.
    was : mapping of str to str, optional
        Earlier names of topics, with today's: rows may have them.
    add_columns : bool, default False
        Write a file anew that lacks columns which an undo needs, with these added.

    Raises
    ------
    HeadlinesError
        When the file can't be read as corrections, or appended to.
    """

    def __init__(
        self,
        path: str | Path,
        topics: Sequence[str],
        *,
        was: Mapping[str, str] | None = None,
        add_columns: bool = False,
    ) -> None:
        self.path = Path(path)
        self.topics, self._was = tuple(topics), was
        target = target_of(path)
        if target is None:
            raise OutputError(f"{path}: is no file; name one that answers can be kept in")
        self._lock = target.with_name(f".{target.name}.lock")  # one, by whatever link
        self.fault = ""
        self._standing: dict[str, GoldLabel] = {}
        self._seen: tuple[int, int] = (-1, -1)  # of the file as it was read: its size and number
        self._last = datetime.min.replace(tzinfo=UTC)
        with self.held():
            missing = self._missing()
            if missing and add_columns:
                self._widen(missing)
            elif missing:
                raise OutputError(
                    f"{path}: has no column {' and no column '.join(missing)}, which an undo "
                    "needs; give --add-columns to have the file written anew with them, or name "
                    "another file"
                )
            self._read()

    def standing(self) -> Mapping[str, GoldLabel]:
        """Give what the file says now, by the headlines' ids: this desk's answers and others'.

        Where another program has left a row that can't be read, `fault` says so until it is mended,
        and what was known before is given.
        """
        with self.held():
            if self._state() != self._seen:
                try:
                    self._read()
                    self.fault = ""
                except HeadlinesError as error:
                    self.fault = str(error)
        return self._standing

    def append(
        self, labels: Sequence[GoldLabel], *, withdrawn: bool = False, drawn: bool = False
    ) -> None:
        """Append rows that are on the disk when this returns; with `withdrawn` rows that undo.

        Raises OutputError when they can't be written; none of them is in the file then.
        """
        with self.held():
            known = self._state() == self._seen
            with writing(self.path, "; your answer is not kept"), self.path.open("ab+") as file:
                size = file.seek(0, os.SEEK_END)
                data = "".join(self._rows(file, labels, withdrawn, drawn)).encode()
                try:
                    _append(file, data)
                except BaseException:
                    os.ftruncate(file.fileno(), size)
                    raise
            if not size:
                sync_folder(self.path.parent)
            for label in labels:  # also where another program's row keeps the file from being read
                self._standing.pop(label.headline.id, None)
            if withdrawn:
                self._seen = (-1, -1)
                return
            self._standing |= {label.headline.id: label for label in labels}
            if known:
                self._seen = self._state()

    def _rows(
        self, file: IO[bytes], labels: Sequence[GoldLabel], withdrawn: bool, drawn: bool
    ) -> Iterator[str]:
        """Give what is to be appended: the end of the last line and the header where they lack."""
        file.seek(0)
        head = file.read(SNIFF_BYTES)
        size = file.seek(0, os.SEEK_END)
        dialect = self._dialect(head)
        columns = [name.casefold() for name in dialect.head] if dialect else list(COLUMNS)
        if dialect is None:
            yield "" if not size or head.endswith(b"\n") else "\n"
            yield _line(COLUMNS, ",")
        else:
            file.seek(size - 1)
            yield "" if file.read(1) == b"\n" else "\n"
        for label in labels:
            cells = {
                "headline": label.headline.headline,
                "topic": label.topic,
                "also": "; ".join(label.also),
                "corrected": self._now(),
                "withdrawn": "yes" if withdrawn else "",
                "drawn": "yes" if drawn else "no",
            }
            yield _line([cells.get(name, "") for name in columns],
                        dialect.delimiter if dialect else ",")  # fmt: skip

    def _now(self) -> str:
        """Give the time, later than that of every row of this desk."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last.isoformat(timespec="microseconds")

    def _read(self) -> None:
        seen = self._state()
        paths = [self.path] if seen[0] > 0 and self._head().strip() else []
        labels, _ = merge_corrections([], paths, self.topics, was=self._was)
        self._standing = {label.headline.id: label for label in labels}
        self._seen = seen

    def _state(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return (0, 0)
        except OSError as error:
            raise OutputError(f"{self.path}: can't be read ({error.strerror})") from None
        return (found.st_size, found.st_mtime_ns)

    # ------------------------------------------------------------------ the file's own form

    def _head(self) -> bytes:
        if not self.path.exists():
            return b""
        with writing(self.path), self.path.open("rb") as file:
            return file.read(SNIFF_BYTES)

    def _dialect(self, head: bytes) -> Dialect | None:
        """Tell how a file is written, of whose rows ours are to be; None where it has none yet."""
        if not head.strip():
            return None
        encoding = encoding_of(head, str(self.path))
        if _plain(encoding) not in ("utf8", "utf8sig", "ascii") or end_of_lines(head) == b"\r":
            raise OutputError(
                f"{self.path}: is in {encoding}, and answers are appended in UTF-8; save it as "
                "CSV UTF-8, or name another file"
            )
        lines = head.decode("utf-8-sig", "ignore").splitlines()[:SAMPLE_LINES]
        return Dialect.told(lines, Layout(header=True))

    def _missing(self) -> list[str]:
        """Give the columns that a file lacks and that have to be there."""
        dialect = self._dialect(self._head())
        if dialect is None:
            return []
        columns = [name.casefold() for name in dialect.head]
        for name in ("headline", "topic"):
            if name not in columns:
                raise TaxonomyError(
                    f"{self.path}: line 1: no column {name}; the columns are "
                    f"{', '.join(columns) or '(none)'}; name a file of corrections"
                )
        return [name for name in COLUMNS[2:5] if name not in columns]

    def _widen(self, missing: Sequence[str]) -> None:
        """Write the file anew with more columns, which are empty."""
        merge_corrections(
            [], self.path, self.topics, was=self._was
        )  # what can't be read isn't written anew
        dialect = self._dialect(self._head())
        if dialect is None:
            return
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, **dialect.csv_options))
        head, *rest = [row for row in rows if row]
        width = len(head)
        lines = [_line([*head, *missing], dialect.delimiter)]
        for row in rest:
            cells = [*row[:width], *[""] * (width - len(row)), *[""] * len(missing)]
            lines.append(_line(cells, dialect.delimiter))
        with replacing(self.path) as out:
            out.write("".join(lines).encode())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the file, so that no row is read half-written and none lies within another."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock, timeout=LOCK_SECONDS)
        with writing(self.path, "; choose a folder that exists and that you may write to"):
            try:
                lock.acquire()
            except Timeout:
                raise LockedError(
                    f"{self.path}: another desk holds it for more than {LOCK_SECONDS} seconds; "
                    "try again"
                ) from None
        try:
            yield
        finally:
            lock.release()


def _plain(encoding: str) -> str:
    return encoding.lower().replace("-", "").replace("_", "")


def _append(file: IO[bytes], data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _line(cells: Sequence[str], delimiter: str) -> str:
    """Write a row; a headline stays as the feed has it, whatever a spreadsheet makes of it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()
