"""From an input's bytes to its lines: the encoding, the ends of lines, what is no text at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any

from headlines.errors import FeedError
from headlines.feeds.archives import ByteStream

SNIFF_BYTES = 1 << 20
"""What the encoding and the format are told from."""

PIECE_BYTES = 1 << 19
MAX_LINE_BYTES = 8 << 20
"""A longer line is no row of anything; what follows is left out, but for a look at it."""

MAX_DOCUMENT_BYTES = 256 << 20
"""What isn't read line by line is in memory as a whole."""

CUT_CHARACTERS = 10_000
"""What is kept of such a line."""

_DECLARED = re.compile(
    rb"""^\s*(?:<\?xml\b[^>]*\bencoding|<(?:!doctype|html|head)\b.*?<meta\b[^>]*\bcharset)"""
    rb"""\s*=\s*["']?([\w.:-]+)""",
    re.IGNORECASE | re.DOTALL,
)

_JSON = re.compile(rb"\s*[\[{]\s*[\[{\"]")
_PAPERS = (b"%PDF-", b"{\\rtf")

NumberedLines = tuple[Sequence[int], list[str]]
"""Lines without their ends, and their numbers."""

SetAside = Callable[[int, str, str], None]
"""Is told the number of a line that can't be read, why, and the line."""

_CONTROL = re.compile(r"[\x00\x02-\x08\x0e-\x1b\x7f]")
_COMMON = re.compile(r"[ -~\n]")
_BROKEN = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")

# What ends a line of a plain text. NEL is a half of a letter in text that was decoded wrongly.
_ENDS = re.compile("\r{0,2}\n|[\r\v\f\u2028\u2029]|(?<![\x80-\xdf])\x85(?![\x80-\xbf])")
_ODD_ENDS = ("\r", "\v", "\f", "\x85", "\u2028", "\u2029")
_ODD_BYTES = (b"\r", b"\v", b"\f", b"\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")


def pieces_of(stream: ByteStream, encoding: str, size: int = PIECE_BYTES) -> Iterator[bytes]:
    """Give what is left in a stream, some at a time, all that isn't ASCII's kin in UTF-8."""
    if _codec(encoding) == encoding:
        while piece := stream.read(size):
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while piece := stream.read(size):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def decoded(
    pieces: Iterable[bytes],
    encoding: str,
    set_aside: SetAside,
    *,
    first: int = 1,
    plain: bool,
    end: bytes = b"\n",
    fault: Callable[[], str] = str,
    longest: int = MAX_LINE_BYTES,
) -> Iterator[NumberedLines]:
    """Number, from `first`, and decode the lines of `pieces_of` a stream, some at a time.

    The lines of a `plain` text end in anything that ends lines, and those that can't be decoded
    are set aside. Others end in `end`, and a byte that can't be decoded is kept in its line for
    `is_broken` to find, since a row may be more than its line. After a `fault` of the stream
    the last line is set aside, which may be cut.
    """
    codec = _codec(encoding)
    start = first
    for piece, dropped in whole_lines(pieces, end, longest):
        if start == 1:
            piece = piece.removeprefix(codecs.BOM_UTF8)
        if dropped:
            cut = piece[: 4 * CUT_CHARACTERS].decode(codec, "replace")[:CUT_CHARACTERS]
            set_aside(start, f"a line of more than {longest >> 20} MB", cut)
            start += 1
            continue
        broken = False
        try:
            text = piece.decode(codec)
        except UnicodeDecodeError:
            text, broken = piece.decode(codec, "surrogateescape"), True
        lines = _lines(text, end, plain)
        numbers: Sequence[int] = range(start, start + len(lines))
        start += len(lines)
        if broken and plain:
            for number, line in zip(numbers, lines, strict=True):
                if is_broken(line):
                    set_aside(number, f"not {encoding}", readable(line))
            good = [not is_broken(line) for line in lines]
            numbers, lines = list(compress(numbers, good)), list(compress(lines, good))
        if lines and not piece.endswith(end) and (why := fault()):
            set_aside(numbers[-1], why, readable(lines[-1]))
            numbers, lines, fault = numbers[:-1], lines[:-1], str
        yield numbers, lines
    if why := fault():
        set_aside(start, why, "")


def is_cut_by_bytes(encoding: str) -> bool:
    """Say whether a line feed is one byte in an encoding, which stands for nothing else."""
    return _codec(encoding) == encoding


def _codec(encoding: str) -> str:
    """Say in what the pieces of an input in an encoding are."""
    return "utf-8" if encoding.startswith(("utf-16", "utf-32")) else encoding


def decoded_whole(stream: ByteStream, encoding: str) -> str:
    """Decode all that is left; a byte that can't be is kept for `is_broken` to find.

    Raises FeedError where it is more than a document in memory may be.
    """
    parts, size = [], 0
    for piece in pieces_of(stream, encoding):
        parts.append(piece)
        size += len(piece)
        if size > MAX_DOCUMENT_BYTES:
            raise FeedError(
                f"{stream.name}: is one document of more than {MAX_DOCUMENT_BYTES >> 20} MB; "
                "give one value a line, as JSON lines"
            )
    data = b"".join(parts).removeprefix(codecs.BOM_UTF8)
    return data.decode(_codec(encoding), "surrogateescape")


def is_broken(text: str) -> bool:
    """Say whether a text holds bytes that couldn't be decoded."""
    return not text.isascii() and bool(_BROKEN.search(text))


def readable(text: str) -> str:
    r"""Show what couldn't be decoded as ``\xff``, and half characters as U+FFFD."""
    if text.isascii():
        return text
    shown = _BROKEN.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text)
    return shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def has_halves(value: Any) -> bool:
    """Say whether a value holds half characters, which can't be written anywhere."""
    if isinstance(value, str):
        return not value.isascii() and bool(_HALF.search(value))
    if isinstance(value, Mapping):
        return any(map(has_halves, value)) or any(map(has_halves, value.values()))
    return isinstance(value, list) and any(map(has_halves, value))


def mended(value: Any) -> Any:
    """Give a value `readable`, whatever is in it."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return [mended(item) for item in value] if isinstance(value, list) else value


def line_by_line(pieces: Iterable[NumberedLines]) -> Iterator[tuple[int, str]]:
    """Give the lines one by one."""
    for numbers, lines in pieces:
        yield from zip(numbers, lines, strict=True)


def end_of_lines(head: bytes) -> bytes:
    """Tell what ends the lines of a table or of JSON: a line feed, or a carriage return alone."""
    feeds = head.count(b"\n")
    alone = head.count(b"\r") - head.count(b"\r\n") - head.count(b"\r\r\n")
    return b"\r" if alone > feeds else b"\n"


def whole_lines(
    pieces: Iterable[bytes], end: bytes = b"\n", longest: int = MAX_LINE_BYTES
) -> Iterator[tuple[bytes, int]]:
    """Join pieces to whole lines; of one that is too long its begin, and how much is left out."""
    parts: list[bytes] = []
    size = dropped = 0
    for piece in pieces:
        cut = piece.rfind(end) + 1
        if dropped and cut:
            first = piece.find(end) + 1
            yield b"".join(parts), dropped + first
            parts, size, dropped, piece, cut = [], 0, 0, piece[first:], cut - first
        if dropped:
            dropped += len(piece)
        elif cut:
            yield b"".join((*parts, piece[:cut])), 0
            parts, size = [piece[cut:]], len(piece) - cut
        elif size + len(piece) > longest:
            dropped = len(piece)
        else:
            parts.append(piece)
            size += len(piece)
    if size:
        yield b"".join(parts), dropped


def count_of_lines(piece: bytes, encoding: str, *, plain: bool) -> int:
    """Count the lines of whole ones that end in a line feed, as `decoded` numbers them."""
    if not plain or not any(mark in piece for mark in _ODD_BYTES):
        return piece.count(b"\n") + (not piece.endswith(b"\n"))
    return len(_lines(piece.decode(encoding, "surrogateescape"), b"\n", plain))


def _lines(text: str, end: bytes, plain: bool) -> list[str]:
    if plain and any(mark in text for mark in _ODD_ENDS):
        lines = _ENDS.split(text)
    else:
        lines = text.split(end.decode())
    if not lines[-1]:
        del lines[-1]
    if not plain and "\r" in text:
        return [line.rstrip("\r") for line in lines]
    return lines


def encoding_of(head: bytes, name: str) -> str:
    """Tell the encoding of a text from its first part; refuse what isn't text."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF8, "utf-8"),
    ):
        if head.startswith(mark):
            return encoding
    if head.startswith(_PAPERS):
        raise FeedError(f"{name}: is a document (PDF or RTF); save its text as a .txt file")
    if head.count(0) > max(3, len(head) / 50):  # a stray one is its line's fault, not the file's
        return _wide_encoding(head, name)
    try:
        head.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(head) - 4 and len(head) == SNIFF_BYTES:
            return "utf-8"  # only the megabyte's edge cuts a character
    lines = [line for line in re.split(rb"[\r\n<{]+", head) if not line.isascii()]
    valid = sum(_decodes(line) for line in lines)
    if valid >= len(lines) - valid and valid:
        return "utf-8"  # a few broken rows in a file that is UTF-8
    if len(lines) == 1 and _JSON.match(head):
        return "utf-8"  # as JSON has to be: one broken item says nothing of the others
    if _is_binary(head.decode("latin-1")):
        raise not_text(name)
    if declared := _declared_encoding(head):
        return declared
    return _eight_bit_encoding(head)


def _declared_encoding(head: bytes) -> str | None:
    """Give the encoding that XML or HTML says it is in, where it can be that one."""
    found = _DECLARED.search(head[:2048])
    name = found[1].decode().casefold() if found else "utf-8"
    name = {"iso-8859-1": "cp1252", "us-ascii": "cp1252", "gb2312": "gb18030"}.get(name, name)
    try:
        text = head.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    return None if text.count("\ufffd") > len(text) / 100 or name == "utf-8" else name


def not_text(name: str) -> FeedError:
    """Say that an input is binary."""
    return FeedError(f"{name}: is binary, not text; give text, CSV, TSV, JSON or JSONL")


def _wide_encoding(head: bytes, name: str) -> str:
    """Tell UTF-16 and UTF-32 without a mark, in which most blanks are such, from what is binary."""
    found = []
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        text = head[: len(head) // 4 * 4].decode(encoding, "replace")
        if not _is_binary(text) and text.count("\ufffd") <= len(text) / 5:
            found.append((len(_COMMON.findall(text)), encoding))
    if not found or max(found)[0] == 0:
        raise not_text(name)
    return max(found)[1]


SAMPLE_BYTES = 1 << 16
_EIGHT_BIT = (
    "cp1252", "mac-roman", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp1258", "koi8-r", "koi8-u", "cp866", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-9",
    "tis-620", "cp932", "euc-jp", "gb18030", "big5", "cp949",
)  # fmt: skip
"""What news is written in that isn't UTF; rarer ones are told wrongly more often than rightly."""


def _eight_bit_encoding(head: bytes) -> str:
    import chardet

    sample = head[:SAMPLE_BYTES]
    if sample.isascii():
        sample = b"\n".join(line for line in head.split(b"\n") if not line.isascii())
    told = chardet.detect(sample[:SAMPLE_BYTES], compat_names=False, include_encodings=_EIGHT_BIT)
    return told["encoding"] or "cp1252"


def _is_binary(text: str) -> bool:
    """More than one control character in fifty; some tables have ^A for a comma."""
    return len(_CONTROL.findall(text)) > len(text) / 50 or text.count("\1") > len(text) / 8


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
