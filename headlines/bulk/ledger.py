"""The ledger of a job: which chunks there are and which are done, on the disk beside the parts."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from headlines.bulk.plan import Chunk
from headlines.errors import OutputError

NAME = "ledger.sqlite"
FORMAT = 1

_SCHEMA = """
CREATE TABLE job (format INTEGER NOT NULL, described TEXT NOT NULL);
CREATE TABLE chunks (number INTEGER PRIMARY KEY, spans TEXT NOT NULL);
CREATE TABLE done (step TEXT, number INTEGER, told TEXT NOT NULL, PRIMARY KEY (step, number));
"""
LABELLED, WRITTEN = "labelled", "written"
"""Steps of a chunk: its part is there; and, where there is to be a file of it, that file."""


class Ledger:
    """What a job has done so far, in SQLite: whatever kills the job, a row is there or it isn't.

    A chunk's row is written when its files are whole and on the disk. Raises OutputError when the
    file can't be read or written, or isn't this job's.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    @contextlib.contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """Open a folder's ledger, or begin one."""
        path = folder / NAME
        with _told(path):
            connection = sqlite3.connect(path, isolation_level=None)
        with contextlib.closing(connection):
            yield cls(connection, path)

    def described(self) -> dict[str, Any] | None:
        """Give what the job asks, as it was begun with; None where none was."""
        with _told(self._path):
            if not self._rows("SELECT name FROM sqlite_master WHERE name = 'job'"):
                return None
            [(format, described)] = self._rows("SELECT format, described FROM job")
            if format != FORMAT:
                raise OutputError(
                    f"{self._path}: has format {format}, and this version goes on with {FORMAT}; "
                    "finish it with the version that began it, or remove its folder"
                )
            found: dict[str, Any] = json.loads(described)
            return found

    def begin(self, described: Mapping[str, Any], chunks: Iterable[Chunk]) -> None:
        """Write down a job and all its chunks, or nothing."""
        with _told(self._path):
            self._connection.executescript("BEGIN;" + _SCHEMA)
            rows = ((chunk.number, json.dumps(chunk.to_plain())) for chunk in chunks)
            self._connection.executemany("INSERT INTO chunks (number, spans) VALUES (?, ?)", rows)
            row = (FORMAT, json.dumps(described))
            self._connection.execute("INSERT INTO job VALUES (?, ?)", row)
            self._connection.execute("COMMIT")

    def chunks(self) -> list[Chunk]:
        """Give all chunks in their order."""
        rows = self._rows("SELECT number, spans FROM chunks ORDER BY number")
        return [Chunk.from_plain(number, json.loads(spans)) for number, spans in rows]

    def finish(self, step: str, number: int, told: Mapping[str, Any]) -> None:
        """Write down that a step of a chunk is done, and what is told of it."""
        self._rows("REPLACE INTO done VALUES (?, ?, ?)", step, number, json.dumps(told))

    def finished(self, step: str) -> set[int]:
        """Give the numbers of the chunks of which a step is done."""
        return {n for (n,) in self._rows("SELECT number FROM done WHERE step = ?", step)}

    def told(self, step: str, number: int) -> dict[str, Any]:
        """Give what was told of a step of a chunk that is done."""
        query = "SELECT told FROM done WHERE step = ? AND number = ?"
        [(told,)] = self._rows(query, step, number)
        found: dict[str, Any] = json.loads(told)
        return found

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with _told(self._path):
            return self._connection.execute(query, values).fetchall()


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            f"{path}: can't be read or written ({error}); see to the disk, or remove its folder "
            "to begin anew"
        ) from None
