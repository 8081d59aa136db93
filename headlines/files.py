"""Where the data that the package ships stands."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from headlines.errors import OutputError

_PACKAGE = Path(__file__).parent
# In an installed package, or beside it in a source checkout.
_SHIPPED = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent

MODELS = _SHIPPED / "models"
"""Folder of the built-in embedder and of the registry that has the shipped champion."""

SEEDS = _SHIPPED / "seeds"
"""Folder of the built-in topics, the feed that they were made for, and its labels."""

NAME_ANOTHER_FOLDER = "; name a folder that you may write to and that has room"


@contextlib.contextmanager
def writing(path: str | Path, remedy: str = "") -> Iterator[None]:
    """Turn what the system says against writing in the block into an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror}){remedy}") from None


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """Write a file beside its target and put it in the target's place at the end.

    The target is untouched when the block raises. Raises OutputError when it can't be written.
    """
    path = Path(path)
    with writing(path, "; choose a folder that exists and that you may write to"):
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file in it")
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent or ".")
    try:
        with writing(path):
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)  # mkstemp's 0600 is not what a result should have
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder last through a crash of the machine, where that can be."""
    with contextlib.suppress(OSError):  # Windows opens no folder, some systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
