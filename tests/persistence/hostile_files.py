"""Files that a stranger could hand over as a model: what tests and benchmarks attack with.

Each `Case` writes a model, or a registry, into an empty folder. Where it takes a manifest to have
the file opened at all, there is one that vouches for every byte: what is then refused is refused
for what it is, not for a hash. Those with a canary make the folder ``ran`` when plain joblib
opens them.
"""

from __future__ import annotations

import bz2
import copy
import gzip
import hashlib
import json
import lzma
import os
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import joblib
import numpy as np

from headlines.persistence.plaindata import dump_plain, load_plain, pack

STORED = Path(__file__).parent.parent / "data" / "models" / "1" / "labeler.joblib"
NAME = "labeler.joblib"
MANIFEST = "labeler.manifest.json"
CANARY = "ran"
MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """One attack.

    Attributes
    ----------
    name, group : str
    make : callable
        Writes into a folder; gives what is loaded: a path.
    canary : bool
        Whether plain joblib runs it.
    heavy : bool
        Whether it takes seconds, or is only meant for a process of its own.
    harmless : bool
        Odd, but data: it may load.
    """

    name: str
    group: str
    make: Callable[[Path], Path]
    canary: bool = False
    heavy: bool = False
    harmless: bool = False


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / CANARY)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


class Own:
    """A class of one's own."""


# ---------------------------------------------------------------------- writing


@cache
def _stored() -> dict[str, Any]:
    payload = load_plain(STORED.read_bytes())
    rows = {"values": pack(np.arange(6, dtype=np.int32)), "lengths": pack(np.int32([2, 4]))}
    none = {"values": pack(np.zeros(0, np.int64)), "lengths": pack(np.zeros(0, np.int32))}
    return payload | {"reference": {"terms": rows, "words": none}}


def sound() -> dict[str, Any]:
    """Give a labeler's data that loads."""
    return copy.deepcopy(_stored())


def manifest_of(content: str, sha256: str, **changed: Any) -> dict[str, Any]:
    """Give what a manifest of such a file says, without its own hash."""
    payload = _stored()
    return {
        "content": content,
        "embedder": payload["embedder"],
        "files": {NAME: sha256},
        "format": 2,
        "holdout": {},
        "scores": {},
        "topics": payload["topics"],
        "training": {},
        "versions": {},
    } | changed


def as_manifest(said: Any, *, ensure_ascii: bool = False) -> bytes:
    """Write a manifest as `headlines` would, its own hash put in."""

    def text(content: Any) -> bytes:
        written = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=ensure_ascii)
        return (written + "\n").encode("utf-8", "surrogatepass")

    if isinstance(said, dict) and "sha256" not in said:
        said = said | {"sha256": hashlib.sha256(text(said)).hexdigest()}
    return text(said)


def vouched(folder: Path, data: bytes, content: str = "0" * 64, **changed: Any) -> Path:
    """Write a file and a manifest that vouches for its bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_bytes(data)
    said = manifest_of(content, hashlib.sha256(data).hexdigest(), **changed)
    (folder / MANIFEST).write_bytes(as_manifest(said))
    return path


def plain(folder: Path, payload: dict[str, Any], **changed: Any) -> Path:
    """Write plain data with a manifest that describes it: all hashes fit."""
    data, content = dump_plain(payload)
    said = {"topics": payload["topics"], "embedder": payload["embedder"]} | changed
    return vouched(folder, data, content, **said)


def dumped(folder: Path, value: Any, **options: Any) -> Path:
    """Write anything with joblib, and a manifest that vouches for the bytes."""
    buffer = BytesIO()
    joblib.dump(value, buffer, **options)
    return vouched(folder, buffer.getvalue())


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every dict, list and value below."""
    if at:
        yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*at, 0))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """Put something into a place."""
    inner = value
    for step in at[:-1]:
        inner = inner[step]
    inner[at[-1]] = new
    return value


# ---------------------------------------------------------------------- pickles by hand

PROTO = b"\x80\x04"


def text(word: str) -> bytes:
    """Write a text's steps."""
    data = word.encode()
    if len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def in_dict(steps: bytes, key: bytes | None = None) -> bytes:
    """Write a dict with one key whose value is what the steps make."""
    return PROTO + b"}" + (text("x") if key is None else key) + steps + b"s."


def by_hand(make: Callable[[str], bytes]) -> Callable[[Path], Path]:
    """Write bytes that are given the canary's path."""
    return lambda folder: vouched(folder, make(str(folder / CANARY)))


def _called(module: str, name: str, argument: bytes) -> bytes:
    return f"c{module}\n{name}\n".encode() + argument + b"\x85R"


def _opcodes() -> dict[str, Callable[[str], bytes]]:
    """Steps that plain data has no use for, each of which runs the canary."""

    def script(path: str) -> str:
        return f"__import__('os').mkdir({path!r})"

    def inner(path: str) -> bytes:
        data = PROTO + _called("os", "mkdir", text(path)) + b"."
        return b"B" + struct.pack("<I", len(data)) + data

    return {
        "GLOBAL": lambda p: in_dict(_called("os", "mkdir", text(p))),
        "GLOBAL posix": lambda p: in_dict(_called("posix", "mkdir", text(p))),
        "GLOBAL at the root": lambda p: PROTO + _called("os", "mkdir", text(p)) + b".",
        "GLOBAL, no protocol": lambda p: f"cos\nmkdir\n(V{p}\ntR.".encode(),
        "GLOBAL, protocol 1": lambda p: f"}}U\x01xcos\nmkdir\n(V{p}\ntRs.".encode(),
        "GLOBAL, protocol 2": lambda p: b"\x80\x02}X\x01\0\0\0x" + _called("os", "mkdir", text(p))
        + b"s.",
        "GLOBAL, protocol 5": lambda p: b"\x80\x05}" + text("x") + _called("os", "mkdir", text(p))
        + b"s.",
        "GLOBAL, then dropped": lambda p: PROTO + _called("os", "mkdir", text(p)) + b"0}.",
        "GLOBAL in a mark that is dropped": lambda p: PROTO + b"(" + _called("os", "mkdir", text(p))
        + b"1}.",
        "GLOBAL in a frame": lambda p: PROTO
        + (lambda s: b"\x95" + struct.pack("<Q", len(s)) + s)(
            b"}" + text("x") + _called("os", "mkdir", text(p)) + b"s."
        ),
        "GLOBAL as a key": lambda p: in_dict(b"N", _called("os", "mkdir", text(p))),
        "STACK_GLOBAL": lambda p: in_dict(
            text("os") + text("mkdir") + b"\x93" + text(p) + b"\x85R"
        ),
        "STACK_GLOBAL by memo": lambda p: (
            PROTO + b"}" + text("os") + b"\x940" + text("mkdir") + b"\x940"
            + text("x") + b"h\x00h\x01\x93" + text(p) + b"\x85Rs."
        ),
        "INST": lambda p: in_dict(b"(" + text(p) + b"ios\nmkdir\n"),
        "OBJ": lambda p: in_dict(b"(cos\nmkdir\n" + text(p) + b"o"),
        "NEWOBJ": lambda p: in_dict(
            b"c" + b"builtins\nlist\n" + b"cbuiltins\nmap\ncos\nmkdir\n" + text(p) + b"\x85\x86\x81"
            + b"\x85R"
        ),
        "NEWOBJ_EX": lambda p: in_dict(
            b"cbuiltins\nlist\n" + b"cbuiltins\nmap\ncos\nmkdir\n" + text(p) + b"\x85\x86}\x92"
            + b"\x85R"
        ),
        "BUILD": lambda p: in_dict(
            b"cfunctools\npartial\ncos\nmkdir\n\x85\x81(cos\nmkdir\n" + text(p) + b"\x85}Ntb)R"
        ),
        "exec": lambda p: in_dict(_called("builtins", "exec", text(script(p)))),
        "eval": lambda p: in_dict(_called("builtins", "eval", text(script(p)))),
        "a pickle in a pickle": lambda p: in_dict(_called("pickle", "loads", inner(p))),
        "os.system": lambda p: in_dict(_called("os", "system", text(f"mkdir '{p}'"))),
        "os.makedirs": lambda p: in_dict(_called("os", "makedirs", text(p))),
        "pathlib.Path.mkdir": lambda p: PROTO
        + b"cpathlib\nPath.mkdir\ncpathlib\nPath\n" + text(p) + b"\x85R\x85R0}.",
        "subprocess.run": lambda p: in_dict(
            _called("subprocess", "run", b"]" + b"(" + text("mkdir") + text(p) + b"e")
        ),
        "operator.methodcaller": lambda p: in_dict(
            b"coperator\nmethodcaller\n" + text("mkdir") + text(p) + b"\x86R"
            + _called("importlib", "import_module", text("os")) + b"\x85R"
        ),
    }  # fmt: skip


def _refused_steps() -> dict[str, bytes]:
    """Steps and orders of steps that no plain data has, though they may run nothing."""
    big = struct.pack("<i", 2**31 - 1)
    return {
        "EXT1": in_dict(b"\x82\x01"), "EXT2": in_dict(b"\x83\x01\x00"),
        "EXT4": in_dict(b"\x84\x01\x00\x00\x00"), "PERSID": in_dict(b"Pid\n"),
        "BINPERSID": in_dict(text("id") + b"Q"),
        "NEXT_BUFFER": b"\x80\x05}" + text("x") + b"\x97s.",
        "READONLY_BUFFER": b"\x80\x05}" + text("x") + b"\x97\x98s.",
        "BYTEARRAY8": b"\x80\x05}" + text("x") + b"\x96" + struct.pack("<Q", 3) + b"abcs.",
        "EMPTY_SET": in_dict(b"\x8f"), "ADDITEMS": in_dict(b"\x8f(K\x01\x90"),
        "FROZENSET": in_dict(b"(K\x01\x91"), "EMPTY_TUPLE": in_dict(b")"),
        "TUPLE1": in_dict(b"N\x85"), "TUPLE2": in_dict(b"NN\x86"), "TUPLE3": in_dict(b"NNN\x87"),
        "TUPLE": in_dict(b"(NNNNt"), "LIST": in_dict(b"(NNl"),
        "DICT": in_dict(b"(" + text("a") + b"Nd"),
        "POP": in_dict(b"NN0"), "POP_MARK": in_dict(b"N(N1"), "DUP": in_dict(b"N20"),
        "INT": in_dict(b"I5\n"), "INT of 100,000 digits": in_dict(b"I" + b"9" * 100_000 + b"\n"),
        "LONG": in_dict(b"L5L\n"), "LONG4": in_dict(b"\x8b\x01\x00\x00\x00\x05"),
        "LONG4 of 2 GiB": in_dict(b"\x8b" + big),
        "LONG4 of negative length": in_dict(b"\x8b" + b"\xff" * 4),
        "FLOAT": in_dict(b"F1.5\n"), "STRING": in_dict(b"S'a'\n"), "UNICODE": in_dict(b"Va\n"),
        "BINSTRING": in_dict(b"T\x01\x00\x00\x00a"),
        "BINSTRING of negative length": in_dict(b"T" + b"\xff" * 4),
        "SHORT_BINSTRING": in_dict(b"U\x01a"), "PUT": in_dict(b"Np0\n"),
        "BINPUT": in_dict(b"Nq\x00"),
        "LONG_BINPUT of 2**31": in_dict(b"Nr" + big),
        "LONG_BINPUT of 2**32 - 1": in_dict(b"Nr" + b"\xff" * 4),
        "PUT of 10**18": in_dict(b"Np1000000000000000000\n"),
        "GET": in_dict(b"g0\n"), "BINGET of nothing": in_dict(b"h\x05"),
        "LONG_BINGET of 2**32 - 1": in_dict(b"j" + b"\xff" * 4),
        "MEMOIZE of nothing": PROTO + b"\x94}.", "MEMOIZE of a number": in_dict(b"N\x94"),
        "no such step": in_dict(b"\xff"), "REDUCE of text": in_dict(text("a") + text("b") + b"R"),
        "BUILD on a dict": PROTO + b"}" + b"}" + b"b.",
        "a dict in two places": PROTO + b"}\x94" + text("x") + b"h\x00s.",
        "text of 2**31 - 1 bytes": in_dict(b"X" + big + b"abc"),
        "text of 2**63 - 1 bytes": in_dict(b"\x8d" + struct.pack("<Q", 2**63 - 1)),
        "text of 2**64 - 1 bytes": in_dict(b"\x8d" + b"\xff" * 8),
        "bytes of 2**31 - 1": in_dict(b"B" + big + b"abc"),
        "bytes of 2**63 - 1": in_dict(b"\x8e" + struct.pack("<Q", 2**63 - 1)),
        "a frame of 2**63 - 1 bytes": PROTO + b"\x95" + struct.pack("<Q", 2**63 - 1) + b"}.",
        "a frame that cuts a text": PROTO + b"\x95" + struct.pack("<Q", 3) + b"}" + text("x" * 40)
        + b"Ns.",
        "a frame in a frame": PROTO + b"\x95" + struct.pack("<Q", 12) + b"\x95"
        + struct.pack("<Q", 2) + b"}" + text("x") + b"Ns.",
        "frames of nothing": PROTO + (b"\x95" + bytes(8)) * 1000 + b"}.",
        "SETITEM on nothing": PROTO + b"s.", "APPENDS without a mark": PROTO + b"}e.",
        "APPEND to a dict": PROTO + b"}Na.",
        "SETITEMS on a list": PROTO + b"](" + text("a") + b"Nu.",
        "SETITEMS of an odd number": PROTO + b"}(" + text("a") + b"u.",
        "a mark that stays": PROTO + b"}(.",
        "1,000,000 marks": PROTO + b"(" * 999_990 + b"}.", "a mark over the dict": PROTO + b"(}u.",
        "an item across a mark": PROTO + b"}" + text("a") + b"(Ns.", "two values": PROTO + b"}}.",
        "a list as a key": in_dict(b"N", b"]"), "a number as a key": in_dict(b"N", b"K\x01"),
        "bytes as a key": in_dict(b"N", b"C\x01a"), "a root that is a list": PROTO + b"].",
        "a root that is text": PROTO + text("x") + b".",
        "text that isn't UTF-8": in_dict(b"\x8c\x02\xff\xfe"),
        "text cut in a letter": in_dict(b"\x8c\x01\xe4"), "no end": PROTO + b"}",
        "nothing but the end": PROTO + b".",
        "bytes after the end": PROTO + b"}.\n", "two pickles": PROTO + b"}." + PROTO + b"}.",
        "a protocol from the future": b"\x80\x06}.", "the protocol twice": PROTO + b"\x80\x04}.",
        "no protocol": b"}.", "text of a pickle, protocol 0": pickle.dumps({"x": [1]}, protocol=0),
        "a pickle of protocol 1": pickle.dumps({"x": [1]}, protocol=1), "an empty file": b"",
        "one byte": b"\x80",
        "NUL bytes": bytes(4096), "0xff bytes": b"\xff" * 4096, "JSON": b'{"topics": []}',
        "a ZIP": b"PK\x03\x04" + bytes(60),
        "an npy file": b"\x93NUMPY\x01\x00v\x00{}",
        "HTML": b"<!doctype html><script>alert(1)</script>",
        "100 lists inside each other": in_dict(b"]" * 100 + b"a" * 99),
        "16 lists inside each other": in_dict(b"]" * 17 + b"a" * 16),
    }  # fmt: skip


def _objects() -> dict[str, Callable[[], Any]]:
    def estimator() -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression().fit([[0.0], [1.0]], [0, 1])

    structured = np.zeros(2, dtype=[("a", "O"), ("b", "f8")])
    return {
        "an estimator": estimator,
        "a Decimal": lambda: Decimal(1), "a date": lambda: date(2020, 1, 1),
        "a path": lambda: PurePosixPath("a"), "a complex number": lambda: 1j,
        "a set": lambda: {1}, "a tuple": lambda: (1, 2), "a bytearray": lambda: bytearray(b"a"),
        "a numpy number": lambda: np.float64(1), "an array": lambda: np.arange(3),
        "an array of objects": lambda: np.array([{}, "a"], dtype=object),
        "an array with fields of objects": lambda: structured,
        "an array of raw bytes": lambda: np.zeros(2, dtype="V8"),
        "a masked array": lambda: np.ma.masked_array([1.0, 2.0], [0, 1]),
        "a dtype": lambda: np.dtype("f8"),
        "a class": lambda: Own, "an object of one's own": Own, "a function": lambda: os.getcwd,
        "an exception": lambda: ValueError("x"), "a range": lambda: range(3),
        "an ellipsis": lambda: ..., "a large number": lambda: 1 << 4096,
    }  # fmt: skip


# ---------------------------------------------------------------------- bombs


def _flood(step: bytes, end: bytes = b"") -> bytes:
    return PROTO + b"}" + text("x") + b"](" + step + b"e" + b"s." + end


def _streamed(compressor: Any, size: int) -> bytes:
    parts = [compressor.compress(bytes(16 * MIB)) for _ in range(size // (16 * MIB))]
    return b"".join([*parts, compressor.flush()])


def _bombs() -> dict[str, Callable[[], bytes]]:
    # Each list holds the one before it ten times: 10**40 items in some hundred bytes.
    memo = b"".join(b"]\x94(" + (b"h" + bytes([i])) * 10 + b"e" for i in range(40))
    deep = 1_000_000
    return {
        "lists of lists by memo": lambda: in_dict(b"]\x94" + memo),
        "127 MiB of empty dicts": lambda: _flood(b"}" * (127 * MIB)),
        "999,000 empty dicts": lambda: _flood(b"}" * 999_000),
        "999,000 empty lists": lambda: _flood(b"]" * 999_000),
        "999,000 floats": lambda: _flood(b"G?\xf0\0\0\0\0\0\0" * 999_000),
        "480,000 numbers of 255 bytes": lambda: _flood((b"\x8a\xff" + b"\x7f" * 255) * 480_000),
        "1,000,000 lists inside each other": lambda: PROTO + b"]" * deep + b"a" * (deep - 1) + b".",
        "300,000 dicts inside each other": lambda: PROTO + (b"}" + text("a")) * 300_000 + b"N"
        + b"s" * 300_000 + b".",
        "1 MiB of text, 900,000 times": lambda: in_dict(
            b"](X" + struct.pack("<I", MIB) + b"a" * MIB + b"\x94" + b"h\x00" * 900_000 + b"e"
        ),
        "text of 127 MiB with one odd letter": lambda: in_dict(
            b"X" + struct.pack("<I", 127 * MIB) + "\U0001f680".encode() + b"a" * (127 * MIB - 4)
        ),
        "127 texts of 1 MiB, each with an odd letter": lambda: _flood(
            (b"X" + struct.pack("<I", MIB) + "\U0001f680".encode() + b"a" * (MIB - 4)) * 127
        ),
        "a text of 31 MiB with one odd letter": lambda: in_dict(
            b"X" + struct.pack("<I", 31 * MIB) + "\U0001f680".encode() + b"a" * (31 * MIB - 4)
        ),
        "300,000 keys of one dict": lambda: PROTO + b"}("
        + b"".join(text(f"{i:06d}") + b"N" for i in range(300_000)) + b"u.",
        "bytes of 127 MiB": lambda: in_dict(b"B" + struct.pack("<I", 127 * MIB) + bytes(127 * MIB)),
        "512 MiB of zeros, zlib": lambda: _streamed(zlib.compressobj(9), 512 * MIB),
        "512 MiB of zeros, gzip": lambda: _streamed(zlib.compressobj(9, wbits=31), 512 * MIB),
        "64 MiB of zeros, bz2": lambda: _streamed(bz2.BZ2Compressor(), 64 * MIB),
        "64 MiB of zeros, xz": lambda: _streamed(lzma.LZMACompressor(preset=0), 64 * MIB),
        "64 MiB of zeros, lzma": lambda: _streamed(
            lzma.LZMACompressor(lzma.FORMAT_ALONE, preset=0), 64 * MIB
        ),
        "zeros, zlib in gzip in bz2": lambda: bz2.compress(
            gzip.compress(_streamed(zlib.compressobj(9), 256 * MIB))
        ),
    }  # fmt: skip


HEAVY = {"512 MiB", "64 MiB", "zeros, zlib", "480,000", "999,000", "127", "1,000,000 l", "1 MiB"}


def _special() -> dict[str, Callable[[Path], Path]]:
    """Places of the file system that are no files, or none of a sensible size."""

    def vouch(folder: Path) -> Path:
        path = plain(folder, sound())
        path.unlink()
        return path

    def sparse(folder: Path, name: str = NAME) -> Path:
        path = vouch(folder) if name == NAME else plain(folder, sound())
        with (folder / name).open("wb") as file:
            file.truncate(8 << 30)
        return path

    def placed(place: Callable[[Path], object], name: str = NAME) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            path = plain(folder, sound())
            (folder / name).unlink()
            place(folder / name)
            return path

        return make

    return {
        "a sparse file of 8 GiB": sparse,
        "a sparse manifest of 8 GiB": lambda folder: sparse(folder, MANIFEST),
        "a pipe": placed(os.mkfifo), "a pipe as manifest": placed(os.mkfifo, MANIFEST),
        "/dev/zero": placed(lambda p: p.symlink_to("/dev/zero")),
        "/dev/zero as manifest": placed(lambda p: p.symlink_to("/dev/zero"), MANIFEST),
        "/dev/urandom": placed(lambda p: p.symlink_to("/dev/urandom")),
        "a folder": placed(lambda p: p.mkdir()),
        "a folder as manifest": placed(lambda p: p.mkdir(), MANIFEST),
        "a link to itself": placed(lambda p: p.symlink_to(p.name)),
        "a link to itself as manifest": placed(lambda p: p.symlink_to(p.name), MANIFEST),
        "a link to nowhere": placed(lambda p: p.symlink_to("nowhere")),
    }  # fmt: skip


# ---------------------------------------------------------------------- manifests


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def _manifests() -> dict[str, Callable[[dict[str, Any]], bytes]]:
    """What a manifest could say instead, given what it should."""
    wrong: dict[str, tuple[str, Any]] = {}
    for field in ("content", "embedder", "files", "format", "holdout", "scores", "topics"):
        for number, value in enumerate((None, 1.5, True, [[]], "x" * 70, {"a": None}, -1)):
            fits = (field == "content" and isinstance(value, str)) or (
                field in ("holdout", "scores") and isinstance(value, dict)
            )
            if not fits:
                wrong[f"{field} is {str(value)[:8]} ({number})"] = (field, value)
    found: dict[str, Callable[[dict[str, Any]], bytes]] = {
        name: (lambda m, f=field, v=value: as_manifest(m | {f: v}))
        for name, (field, value) in wrong.items()
    }
    names = ("../" + NAME, "/etc/passwd", "..\\" + NAME, "C:\\x", "a/b", "..", ".", "",
    "x" * 100_000,
             "a\nb/c", "\x1b[2J/x", "a\0b/")  # fmt: skip
    for name in names:
        shown = repr(name)[:20]
        found[f"a file named {shown}"] = lambda m, n=name: as_manifest(
            m | {"files": m["files"] | {n: "0" * 64}}
        )
    for depth in (400, 700, 900, 950, 970, 980, 990, 995, 100_000):
        found[f"{depth} dicts deep"] = lambda m, d=depth: (
            as_manifest(m)[:-3] + b',\n "training": ' + b'{"a":' * d + b"1" + b"}" * d + b"}\n"
        )
    for name, value in {"NaN": "NaN", "1e999": "1e999", "5,000 digits": "9" * 5000}.items():
        found[f"format {name}"] = lambda m, v=value: as_manifest(m | {"format": "!"}).replace(
            b'"!"', v.encode()
        )
    million = 7 * MIB
    found |= {
        "format 4,000 digits": lambda m: as_manifest(m | {"format": int("9" * 4000)}),
        "format 3": lambda m: as_manifest(m | {"format": 3}),
        "format 0": lambda m: as_manifest(m | {"format": 0}),
        "format -5": lambda m: _unhashed(m | {"format": -5}),
        "a key twice": lambda m: as_manifest(m).replace(b'{\n "c', b'{\n "format": 9,\n "c'),
        "an unknown key": lambda m: as_manifest(m | {"\x1b[2J\n": 1}),
        "half a letter": lambda m: as_manifest(m | {"scores": {"\ud800": 1}}, ensure_ascii=True),
        "half a letter, raw": lambda m: as_manifest(m | {"scores": {"\ud800": 1}}),
        "no hash of itself": _unhashed,
        "a wrong hash of itself": lambda m: as_manifest(m | {"sha256": "0" * 64}),
        "another order of keys": lambda m: json.dumps(m, indent=1).encode(),
        "not UTF-8": lambda m: as_manifest(m).replace(b"drones", b"dr\xffnes"),
        "UTF-16": lambda m: as_manifest(m).decode().encode("utf-16"),
        "a mark of UTF-8 first": lambda m: b"\xef\xbb\xbf" + as_manifest(m),
        "empty": lambda _: b"", "a list": lambda _: b"[]", "null": lambda _: b"null",
        "a number": lambda _: b"1", "the file's hash with a line's end": lambda m: as_manifest(
            m | {"files": {NAME: "\n\x1b[31mowned\n" + "a" * 60}}),
        "the file isn't in it": lambda m: as_manifest(m | {"files": {}}),
        "other topics": lambda m: as_manifest(m | {"topics": ["a", "b"]}),
        "8 MiB of dicts with a key": lambda m: as_manifest(
            m | {"training": {"a": [{"": 0}] * (million // 16)}}),
        "8 MiB of lists in a line": lambda m: b'{"training":[' + b"[]," * (million // 3) + b"0]}",
        "8 MiB of dicts in a line": lambda m: b'{"a":[' + b'{"":0},' * (million // 7) + b"0]}",
        "9 MiB of spaces": lambda m: as_manifest(m) + b" " * (9 * MIB),
        "8 MiB of opening brackets": lambda m: b"[" * (7 * MIB),
    }  # fmt: skip
    return found


def _unhashed(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def with_manifest(write: Callable[[dict[str, Any]], bytes]) -> Callable[[Path], Path]:
    """Put another manifest beside a sound model."""

    def make(folder: Path) -> Path:
        data, content = dump_plain(sound())
        path = vouched(folder, data, content)
        said = manifest_of(content, hashlib.sha256(data).hexdigest())
        (folder / MANIFEST).write_bytes(write(said))
        return path

    return make


# ---------------------------------------------------------------------- pointers and registries


def _pointers() -> dict[str, Any]:
    good = {"manifest_sha256": "0" * 64, "previous": [], "version": "0001"}
    return {
        "version ../../x": good | {"version": "../../x"},
        "version /etc": good | {"version": "/etc"},
        "version 0001/..": good | {"version": "0001/.."},
        "version is a list": good | {"version": ["0001"]},
        "version is null": good | {"version": None}, "version is a number": good | {"version": 1},
        "version of 60,000 digits": good | {"version": "1" * 60_000},
        "version of 300 digits": good | {"version": "1" * 300},
        "version 0001 with a line's end": good | {"version": "0001\n"},
        "version in other digits": good | {"version": "٠٠٠١"},
        "version isn't there": good | {"version": "9999"},
        "previous is ../x": good | {"previous": ["../x"]},
        "previous is text": good | {"previous": "0001"}, "hash of a manifest is wrong": good,
        "hash is a list": good | {"manifest_sha256": [0]},
        "hash is text": good | {"manifest_sha256": "\n" * 64},
        "an unknown key": good | {"x": 1}, "a list": [good], "deep": _nested(800), "null": None,
    }  # fmt: skip


def registry(folder: Path, pointer: bytes | None) -> Path:
    """Write a registry with one sound version."""
    place = folder / "registry"
    plain(place / "versions" / "0001", sound())
    if pointer is not None:
        (place / "champion.json").write_bytes(pointer)
    return place


def pointing(place: Path) -> bytes:
    """Give a pointer that is right."""
    data = (place / "versions" / "0001" / MANIFEST).read_bytes()
    said = {
        "manifest_sha256": hashlib.sha256(data).hexdigest(),
        "previous": [],
        "version": "0001",
    }
    return (json.dumps(said, indent=1, sort_keys=True) + "\n").encode()


def _raw_pointers() -> dict[str, bytes]:
    return {
        "empty": b"", "half": b'{"version": "0001"', "100,000 brackets": b"[" * 60_000,
        "NUL bytes": bytes(1000), "not UTF-8": b"\xff\xfe{}", "10 MiB": b"{" + b" " * (10 * MIB),
        "5,000 digits": b'{"version": ' + b"1" * 5000 + b"}",
    }  # fmt: skip


# ---------------------------------------------------------------------- embedders


def embedder_named(name: str, write: Callable[[Path], object] | None = None) -> Any:
    """Name an embedder in model and manifest, `{}` being the case's folder."""

    def make(folder: Path) -> Path:
        if write is not None:
            write(folder / "embedder")
        payload = sound()
        payload["embedder"] = payload["embedder"] | {"name": name.format(folder)}
        return plain(folder, payload)

    return make


@cache
def _tiny() -> dict[str, bytes]:
    """The files of a transformer of a few numbers, by name."""
    import tempfile

    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    with tempfile.TemporaryDirectory() as name:
        folder, saved = Path(name) / "bert", Path(name) / "saved"
        torch.manual_seed(0)
        sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
        BertModel(
            BertConfig(vocab_size=8, intermediate_size=8, **sizes)  # type: ignore[arg-type] - sizes are whole numbers
        ).save_pretrained(folder)
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "eu", "floods", "hit"]
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
        BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
        SentenceTransformer(modules=[Transformer(str(folder)), Pooling(8)], device="cpu").save(
            str(saved)
        )
        return {
            str(path.relative_to(saved)): path.read_bytes()
            for path in saved.rglob("*")
            if path.is_file()
        }


def transformer(
    changed: Callable[[Path], object] | None = None,
) -> Callable[[Path], None]:
    """Write a small transformer's folder and change it."""

    def write(folder: Path) -> None:
        for name, data in _tiny().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if changed is not None:
            changed(folder)

    return write


def pickled_weights(folder: Path, name: str = "pytorch_model.bin") -> None:
    """Put a canary in the place of the weights."""
    for path in folder.glob("*.safetensors"):
        path.unlink()
    (folder / name).write_bytes(pickle.dumps({"x": Canary(folder.parent)}, protocol=2))


def _edited(name: str, **new: Any) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / name
        content = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(content | new))

    return change


def _module(reference: str, code: bool = False) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        rows = json.loads((folder / "modules.json").read_text())
        rows[-1]["type"] = reference
        (folder / "modules.json").write_text(json.dumps(rows))
        if code:
            body = f"import os\nos.mkdir({str(folder.parent / CANARY)!r})\nclass Evil: pass\n"
            (folder / "evil.py").write_text(body)

    return change


def _all(*changes: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change


def _remote_code(folder: Path) -> None:
    _edited(
        "config.json",
        model_type="evil",
        auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"},
    )(folder)
    body = f"import os\nos.mkdir({str(folder.parent / CANARY)!r})\nclass Evil: pass\n"
    (folder / "evil.py").write_text(body)


def _embedder_names() -> dict[str, str]:
    return {
        "a URL": "https://example.invalid/model", "a file's URL": "file:///etc/passwd",
        "../ to a folder that isn't there": "../../no-such-folder", "a device": "/dev/zero",
        "the root": "/", "a file": "/etc/passwd",
        "a hub name that isn't here": "nobody/no-such-model",
        "a control character": "minilm\n\x1b[2J", "NUL": "a\0b", "a megabyte": "x" * MIB,
        "900 letters": "x" * 900, "nothing": "", "a name of dots": "..", "another's name": "usem3x",
        "a braces name": "{{}}", "a hub revision": "nobody/model@main",
        "a user's folder": "~/model",
    }  # fmt: skip


def _transformers() -> dict[str, Callable[[Path], object]]:
    unsafe = {"weights_only": False}
    settings = "sentence_bert_config.json"
    return {
        "weights as a pickle": pickled_weights,
        "weights as a pickle, weights_only off": _all(
            pickled_weights, _edited(settings, model_args=unsafe)),
        "weights as a pickle, use_safetensors off": _all(
            pickled_weights, _edited(settings, model_kwargs=unsafe | {"use_safetensors": False})),
        "weights as a pickle named .safetensors": lambda f: pickled_weights(f, "model.safetensors"),
        "weights as a pickle beside sound ones, weights_only off": _all(
            lambda f: (f / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(f.parent))),
            _edited(settings, model_args=unsafe | {"use_safetensors": False})),
        "modules.json names os.mkdir": _module("os.mkdir"),
        "modules.json names subprocess.Popen": _module("subprocess.Popen"),
        "modules.json names a file of the folder": _module("evil.Evil", code=True),
        "modules.json names pickle by a detour": _module("sentence_transformers.base.model.pickle"),
        "modules.json names torch by a detour": _module(
            "sentence_transformers.base.modules.module.torch"),
        "modules.json names a hub's class": _module("nobody/model--evil.Evil"),
        "modules.json has a path out": _edited_modules(path="../.."),
        "modules.json has no types": lambda f: (f / "modules.json").write_text('[{"idx": 0}]'),
        "modules.json is deep": lambda f: (f / "modules.json").write_text("[" * 100_000),
        "modules.json is text": lambda f: (f / "modules.json").write_text('"x"'),
        "modules.json is empty": lambda f: (f / "modules.json").write_text("[]"),
        "modules.json is a pipe": lambda f: ((f / "modules.json").unlink(),
        os.mkfifo(f / "modules.json")),
        "config.json is a pipe": lambda f: ((f / "config.json").unlink(),
        os.mkfifo(f / "config.json")),
        "weights are a pipe": lambda f: (
            (f / "model.safetensors").unlink(), os.mkfifo(f / "model.safetensors")),
        "config.json names code of the folder": _remote_code,
        "settings trust code": _all(_remote_code,
        _edited(settings, config_args={"trust_remote_code": True})),
        "config.json names a kernel": _edited("config.json", attn_implementation="nobody/kernel"),
        "an adapter of another model": lambda f: (f / "adapter_config.json").write_text(
            '{"base_model_name_or_path": "nobody/x", "peft_type": "LORA"}'),
        "config.json isn't JSON": lambda f: (f / "config.json").write_bytes(b"\xff{"),
        "config.json has sizes that don't fit": _edited("config.json", hidden_size=16),
        "weights cut short": lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 7),
        "weights with a header of 2**63 bytes": lambda f: (f / "model.safetensors").write_bytes(
            b"\xff" * 7 + b"\x7f{}"),
        "no weights": lambda f: (f / "model.safetensors").unlink(),
        "another's weights (fingerprint)": lambda f: None,
    }  # fmt: skip


def _edited_modules(**new: Any) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        rows = json.loads((folder / "modules.json").read_text())
        rows[-1] |= new
        (folder / "modules.json").write_text(json.dumps(rows))

    return change


def _statics() -> dict[str, Callable[[Path], object]]:
    """Folders of static weights that contradict themselves."""

    def write(card: dict[str, Any], **files: bytes) -> Callable[[Path], object]:
        def make(folder: Path) -> None:
            folder.mkdir()
            content = {
                "vocabulary.txt": b"a\nb\n",
                "table.i8": bytes(4),
                "scales.u16": bytes(4),
            } | {name.replace("_", "."): data for name, data in files.items()}
            for name, data in content.items():
                (folder / name).write_bytes(data)
            hashes = {n: hashlib.sha256(d).hexdigest() for n, d in content.items()}
            said = {"format": 1, "entries": 2, "dimension": 2, "unit": 1.0, "files": hashes}
            (folder / "embedder.json").write_text(json.dumps(said | card))

        return make

    return {
        "another fingerprint": write({}), "no entries": write({"entries": None}),
        "a table that is too short": write({"dimension": 1000}),
        "10**30 entries": write({"entries": 10**30}), "-1 entries": write({"entries": -1}),
        "a vocabulary that isn't UTF-8": write({}, vocabulary_txt=b"\xff\n\xfe\n"),
        "an odd number of bytes": write({}, scales_u16=bytes(5)),
        "entries without end": write({"entries": float("inf")}),
        "a unit that is no number": write({"unit": "x"}), "format 99": write({"format": 99}),
        "files that are text": write({"files": "x"}),
        "a card that is a list": lambda f: (f.mkdir(), (f / "embedder.json").write_text("[]")),
        "a deep card": lambda f: (f.mkdir(), (f / "embedder.json").write_text("[" * 100_000)),
    }  # fmt: skip


# ---------------------------------------------------------------------- data that contradicts


def _contradictions() -> dict[str, Callable[[dict[str, Any]], object]]:
    """Changes to sound data that keep its structure."""
    n, k = len(_stored()["training"]["ids"]), len(_stored()["topics"])

    def applying(**new: Any) -> Callable[[dict[str, Any]], object]:
        sound = {"own": 1.0, "every": 0.5, "bias": pack(np.zeros(k))}
        return field("certainty", "applying", new=sound | new)

    def field(*at: Any, new: Any) -> Callable[[dict[str, Any]], object]:
        return lambda p: put(p, at, new)

    def array(*at: Any, values: Any, dtype: Any) -> Callable[[dict[str, Any]], object]:
        return field(*at, new=pack(np.asarray(values, dtype=dtype)))

    def like(*at: Any, value: float) -> Callable[[dict[str, Any]], object]:
        def change(payload: dict[str, Any]) -> None:
            inner = payload
            for step in at:
                inner = inner[step]
            whole = np.frombuffer(inner["data"], dtype=inner["dtype"]).copy()
            whole[-1] = value
            inner["data"] = whole.tobytes()

        return change

    def ragged(lengths: Any, values: Any, where: tuple[str, str], dtype: Any = np.int32) -> Any:
        new = {"values": pack(np.asarray(values, dtype)), "lengths": pack(np.asarray(lengths))}
        return field(*where, new=new)

    weights = ("scorer", "weights")
    terms, reference = ("training", "terms"), ("reference", "terms")
    zeros = bytes(100 * MIB)
    found: dict[str, Callable[[dict[str, Any]], object]] = {
        "no topics": field("topics", new=[]),
        "no topics, and weights for none": _no_topics,
        "a topic twice": lambda p: put(p, ("topics", 1), p["topics"][0]),
        "a topic with a control character": field("topics", 0, new="a\x1b[2J"),
        "a topic with a line's end": field("topics", 0, new="a\nb"),
        "an empty topic": field("topics", 0, new=""),
        "a topic of a megabyte": field("topics", 0, new="x" * MIB),
        "a topic more": lambda p: p["topics"].append("x"),
        "a code for one topic alone": lambda p: p.update(codes=["x"]),
        "a code with a line's end": lambda p: p.update(codes=["a\nb"] * len(p["topics"])),
        "a code of a megabyte": lambda p: p.update(codes=["x" * MIB] * len(p["topics"])),
        "another kind": field("kind", new="headlines.clusterer"),
        "a fingerprint with a line's end": field("embedder", "fingerprint", new="\n\x1b[31mx"),
        "a fingerprint of a megabyte": field("embedder", "fingerprint", new="x" * MIB),
        "another fingerprint": field("embedder", "fingerprint", new="static-0"),
        "a method with a control character": field("certainty", "method", new="\x1b]0;x\x07"),
        "step NaN": field("scorer", "step", new=float("nan")),
        "step 0": field("scorer", "step", new=0.0),
        "step -1": field("scorer", "step", new=-1.0),
        "step infinite": field("scorer", "step", new=float("inf")),
        "step 5e-324": field("scorer", "step", new=5e-324),
        "step 0.3": field("scorer", "step", new=0.3),
        "step 2**1000": field("scorer", "step", new=2.0**1000),
        "weights with NaN": like(*weights, value=np.nan),
        "weights infinite": like(*weights, value=np.inf),
        "weights 1e308": like(*weights, value=1e308),
        "weights of halves": like(*weights, value=0.5),
        "bias NaN": like("scorer", "bias", value=np.nan),
        "bias 1e308": like("scorer", "bias", value=1e308),
        "bias too long": array("scorer", "bias", values=[0.0] * 9, dtype="f8"),
        "weights of another width": array(*weights, values=np.zeros((3, 3)), dtype="f8"),
        "weights of one dimension": array(*weights, values=np.zeros(3), dtype="f8"),
        "rows for no words": array("scorer", "rows", values=np.zeros((2, 3)), dtype="i4"),
        "words for no rows": array("scorer", "words", values=[1, 2], dtype="i8"),
        "words beyond the vocabulary": _own([10**9]), "words below 0": _own([-1]),
        "words that descend": _own([5, 4]), "a word twice": _own([5, 5]),
        "words 2**62": _own([2**62]),
        "scores of another length": array("certainty", "scores", values=[0.5], dtype="f8"),
        "scores with NaN": like("certainty", "scores", value=np.nan),
        "scores of 2": like("certainty", "scores", value=2), "right as numbers": array(
            "certainty", "right", values=np.zeros(n), dtype="f8"),
        "scores of two dimensions": array("certainty", "scores", values=np.zeros((2, 2)),
        dtype="f8"),
        "bounds of another length": array("certainty", "also_from", values=[0.5], dtype="f8"),
        "bounds with NaN": like("certainty", "also_from", value=np.nan),
        "biases for other topics": applying(bias=pack(np.zeros(99))),
        "biases NaN": applying(bias=pack(np.full(k, np.nan))),
        "biases that are whole": applying(bias=pack(np.zeros(k, np.int64))),
        "a slope NaN": applying(own=np.nan), "a slope of infinity": applying(every=np.inf),
        "topics' numbers too large": like("training", "topics", value=99),
        "topics' numbers below 0": like("training", "topics", value=-1),
        "topics' numbers with a comma": array("training", "topics", values=[0.5] * n, dtype="f8"),
        "topics' numbers of two dimensions": array("training", "topics", values=[[0]] * n,
        dtype="i4"),
        "an example less": lambda p: p["training"]["ids"].pop(),
        "a text less": lambda p: p["training"]["texts"].pop(),
        "flags of another length": array("training", "held_out", values=[True], dtype="?"),
        "flags as numbers": array("training", "written", values=[0.5] * n, dtype="f8"),
        "an id that is no id": field("training", "ids", 0, new="../../etc"),
        "an id twice": lambda p: put(p, ("training", "ids", 0), p["training"]["ids"][1]),
        "lengths below 0 that add up": ragged([-1] * (n - 1) + [n], [0], terms),
        "lengths that don't add up": ragged([1] * n, [0], terms),
        "lengths for fewer": ragged([1], [0], terms),
        "lengths of 2**62 that overflow": ragged(np.int64([2**62] * 4), [], reference),
        "lengths with a comma": ragged([0.5, 0.5], [1], reference),
        "lengths NaN": ragged([np.nan], [1], reference),
        "values with a comma": ragged([1] * n, [0.5] * n, terms, np.float64),
        "values of two dimensions": ragged([1] * n, [[0]] * n, terms),
        "reference of other rows": lambda p: put(
            p, ("reference", "words"),
            {"values": pack(np.int64([1])), "lengths": pack(np.int32([1]))}),
        "100 MiB of rows without words": field("training", "terms", "lengths", new={
            "dtype": "|i1", "shape": [len(zeros)], "data": zeros}),
        "100 MiB of rows in the reference": field("reference", "terms", "lengths", new={
            "dtype": "|i1", "shape": [len(zeros)], "data": zeros}),
        "100 MiB of small numbers": lambda p: put(p, terms, {
            "values": {"dtype": "|i1", "shape": [len(zeros)], "data": zeros},
            "lengths": pack(np.int32([len(zeros)] + [0] * (n - 1)))}),
        "100 MiB of words as numbers": lambda p: put(p, terms, {
            "values": pack(np.arange(25 * MIB, dtype=np.int32)),
            "lengths": pack(np.int32([25 * MIB] + [0] * (n - 1)))}),
        "31 MiB of terms as numbers": lambda p: put(p, terms, {
            "values": pack(np.arange(10**6, 10**6 + 8_000_100, dtype=np.int32)),
            "lengths": pack(np.int32([8_000_100] + [0] * (n - 1)))}),
    }  # fmt: skip
    for at in (
        weights,
        ("training", "topics"),
        ("certainty", "right"),
        ("reference", "terms", "lengths"),
    ):
        shown = at[-1]
        for name, change in {
            "dtype object": {"dtype": "|O"}, "dtype V8": {"dtype": "|V8"},
            "dtype complex": {"dtype": "<c16"},
            "dtype nonsense": {"dtype": "\n\x1b[2J" * 1000}, "a shape below 0": {"shape": [-1]},
            "a shape of 2**62": {"shape": [2**62]}, "a shape of 2**80": {"shape": [2**80]},
            "a shape of 2**40 twice": {"shape": [2**40, 2**40]},
            "100 dimensions": {"shape": [1] * 100},
            "100,000 dimensions": {"shape": [7] * 100_000}, "no dimension": {"shape": []},
            "data cut by a byte": {"data": b"\0"}, "no data": {"data": b"", "shape": [5]},
            "data of zero by 2**62": {"data": b"", "shape": [0, 2**62]},
        }.items():  # fmt: skip
            found[f"{shown}: {name}"] = lambda p, at=at, c=change: put(p, at, _within(p, at) | c)
    return found


def _within(value: Any, at: tuple[Any, ...]) -> Any:
    for step in at:
        value = value[step]
    return value


def _no_topics(payload: dict[str, Any]) -> None:
    payload["topics"] = []
    payload["scorer"] |= {
        "weights": pack(np.zeros((payload["scorer"]["weights"]["shape"][0], 1))),
        "bias": pack(np.zeros(1)),
        "words": pack(np.zeros(0, np.int64)),
        "rows": pack(np.zeros((0, 1), np.int32)),
    }
    payload["certainty"]["also_from"] = pack(np.zeros(0))


def _own(words: list[int]) -> Callable[[dict[str, Any]], object]:
    def change(payload: dict[str, Any]) -> None:
        payload["scorer"]["words"] = pack(np.array(words, dtype=np.int64))
        width = payload["scorer"]["weights"]["shape"][1]
        payload["scorer"]["rows"] = pack(np.ones((len(words), width), dtype=np.int32))

    return change


def _structures() -> dict[str, Callable[[dict[str, Any]], object]]:
    """Changes to sound data that break its structure: a value of another type at each place."""
    found: dict[str, Callable[[dict[str, Any]], object]] = {}
    for at in places(_stored()):
        name = ".".join(map(str, at))
        other = [] if isinstance(_within(_stored(), at), dict) else {}
        found[f"another type at {name}"] = lambda p, at=at, o=other: put(p, at, o)
    found["an unknown key"] = lambda p: p.update(x=1)
    found["a key less"] = lambda p: p.pop("training")
    found["a shape with True"] = lambda p: put(p, ("scorer", "bias", "shape", 0), True)
    found["True as random_state"] = lambda p: put(p, ("random_state",), True)
    return found


def _harmless() -> dict[str, Callable[[dict[str, Any]], object]]:
    return {
        "also: topics that aren't there": lambda p: put(p, ("training", "also", 0), ["nothing"]),
        "texts with control characters": lambda p: put(p, ("training", "texts", 0), "\x1b[2J"),
        "texts with half a letter": lambda p: put(p, ("training", "texts", 0), "x"),
        "no weights but zeros": lambda p: put(
            p, ("scorer", "weights"), pack(np.zeros(p["scorer"]["weights"]["shape"]))
        ),
        "a negative random_state": lambda p: put(p, ("random_state",), -1),
    }


# ---------------------------------------------------------------------- all of them


def _changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        payload = sound()
        change(payload)
        topics = payload.get("topics") if isinstance(payload.get("topics"), list) else []
        data, content = dump_plain(payload)
        return vouched(folder, data, content, topics=topics, embedder=payload.get("embedder", {}))

    return make


def _canaries() -> Iterator[Case]:
    """Files that run something when plain joblib opens them."""
    group = "an object in a place"
    shapes: dict[str, Callable[[Any], Any]] = {
        "root": lambda c: c, "value": lambda c: {"x": c}, "key": lambda c: {c: 1},
        "in a list": lambda c: {"x": [1, c]}, "deep": lambda c: {"x": [{"y": [{"z": [c]}]}]},
        "in a tuple": lambda c: {"x": (c,)}, "in a set": lambda c: {"x": {c}},
        "in an array": lambda c: {"x": np.array([c, 1], dtype=object)},
        "in an array in an array": lambda c: np.array([np.array([c, 1], dtype=object), 1],
        dtype=object),
        "in an array's field": lambda c: np.array([(c, 1.0)], dtype=[("a", "O"), ("b", "f8")]),
        "behind sound data": lambda c: sound() | {"zz": c},
    }  # fmt: skip
    for name, shape in shapes.items():
        yield Case(name, group, lambda f, s=shape: dumped(f, s(Canary(f))), canary=True)
    for at in places(_stored()):
        yield Case(
            "at " + ".".join(map(str, at)),
            group,
            lambda f, at=at: dumped(f, put(sound(), at, Canary(f))),
            canary=True,
        )
    for protocol in range(6):
        yield Case(
            f"protocol {protocol}",
            group,
            lambda f, p=protocol: vouched(f, pickle.dumps({"x": Canary(f)}, protocol=p)),
            canary=True,
        )
    for codec in ("zlib", "gzip", "bz2", "lzma", "xz"):
        yield Case(
            f"compressed by {codec}",
            "compressed",
            lambda f, c=codec: dumped(f, {"x": Canary(f)}, compress=(c, 3)),
            canary=True,
        )
        yield Case(
            f"an array compressed by {codec}",
            "compressed",
            lambda f, c=codec: dumped(f, [np.arange(9), Canary(f)], compress=(c, 9)),
            canary=True,
        )
    yield Case(
        "compressed by lz4, as it begins",
        "compressed",
        lambda f: vouched(f, b"\x04\x22M\x18" + bytes(60)),
    )
    for name, make in _opcodes().items():
        yield Case(name, "steps that run", by_hand(make), canary=True)


def _in_wrappers() -> Iterator[Case]:
    """Files of joblib's own array wrappers."""
    from joblib.numpy_pickle import NumpyArrayWrapper

    def wrapper(folder: Path, **changed: Any) -> Path:
        facts: dict[str, Any] = {
            "subclass": np.ndarray, "shape": (2,), "order": "C", "dtype": np.dtype("f8"),
            "allow_mmap": True,
        } | changed  # fmt: skip
        odd = NumpyArrayWrapper(**facts)
        return vouched(folder, pickle.dumps(odd, protocol=4)[:-1] + bytes(64) + b".")

    def inner(folder: Path) -> Path:
        # joblib reads a pickle of its own where an array of objects stands.
        odd = NumpyArrayWrapper(np.ndarray, (1,), "C", np.dtype("O"), False)
        return vouched(folder, pickle.dumps(odd, 2)[:-1] + pickle.dumps(Canary(folder)) + b".")

    group = "arrays in joblib's own form"
    yield Case("a pickle in the place of an array", group, inner, canary=True)
    yield Case("a class to be made", group, lambda f: wrapper(f, subclass=Canary(f)), canary=True)
    yield Case("a shape to be made", group, lambda f: wrapper(f, shape=Canary(f)), canary=True)
    yield Case("10**12 values", group, lambda f: wrapper(f, shape=(10**12,)))
    yield Case("10**12 values, mapped", group, lambda f: wrapper(f, shape=(10**6, 10**6)))
    yield Case(
        "an array of a megabyte", group, lambda f: dumped(f, {"x": np.zeros(MIB, dtype=np.uint8)})
    )


def all_cases() -> list[Case]:
    """Give every attack, those of transformers last: they alone need sentence-transformers."""
    found = [*_canaries(), *_in_wrappers()]
    for name, data in _refused_steps().items():
        found.append(Case(name, "steps that are no model's", lambda f, d=data: vouched(f, d)))
    for name, value in _objects().items():
        found.append(Case(name, "objects", lambda f, v=value: dumped(f, sound() | {"x": v()})))
    data, content = dump_plain(sound())
    for count in (1, 2, 3, 10, 100, 1000, len(data) // 2, len(data) - 100, len(data) - 1):
        found.append(
            Case(
                f"cut after {count:,} bytes",
                "cut short",
                lambda f, c=count: vouched(f, data[:c], content),
            )
        )
    for name, make in _bombs().items():
        heavy = any(name.startswith(part) for part in HEAVY) or "odd letter" in name
        found.append(Case(name, "bombs", lambda f, m=make: vouched(f, m()), heavy=heavy))
    for name, place in _special().items():
        found.append(Case(name, "no files", place))
    for name, said in _manifests().items():
        heavy = " MiB" in name
        found.append(Case(name, "manifests", with_manifest(said), heavy=heavy))
    for name, pointer in _pointers().items():
        text = (json.dumps(pointer, indent=1, sort_keys=True) + "\n").encode()
        found.append(Case(name, "pointers", lambda f, t=text: registry(f, t)))
    for name, raw in _raw_pointers().items():
        found.append(Case(name, "pointers", lambda f, r=raw: registry(f, r)))
    found.append(Case("no pointer", "pointers", lambda f: registry(f, None)))
    for name, change in _contradictions().items():
        heavy = "00 MiB" in name or "31 MiB" in name
        found.append(Case(name, "data that contradicts itself", _changed(change), heavy=heavy))
    for name, change in _structures().items():
        found.append(Case(name, "data of another structure", _changed(change)))
    for name, change in _harmless().items():
        found.append(Case(name, "odd, but data", _changed(change), harmless=True))
    found.append(
        Case(
            "a manifest of 8 MiB of dicts",
            "odd, but data",
            with_manifest(lambda m: as_manifest(m | {"training": {"a": [{}] * (7 * MIB // 8)}})),
            heavy=True,
            harmless=True,
        )
    )
    for name, called in _embedder_names().items():
        found.append(Case(f"named {name}", "embedders", embedder_named(called), heavy=True))
    for name, write in _statics().items():
        found.append(Case(f"static: {name}", "embedders", embedder_named("{}/embedder", write)))
    for name, write in _transformers().items():
        found.append(
            Case(
                f"transformer: {name}",
                "embedders",
                embedder_named("{}/embedder", transformer(write)),
                heavy=True,
            )
        )
    return found


def attack(path: Path) -> str:
    """Load a model and use all of it; gives what it is called."""
    from headlines import HeadlineLabeler

    labeler = HeadlineLabeler.load(path)
    texts = ["EU approves new sanctions", "Floods hit Siberia", ""]
    labeler.label(texts, any_text=True)
    labeler.label(texts, target_error=0.2)
    labeler.predict(texts)
    _ = labeler.state.training_set.holdout, labeler.state.reference, labeler.certainty
    labeler.explain(texts[0])
    return labeler.model
