"""From a file to the bytes of its texts: what is packed is unpacked, as its content says."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from headlines.errors import FeedError, require

MAX_UNPACKED, MAX_RATIO = 64 << 20, 200
"""What unpacks to more than these many bytes and times its size is a bomb."""

MAX_MEMBERS = 10_000
MAX_LAYERS = 2
"""An archive in an archive is unpacked, one in that isn't."""

_BROKEN = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, ValueError)


def _zstd(file: Any) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found] # of Python 3.14
    except ImportError:
        zstd = require("backports.zstd", "zstd")
    return zstd.ZstdFile(file)


_OPENERS: Mapping[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b\x08": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_REFUSED: Mapping[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x1f\x9d": "packed by compress",
    b"LZIP": "packed by lzip",
    b"\x04\x22\x4d\x18": "packed by lz4",
}


class ByteStream:
    """Bytes that can be looked at before they are read.

    A stream of what is packed ends where it can't be unpacked further, and `fault` says why.
    It ends after `size` bytes, where that is given.
    """

    def __init__(
        self, file: Any, name: str, packed: ByteStream | None = None, size: int | None = None
    ) -> None:
        self._file = file
        self.name = name
        self._packed = packed
        self._size = size
        self._ahead = b""
        self.taken = 0  # bytes, out of the file
        self.fault = ""

    def peek(self, size: int) -> bytes:
        """Give the next bytes and leave them there; fewer only at the end."""
        parts, missing = [self._ahead], size - len(self._ahead)
        while missing > 0 and (more := self._more(missing)):
            parts.append(more)
            missing -= len(more)
        self._ahead = b"".join(parts)
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Give and take the next bytes; fewer only at the end."""
        taken = self.peek(size)
        self._ahead = self._ahead[size:]
        return taken

    def read1(self, size: int) -> bytes:
        """Give and take the bytes that are there by now, waiting for one at least."""
        if not self._ahead:
            return self._more(size)
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    @contextlib.contextmanager
    def seekable(self) -> Iterator[IO[bytes]]:
        """Give all bytes as a file in which one can go back and forth."""
        if isinstance(self._file, io.BufferedReader) and self._file.seekable():
            self._file.seek(self._file.tell() - len(self._ahead))
            yield self._file
            return
        with tempfile.SpooledTemporaryFile(max_size=MAX_UNPACKED) as spooled:
            while piece := self.read(1 << 20):
                spooled.write(piece)
            spooled.seek(0)
            yield spooled

    def _more(self, size: int) -> bytes:
        take = getattr(self._file, "read1", self._file.read)
        if self._size is not None:
            size = min(size, self._size - self.taken)
        if self._packed is None:
            more: bytes = take(size)
        else:
            try:
                more = b"" if self.fault else take(size)
            except Exception as error:
                if not isinstance(error, _BROKEN) and type(error).__name__ != "ZstdError":
                    raise
                more = b""
                self.fault = f"packed file broken here ({error})"
        self.taken += len(more)
        if self._packed and self.taken > max(MAX_UNPACKED, MAX_RATIO * self._packed.taken):
            raise FeedError(
                f"{self.name}: unpacks to more than {MAX_RATIO} times its size, as no text does; "
                "unpack it first, and look at it"
            )
        return more


def open_input(path: str | Path) -> IO[bytes]:
    """Open a file for reading; raises FeedError."""
    try:
        return open(path, "rb")
    except IsADirectoryError:
        raise FeedError(f"{path}: is a folder; name the files in it") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FeedError(f"{path}: can't be read ({why}); check the path") from None


def ending_of(name: str) -> str:
    """Give a name's ending without its dot, those of what it is packed in left aside."""
    path = Path(name)
    while path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst", ".zip"):
        path = path.with_suffix("")
    return path.suffix.lower().lstrip(".")


def texts_in(stream: ByteStream, layers: int = MAX_LAYERS) -> Iterator[ByteStream]:
    """Give the texts of an input, unpacked: one, or the members of a zip."""
    head, name = stream.peek(512), stream.name
    for mark, what in _REFUSED.items():
        if head.startswith(mark):
            raise FeedError(f"{name}: is {what}, which isn't read; unpack it, give the files in it")
    if head[257:262] == b"ustar":
        raise FeedError(f"{name}: is a tar archive, which isn't read; unpack it, give its files")
    opener = next((o for mark, o in _OPENERS.items() if head.startswith(mark)), None)
    packed = opener is not None or head.startswith(_ZIP)
    if packed and not layers:
        raise FeedError(f"{name}: is packed more than {MAX_LAYERS} times; unpack it first")
    if opener is not None:
        inner = ByteStream(opener(stream), name, stream)
        if not inner.peek(1) and inner.fault:
            raise FeedError(f"{name}: can't be read: {inner.fault}; check the file")
        yield from texts_in(inner, layers - 1)
    elif packed:
        yield from _members(stream, layers - 1)
    else:
        yield stream


def _members(stream: ByteStream, layers: int) -> Iterator[ByteStream]:
    name = stream.name
    with stream.seekable() as file:
        try:
            archive = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise FeedError(f"{name}: can't be unpacked ({error}); check the file") from None
        members = [m for m in archive.infolist() if not _is_furniture(m.filename)]
        if {"[Content_Types].xml", "mimetype"} & {member.filename for member in members}:
            file.seek(0)
            yield ByteStream(file, name)  # an office document is one input
            return
        if not 0 < len(members) <= MAX_MEMBERS:
            raise FeedError(f"{name}: holds {len(members):,} files, expected 1 to {MAX_MEMBERS:,}")
        for member in members:
            told = name if len(members) == 1 else f"{name}/{member.filename}"
            if member.flag_bits & 1:
                raise FeedError(f"{told}: is encrypted; unpack it with its password")
            packed = ByteStream(file, told)
            packed.taken = member.compress_size
            try:
                opened = archive.open(member)
            except (*_BROKEN, NotImplementedError) as error:
                raise FeedError(f"{told}: can't be unpacked ({error}); unpack it first") from None
            with opened:
                yield from texts_in(ByteStream(opened, told, packed), layers)


def _is_furniture(name: str) -> bool:
    """Folders, and what systems leave beside the files."""
    return name.endswith("/") or name.startswith("__MACOSX/") or Path(name).name.startswith(".")
