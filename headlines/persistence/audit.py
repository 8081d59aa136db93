"""The audit log: what was done to a registry, by what, from what, and why; never rewritten."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headlines.errors import ModelError, OutputError
from headlines.files import sync_folder, writing
from headlines.persistence.plainfile import open_plain

FIRST = "0" * 64
"""What the first record names as the one before it."""

BLOCK_BYTES = 1 << 16
"""What is read at a time, from the end on: an append needs the last line alone."""

_OWN = ("number", "time", "event", "previous", "sha256")


@dataclass(frozen=True)
class AuditRecord:
    """One line of the log.

    Events are ``started``, ``decided``, ``promoted``, ``failed``, ``interrupted``, ``rolled back``
    and ``pruned``.
    """

    number: int  # from 1 on
    time: str  # UTC, ISO 8601
    event: str
    facts: Mapping[str, Any]  # what the event is about: inputs, scores, reasons

    def to_row(self) -> dict[str, Any]:
        """Give the record as one JSON object."""
        return {"number": self.number, "time": self.time, "event": self.event, **self.facts}


class AuditLog:
    """JSON lines, each with the SHA-256 of the line before it and of itself.

    The first record makes the file. One process writes at a time (the registry's lock). A record
    is one write at the file's end, followed by fsync; what a full disk cut short is taken back. A
    line without its end, which a crash of the machine may leave, was never reported as written:
    the next record takes its place and says so. The chain shows a line that was changed, left out
    or put in. It can't show that the last lines are missing: who fears that copies the log
    elsewhere.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"AuditLog({str(self.path)!r})"

    def append(self, event: str, facts: Mapping[str, Any]) -> AuditRecord:
        """Write a record of plain data; on return it is on the disk.

        Raises OutputError when it can't be written (the log is as it was then), ModelError when its
        last line was changed (`records` checks all of them), and ValueError when a fact has a name
        that a record has of its own.
        """
        if taken := [name for name in _OWN if name in facts]:
            raise ValueError(f"facts may not be named {taken[0]!r}: a record has its own")
        last, previous, torn = self._last()
        with writing(self.path):
            file = open_plain(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            whole = os.fstat(file).st_size - torn
            if torn:
                facts = {**facts, "torn_bytes_removed": torn}
            # As they will be read: a line must come out the same when it is written again.
            plain = json.loads(_json(facts))
            record = AuditRecord(last.number + 1 if last else 1, _now(), event, plain)
            self._write(file, whole, _line(record, previous))
        finally:
            os.close(file)
        if not whole:  # the file's name has to last too
            sync_folder(self.path.parent)
        return record

    def _write(self, file: int, whole: int, line: bytes) -> None:
        try:
            with writing(self.path):
                os.ftruncate(file, whole)
                while line:  # of what is cut short the rest fails, and says why
                    line = line[os.write(file, line) :]
                os.fsync(file)
        except OutputError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, whole)
            raise

    def last(self) -> AuditRecord | None:
        """Read the last record alone; None where there is none yet."""
        return self._last()[0]

    def records(self) -> list[AuditRecord]:
        """Read all records; an empty list where there is no log yet.

        Raises ModelError when the chain is broken; the message names the line.
        """
        records, previous = [], FIRST
        for number, line in enumerate(self._tail(math.inf).split(b"\n")[:-1], 1):
            record, named = _parsed(line)
            if record is None or record.number != number or named != previous:
                raise self._changed(f"line {number}")
            records.append(record)
            previous = hashlib.sha256(line).hexdigest()
        return records

    def newest(self) -> Iterator[AuditRecord]:
        """Give the records from the last one back, reading no more of the log than is asked for.

        Raises ModelError where a line isn't what was written there.
        """
        end, first = b"", True
        for block in self._blocks():
            lines = (block + end).split(b"\n")
            end, whole = lines[0], lines[1:]
            if first and whole:  # what is behind the last line feed was cut short
                whole.pop()
                first = False
            for line in reversed(whole):
                yield self._known(line)
        if end and not first:
            yield self._known(end)

    def _known(self, line: bytes) -> AuditRecord:
        record, _ = _parsed(line)
        if record is None:
            raise self._changed("a line")
        return record

    def of_version(self, version: str) -> list[AuditRecord]:
        """Give the records that are about a version."""
        return [record for record in self.records() if record.facts.get("version") == version]

    def _last(self) -> tuple[AuditRecord | None, str, int]:
        """Give the last record, its line's hash, and how many bytes a torn line after it has."""
        whole, end, torn = self._tail(lines=2).rpartition(b"\n")
        if not end:
            return None, FIRST, len(torn)
        line = whole.rpartition(b"\n")[2]
        record, _ = _parsed(line)
        if record is None:
            raise self._changed("the last line")
        return record, hashlib.sha256(line).hexdigest(), len(torn)

    def _tail(self, lines: float) -> bytes:
        """Read the file from its end on, until so many whole lines are had."""
        blocks: list[bytes] = []
        found = 0
        for block in self._blocks():
            blocks.append(block)
            found += block.count(b"\n")
            if found >= lines:
                break
        return b"".join(reversed(blocks))

    def _blocks(self) -> Iterator[bytes]:
        """Give the file's blocks, the last one first."""
        try:
            with open(open_plain(self.path), "rb") as file:
                place = file.seek(0, os.SEEK_END)
                while place:
                    start = max(0, place - BLOCK_BYTES)
                    file.seek(start)
                    yield file.read(place - start)
                    place = start
        except FileNotFoundError:
            return
        except OSError as error:
            raise ModelError(f"{self.path}: can't be read ({error.strerror})") from None

    def _changed(self, what: str) -> ModelError:
        return ModelError(
            f"{self.path}: {what} isn't what was written there; restore the file from a copy, or "
            "move it away to begin a new log"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _line(record: AuditRecord, previous: str) -> bytes:
    row = {**record.to_row(), "previous": previous}
    own = hashlib.sha256(_json(row)).hexdigest()
    return _json(row | {"sha256": own}) + b"\n"


def _json(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def _parsed(line: bytes) -> tuple[AuditRecord | None, str]:
    """Read a line; None when it is not one that was written as it stands."""
    try:
        row = json.loads(line)
        own, previous = row.pop("sha256"), row["previous"]
        if hashlib.sha256(_json(row)).hexdigest() != own or _json(row | {"sha256": own}) != line:
            return None, ""
        del row["previous"]
        facts = {k: v for k, v in row.items() if k not in ("number", "time", "event")}
        return AuditRecord(row["number"], row["time"], row["event"], facts), str(previous)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ""
