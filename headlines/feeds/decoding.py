"""From an input's bytes to its lines: compression, encoding, and what is no text at all."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from headlines.errors import FeedError

SNIFF_BYTES = 1 << 20
"""What the encoding and the format are told from."""

PIECE_BYTES = 1 << 19

NumberedLines = tuple[Sequence[int], list[str]]
"""Lines without their ends, and their numbers."""

_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def open_input(path: str | Path) -> IO[bytes]:
    """Open a file for reading, unpacking .gz, .bz2 and .xz; raises FeedError."""
    opener = _OPENERS.get(Path(path).suffix.lower(), open)
    try:
        return cast(IO[bytes], opener(path, "rb"))
    except IsADirectoryError:
        raise FeedError(f"{path}: is a folder; name the files in it") from None
    except OSError as error:
        raise FeedError(f"{path}: can't be read ({error.strerror}); check the path") from None


def plain_suffix(name: str) -> str:
    """Give a name's ending without its dot, one for compression left aside."""
    path = Path(name)
    path = path.with_suffix("") if path.suffix.lower() in _OPENERS else path
    return path.suffix.lower().lstrip(".")


def pieces_of(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Give whole lines, many at a time, of what was read already and what is left in a stream."""
    piece = head
    while piece:
        piece += stream.readline() if not piece.endswith(b"\n") else b""
        yield piece
        piece = stream.read(PIECE_BYTES)


def decoded(
    pieces: Iterable[bytes], encoding: str, set_aside: Callable[[int, str, str], None]
) -> Iterator[NumberedLines]:
    """Number and decode the lines, some at a time; `set_aside` is told of those that can't be."""
    if encoding.startswith("utf-16"):
        text = b"".join(pieces).decode(encoding, "replace").lstrip("\ufeff")
        lines = _lines(text)
        yield range(1, len(lines) + 1), lines
        return
    start = 1
    for piece in pieces:
        if start == 1:
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        try:
            lines = _lines(piece.decode(encoding))
            yield range(start, start + len(lines)), lines
            start += len(lines)
        except UnicodeDecodeError:
            good: dict[int, str] = {}
            for number, raw in enumerate(piece.removesuffix(b"\n").split(b"\n"), start):
                raw = raw.rstrip(b"\r")
                try:
                    good[number] = raw.decode(encoding)
                except UnicodeDecodeError as error:
                    set_aside(number, f"not {encoding} ({error.reason})", raw.decode("latin-1"))
            yield list(good), list(good.values())
            start = number + 1


def line_by_line(pieces: Iterable[NumberedLines]) -> Iterator[tuple[int, str]]:
    """Give the lines one by one."""
    for numbers, lines in pieces:
        yield from zip(numbers, lines, strict=True)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        del lines[-1]
    return [line.rstrip("\r") for line in lines] if "\r" in text else lines


def encoding_of(head: bytes, name: str) -> str:
    """Tell UTF-8, UTF-16 and Windows-1252 apart; refuse what isn't text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = head.count(0)
    if zeros > max(3, len(head) / 50):  # a stray one is its line's fault, not the file's
        for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[start::2].count(0) > 0.9 * zeros > len(head) / 5 and not _is_binary(
                head.decode(encoding, "replace")
            ):
                return encoding
        raise FeedError(f"{name}: is binary, not text; give text, CSV, TSV, JSON or JSONL")
    try:
        head.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) == SNIFF_BYTES:
            return "utf-8"  # only the megabyte's edge cuts a character
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    valid = sum(_decodes(line) for line in lines)
    if valid >= len(lines) - valid and valid:
        return "utf-8"  # a few broken rows in a file that is UTF-8
    from charset_normalizer import from_bytes

    if _is_binary(head.decode("latin-1")):
        raise FeedError(f"{name}: is binary, not text; give text, CSV, TSV, JSON or JSONL")
    if from_bytes(head, cp_isolation=["cp1252"]).best() is not None:
        return "cp1252"
    best = from_bytes(head).best()
    if best is None:
        raise FeedError(f"{name}: the encoding can't be told; save it as UTF-8")
    return best.encoding


def _is_binary(text: str) -> bool:
    """More than one control character in fifty."""
    return len(_CONTROL.findall(text)) > len(text) / 50


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
