"""Where the data that the package ships stands."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
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


def target_of(path: str | Path) -> Path | None:
    """Give the file that writing to a path will replace: a link's end, and None for a device.

    Raises OutputError where nothing can be written: before the work that is to be written.
    """
    with writing(path, "; choose a folder that exists and that you may write to"):
        if is_stream(path):
            return None
        target = Path(os.path.realpath(path))
        if names_folder(path):
            raise OutputError(f"{path}: is a folder; name a file in it")
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return target


def names_folder(path: str | Path) -> bool:
    """Say whether an output is to be a folder: its name ends in a slash, or it is one."""
    return str(path).endswith(("/", os.sep)) or os.path.isdir(path)


def folder_of(path: str | Path) -> Path:
    """Give the folder that files will be put in: a new one, or one that is empty.

    Raises OutputError where there is something in it, or it can't be made.
    """
    folder = Path(os.path.realpath(path))
    if folder.is_dir() and not any(folder.iterdir()):
        target_of(folder / "file")
        return folder
    if os.path.lexists(folder):
        what = "has files in it" if folder.is_dir() else "is a file"
        raise OutputError(f"{path}: {what}; name a new folder, or remove it")
    target_of(folder)
    return folder


def is_stream(path: str | Path) -> bool:
    """Say whether a path is a device, a FIFO or what this process writes to: never a file to keep.

    Raises OSError when its folder can't be looked at.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    own = [os.fstat(number) for number in (1, 2) if _is_open(number)]
    return not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)) or any(
        os.path.samestat(found, stream) for stream in own
    )


def _is_open(number: int) -> bool:
    with contextlib.suppress(OSError):
        os.fstat(number)
        return True
    return False


def is_stdout(path: str | Path) -> bool:
    """Say whether a path is the file that standard output goes to, as in ``>> file``."""
    with contextlib.suppress(OSError):
        found, own = os.stat(path), os.fstat(1)
        return stat.S_ISREG(own.st_mode) and os.path.samestat(found, own)
    return False


def is_same(path: str | Path, other: str | Path) -> bool:
    """Say whether two paths are one file, by whatever links; streams may be named twice."""
    with contextlib.suppress(OSError):
        if is_stream(path) or is_stream(other):
            return False
        if os.path.realpath(path) == os.path.realpath(other):
            return True
        return os.path.samefile(path, other)
    return False


@contextlib.contextmanager
def replacing(path: str | Path, *, lasting: bool = True) -> Iterator[IO[bytes]]:
    """Write a file beside its target and put it in the target's place at the end.

    The target is untouched when the block raises, and its mode stays; a link is followed, a device
    or a FIFO written to as it is. What isn't `lasting` doesn't wait for the disk: a power cut may
    take it. Raises OutputError when it can't be written.
    """
    target = target_of(path)
    if target is None:
        with writing(path), open(path, "wb") as file:
            yield file
        return
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}")
    try:
        with writing(path, "; choose a folder that exists and that you may write to"):
            file = open(temporary, "xb")  # noqa: SIM115 (closed below, another message)
        with writing(path):
            with file:
                with contextlib.suppress(FileNotFoundError):
                    os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
                yield file
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            os.replace(temporary, target)
            if lasting:
                sync_folder(target.parent)
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
