"""The history: headlines of earlier runs in a file, so that copies of them are known."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from headlines.copies.keys import SharedKeys
from headlines.copies.register import CopyRegister, First
from headlines.embedding.embedder import Embedder
from headlines.errors import HeadlinesError
from headlines.files import MODELS, replacing

FORMAT = 1

_PARTS = ("about.json", "headlines.jsonl", "keys.u64", "places.i32")
_REMEDY = "restore it from a copy, or move it away to begin a new history"


def opened(
    path: str | Path | None,
    embedder: Embedder,
    done: Callable[[First], object] = lambda first: None,
) -> CopyRegister:
    """Give a register of what a file holds; of nothing, where there is none yet.

    Raises
    ------
    HeadlinesError
        When it is damaged, of another version, or no history.
    """
    if path is None:
        return CopyRegister(embedder, done=done)
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(_content(file, _PARTS[0], 1 << 16))
            if about["history"] != FORMAT:
                raise HeadlinesError(
                    f"{path}: is a history of format {about['history']!r}, and this version "
                    f"reads {FORMAT}; {_REMEDY}"
                )
            words = about["words"]
            firsts = _firsts(_content(file, _PARTS[1]), int(about["headlines"]))
            keys = np.frombuffer(_content(file, _PARTS[2]), dtype="<u8").astype(np.uint64)
            places = np.frombuffer(_content(file, _PARTS[3]), dtype="<i4").astype(np.int32)
    except FileNotFoundError:
        return CopyRegister(embedder, done=done)
    except OSError as error:
        raise HeadlinesError(f"{path}: can't be read ({error.strerror}); {_REMEDY}") from None
    except (  # what zipfile, json and numpy raise of files that are no history, or were changed
        ValueError, KeyError, TypeError, OverflowError, EOFError, NotImplementedError, RuntimeError,
        zipfile.BadZipFile,
    ) as error:  # fmt: skip
        why = repr(error)[:100]
        raise HeadlinesError(f"{path}: is damaged, or no history ({why}); {_REMEDY}") from None
    if len(keys) != len(places) or (keys[1:] < keys[:-1]).any() or not _are_of(firsts, places):
        raise HeadlinesError(f"{path}: is damaged (its keys aren't in order); {_REMEDY}")
    if words == _words():
        return CopyRegister(embedder, firsts, SharedKeys.of(keys, places), done=done)
    register = CopyRegister(embedder, firsts, done=done)  # other words were rare: other keys
    register.find_keys()
    return register


def write(path: str | Path, register: CopyRegister) -> None:
    """Write what a register holds, whole, or leave the file as it was; raises OutputError."""
    keys, places = register.keys.entries()
    about = {
        "history": FORMAT, "headlines": len(register.firsts), "keys": len(keys), "words": _words(),
    }  # fmt: skip
    lines = (_line(first) for first in register.firsts)
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        parts: list[Iterator[bytes]] = [
            iter([json.dumps(about).encode() + b"\n"]),
            lines,
            _bytes(keys.astype("<u8", copy=False)),
            _bytes(places.astype("<i4", copy=False)),
        ]
        for name, some in zip(_PARTS, parts, strict=True):
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as part:
                for piece in some:
                    part.write(piece)


def _content(file: zipfile.ZipFile, name: str, most: int | None = None) -> bytes:
    """Give a part, whose checksum is compared; packed it could be a bomb."""
    info = file.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or (most and info.file_size > most):
        raise ValueError(f"{name} isn't as it was written")
    return file.read(info)


def _line(first: First) -> bytes:
    row: dict[str, Any] = {"id": first.id, "source": first.source, "line": first.line}
    row |= {"headline": first.headline, "headlines": first.headlines, "feeds": first.feeds}
    if first.text != first.headline:
        row["text"] = first.text
    return json.dumps(row).encode() + b"\n"


def _firsts(content: bytes, number: int) -> list[First]:
    found = []
    names: dict[str, str] = {}  # feeds and sources are few, and held once
    for line in content.splitlines():
        row = json.loads(line)
        feed, *others = [names.setdefault(str(name), str(name)) for name in row["feeds"]]
        source, headline = str(row["source"]), str(row["headline"])
        found.append(
            First(
                f"{int(row['id'], 16):016x}", names.setdefault(source, source), int(row["line"]),
                headline, str(row.get("text", headline)), feed, int(row["headlines"]),
                set(others) or None,
            )
        )  # fmt: skip
    if len(found) != number:
        raise ValueError(f"{len(found)} headlines, {number} were written")
    return found


def _are_of(firsts: list[First], places: Any) -> bool:
    return not len(places) or (int(places.min()) >= 0 and int(places.max()) < len(firsts))


def _bytes(values: Any) -> Iterator[bytes]:
    for start in range(0, len(values), 1 << 20):
        yield values[start : start + (1 << 20)].tobytes()


def _words() -> int:
    """Tell the list of words that rarity is told by from other ones."""
    return crc32((MODELS / "words.txt").read_bytes())
