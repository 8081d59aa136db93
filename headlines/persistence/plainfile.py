"""Plain files and folders, which a registry has alone: never links, pipes or devices.

Whoever may write where a registry lies could otherwise make those who use it read, cut short or
empty what a link points to, or wait for a pipe for ever. A registry's own folder may be a link:
whoever names it chose so.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from headlines.errors import ModelError

_UNFOLLOWED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def is_plain(path: Path, *, folder: bool = False) -> bool:
    """Say whether a file, or a folder, is there; raises ModelError where something else is."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ModelError(f"{path}: can't be looked at ({error.strerror})") from None
    if stat.S_IFMT(mode) == (stat.S_IFDIR if folder else stat.S_IFREG):
        return True
    raise _odd(path, mode, folder)


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file; raises ModelError where something else is, OSError when it can't be opened."""
    is_plain(path)
    handle = os.open(path, flags | _UNFOLLOWED, 0o666)
    mode = os.fstat(handle).st_mode  # of what was opened, whatever stands there by now
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise _odd(path, mode, False)
    return handle


def read_plain(path: Path, most: int) -> bytes:
    """Read a file's first bytes; raises as `open_plain`."""
    with open(open_plain(path), "rb") as file:
        return file.read(most)


def empty_folder(path: Path) -> None:
    """Delete what is in a folder, following no link; raises ModelError where it is none."""
    is_plain(path, folder=True)
    if os.unlink not in os.supports_dir_fd:  # Windows
        shutil.rmtree(path)
        path.mkdir()
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _UNFOLLOWED)
    try:
        for name in os.listdir(handle):
            if stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                shutil.rmtree(name, dir_fd=handle)
            else:
                os.unlink(name, dir_fd=handle)
    finally:
        os.close(handle)


def _odd(path: Path, mode: int, folder: bool) -> ModelError:
    kind = _KINDS.get(stat.S_IFMT(mode), "a device")
    wanted = "a folder" if folder else "a file"
    return ModelError(
        f"{path}: is {kind}, and a registry has {wanted} there: nothing outside of it is read or "
        "changed. Put the real one in its place, or remove it"
    )
