"""Plain data: what a model file may hold, written as a pickle that has no way to run anything.

Dicts with text keys, lists, text, numbers, booleans, None and bytes; an array is its dtype,
shape and bytes. Written by joblib, such a file is a pickle of some thirty harmless opcodes.
Before one is read, every opcode and every length in it is checked, so that neither code nor
memory can be had from a stranger's file; only then does an unpickler that refuses every
global build the data.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.errors import ModelError, short
from headlines.persistence.scan import _refusal, scan
from headlines.persistence.schema import PackedArray, RaggedRows

_DTYPES = ("<i4", "<i8", "<u4", "<f4", "<f8", "|i1", "|u1", "|b1")


def pack(array: NDArray[Any]) -> PackedArray:
    """Write an array as plain data: dtype, shape and little-endian bytes."""
    array = np.ascontiguousarray(array)
    dtype = array.dtype.newbyteorder("<")
    return {"dtype": dtype.str, "shape": list(array.shape), "data": array.astype(dtype).tobytes()}


def unpack(packed: PackedArray, where: str) -> NDArray[Any]:
    """Read an array back; raises ModelError, which names it by `where`, when its parts disagree."""
    try:
        dtype, shape, data = packed["dtype"], packed["shape"], packed["data"]
        if dtype not in _DTYPES or not isinstance(data, bytes) or min(shape, default=0) < 0:
            raise ValueError(f"dtype {dtype!r}, shape {shape!r}")
        return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        said = short(str(error))
        raise ModelError(f"{where}: not an array ({said}); train the model again") from None


def pack_rows(rows: Sequence[Sequence[int]], dtype: type) -> RaggedRows:
    """Write rows of whole numbers as plain data."""
    flat: NDArray[Any] = np.array([v for row in rows for v in row], dtype=dtype)
    lengths = np.array([len(row) for row in rows], dtype=np.int32)
    return {"values": pack(flat), "lengths": pack(lengths)}


def unpack_rows(
    packed: Sequence[RaggedRows], where: str, most: int, rows: int | None = None
) -> list[list[tuple[int, ...]]]:
    """Read ragged columns that have at most so many values, or rows, together."""
    sizes = [len(part[name]["data"]) for part in packed for name in ("values", "lengths")]
    if sum(sizes) > 8 * most:  # before anything is made of them
        raise ValueError(f"{sum(sizes):,} bytes of words and terms")
    pairs = [(unpack(part["values"], where), unpack(part["lengths"], where)) for part in packed]
    total = sum(values.size + lengths.size for values, lengths in pairs)
    if total > most + 2 * (rows or 0):
        raise ValueError(f"{total:,} words and terms, at most {most:,} are read")
    for values, lengths in pairs:
        kinds = {values.dtype.kind, lengths.dtype.kind}
        if values.ndim != 1 or lengths.ndim != 1 or not kinds <= {"i", "u"}:
            raise ValueError("words and terms that aren't rows of whole numbers")
        if rows is not None and len(lengths) != rows:
            raise ValueError(f"{len(lengths)} rows for {rows} examples")
        bounds = lengths.astype(np.int64)
        possible = ((bounds >= 0) & (bounds <= len(values))).all()  # or their sum may overflow
        if not possible or int(bounds.sum()) != len(values):
            raise ValueError("lengths don't add up")
    return [_split(values.tolist(), lengths.tolist()) for values, lengths in pairs]


def _split(values: list[int], lengths: list[int]) -> list[tuple[int, ...]]:
    ends = accumulate(lengths)
    return [tuple(values[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def content_hash(payload: Any) -> str:
    """Give the SHA-256 of plain data by its values, whatever wrote it."""
    digest = hashlib.sha256()
    _feed_hash(payload, digest.update)
    return digest.hexdigest()


def _feed_hash(value: Any, update: Any) -> None:
    if isinstance(value, dict):
        update(b"d%d" % len(value))
        for key in sorted(value):
            _feed_hash(key, update)
            _feed_hash(value[key], update)
    elif isinstance(value, list):
        update(b"l%d" % len(value))
        for item in value:
            _feed_hash(item, update)
    else:
        data = (
            value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
        )
        update(f"{type(value).__name__}{len(data)}:".encode() + data)


def dump_plain(payload: Mapping[str, Any]) -> tuple[bytes, str]:
    """Write plain data as the bytes of a joblib file, the same for equal values, and give its hash.

    Tuples become lists. Raises TypeError when there is anything else than plain data in it, and
    ModelError when it is larger than what `load_plain` reads.
    """
    import joblib

    plain = _plain(payload, {})
    buffer = io.BytesIO()
    joblib.dump(plain, buffer, compress=0, protocol=4)
    data = buffer.getvalue()
    scan(data)
    return data, content_hash(plain)


def _plain(value: Any, known: dict[Any, Any]) -> Any:
    """Copy plain data, equal strings as one object, so that a pickle's bytes are the values'."""
    if isinstance(value, Mapping):
        return {_plain(k, known): _plain(v, known) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, known) for v in value]
    if isinstance(value, str | bytes):
        return known.setdefault((type(value), value), value)
    if value is None or type(value) in (bool, int, float):
        return value
    raise TypeError(f"a model holds plain data only, got {type(value).__name__}")


def load_plain(data: bytes) -> dict[str, Any]:
    """Read plain data from the bytes of a joblib file.

    Raises ModelError when it asks for anything else, or is damaged; nothing was built then.
    """
    scan(data)
    try:
        payload: dict[str, Any] = _PlainUnpickler(io.BytesIO(data)).load()
    except ModelError:
        raise
    except Exception as error:  # text that is no UTF-8, a frame that cuts a step in two
        raise ModelError(f"not a model ({short(f'{type(error).__name__}: {error}')})") from None
    return payload


class _PlainUnpickler(pickle.Unpickler):
    """Builds plain data; refuses all else, though `scan` lets nothing else come so far."""

    def find_class(self, module: str, name: str) -> Any:
        raise ModelError(_refusal(module, name))

    def persistent_load(self, identity: Any) -> Any:
        raise ModelError("refers to an outside object; a model holds plain data only")
