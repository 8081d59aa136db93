"""The lock of a folder: one writer at a time, known by name, and taken over when it has died."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from headlines.errors import HeadlinesError, LockedError
from headlines.files import NAME_ANOTHER_FOLDER, replacing, target_of, writing
from headlines.persistence.plainfile import is_plain, read_plain

MAX_OWNER_BYTES = 1 << 16


@dataclass(frozen=True)
class LockOwner:
    """The process that holds, or held, a folder for writing; `since` is UTC, ISO 8601."""

    pid: int
    host: str
    since: str
    command: str

    @classmethod
    def this_process(cls) -> LockOwner:
        """Describe the process that asks."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(os.getpid(), socket.gethostname(), since, " ".join(sys.argv)[:200])

    @property
    def gone(self) -> bool:
        """Whether the process is known to have ended; of another host's that can't be known."""
        if self.host != socket.gethostname() or sys.platform == "win32":
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:  # it is another user's
            return False
        return False

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


class WriterLock:
    """A lock on a folder that the system frees when its holder ends, however that is.

    ``.lock`` in it is locked, ``.lock.owner`` names the holder; another `name` makes a lock of a
    file in it.
    """

    def __init__(self, folder: Path, name: str = ".lock") -> None:
        self.folder = folder
        self.name = name

    @contextlib.contextmanager
    def hold(self, sweep: Callable[[], None]) -> Iterator[LockOwner | None]:
        """Hold the folder for writing, and give the process that died while it held it, if one did.

        `sweep` removes what a dead holder left half-written, before anything is written, since a
        full disk may need the room. Raises LockedError, which names the holder, when another
        process holds it, OutputError when the folder can't be written, and ModelError when the lock
        isn't a plain file.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / self.name, timeout=0)
        for place in (self.folder / self.name, self._owner_path):
            is_plain(place)
        with writing(self.folder, NAME_ANOTHER_FOLDER):
            try:
                lock.acquire()
            except Timeout:  # an OSError too
                said = f"{self._holder() or 'another run'} holds the lock; try again later"
                raise LockedError(f"{self.folder}: {said}") from None
        try:
            stale = self.owner()  # its name is still there, though the lock is free
            sweep()
            with replacing(self._owner_path) as file:
                file.write(json.dumps(asdict(LockOwner.this_process())).encode())
            yield stale
        finally:
            with contextlib.suppress(OSError):
                self._owner_path.unlink()
            lock.release()

    def _holder(self) -> LockOwner | None:
        """Give the process that holds the lock: it writes its name in its first moments."""
        for _ in range(50):
            owner = self.owner()
            if owner is not None and not owner.gone:
                return owner
            time.sleep(0.02)
        return self.owner()

    def owner(self) -> LockOwner | None:
        """Give the process that holds the folder, or died while it did; None if nobody does."""
        try:
            return LockOwner(**json.loads(read_plain(self._owner_path, MAX_OWNER_BYTES)))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def _owner_path(self) -> Path:
        return self.folder / f"{self.name}.owner"


@contextlib.contextmanager
def held_file(path: str | Path, what: str) -> Iterator[Path]:
    """Hold a file that runs write anew, each in its turn: gives its place.

    `what` says what it is. Raises LockedError when another run holds it, OutputError where it
    can't be written, and HeadlinesError where it is a stream, which can't be read again.
    """
    target = target_of(path)
    if target is None:
        raise HeadlinesError(f"{path}: is no file that can be read again; name one as the {what}")
    with WriterLock(target.parent, f".{target.name}.lock").hold(lambda: None):
        yield target
