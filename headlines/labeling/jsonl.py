"""JSON lines of predictions, joined from columns: the bytes of `json.dumps`, some times as fast.

`line_of` is the plain twin, row by row: it says what the bytes have to be, and writes whatever
isn't in columns. benchmarks/research/jsonl.py times both beside the libraries that write JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.block import HeadlineBlock
from headlines.feeds.headline import with_fields
from headlines.labeling.prediction import REASONS, UNSURE, Prediction, PredictionBlock


def line_of(prediction: Prediction, top: int, more: Mapping[str, Any] | None = None) -> str:
    """Write one prediction, and what more there is to say of the headline."""
    return _encoded(prediction.to_row(top, more)) + "\n"


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def lines_of_block(
    found: PredictionBlock, top: int, more: Sequence[Mapping[str, Any]] = ()
) -> bytes:
    """Write n predictions as lines in UTF-8, each with its `top` (1 or more) topics: `line_of`.

    `more` is what else there is to say of each headline, under the same names of all; or nothing.
    """
    block = found.items
    if not isinstance(block, HeadlineBlock):
        lines = [line_of(p, top, more[i] if more else None) for i, p in enumerate(found)]
        return "".join(lines).encode(*_UTF8)
    if not len(found):
        return b""
    # A row is four parts. Two are records of fixed width, taken from tables a column at a time;
    # what pads them are zero bytes, which JSON has none of.
    ids = np.frombuffer("".join(block.ids).encode(), dtype="S16")
    source = b'", "source": ' + _quoted(block.source) + b', "line": '
    before = [b'{"id": "', ids, source, *_numbers(block.lines), b', "headline": "']
    rest, slow = _rest(block, more)
    parts = [b""] * (4 * len(found))
    parts[0::4] = _joined(before, len(found))
    parts[1::4] = _escaped(block.headlines)
    parts[2::4] = _joined(_answers(found, block, ids, min(top, len(found.names))), len(found))
    parts[3::4] = rest
    for i in slow:
        line = line_of(found[i], top, more[i] if more else None)
        parts[4 * i : 4 * i + 4] = [line.encode(*_UTF8), b"", b"", b""]
    return b"".join(parts).translate(None, b"\0")


Column: TypeAlias = "NDArray[np.bytes_] | bytes"
"""What stands in n rows, in UTF-8 padded with zero bytes; or the same in all of them."""


def _joined(columns: Sequence[Column], n: int) -> list[bytes]:
    """Set columns beside each other."""
    types = [f"S{len(c)}" if isinstance(c, bytes) else c.dtype for c in columns]
    rows = np.empty(n, np.dtype([(str(k), type) for k, type in enumerate(types)]))
    for k, column in enumerate(columns):
        rows[str(k)] = column
    whole: list[bytes] = rows.view(f"S{rows.itemsize}").tolist()
    return whole


def _answers(
    found: PredictionBlock, block: HeadlineBlock, ids: NDArray[np.bytes_], top: int
) -> list[Column]:
    """Give what stands behind the headlines, down to the model's name."""
    names = [_quoted(name) for name in found.names]
    order, last = found.order, len(names)
    high, low = _decimals(found.shares[:, :top])
    first = _table(b'", "topic": ', [*names, b"null"], b', "probability": ')
    columns: list[Column] = [first.take(np.where(found.answered, order[:, 0], last))]
    columns += [high[:, 0], low[:, 0]]
    joint = b', "topics": [{"topic": '
    for rank in range(top):
        topics = _table(joint, names, b', "probability": ')
        columns += [topics.take(order[:, rank]), high[:, rank], low[:, rank]]
        joint = b'}, {"topic": '
    columns.append(b'}], "also": [')
    further = np.array([*names, *(b", " + name for name in names), b""])
    given = np.zeros(len(found), dtype=np.bool_)
    for rank in np.flatnonzero(found.further.any(axis=0)).tolist():
        applies = found.further[:, rank]
        columns.append(further.take(np.where(applies, order[:, rank] + last * given, 2 * last)))
        given |= applies
    columns.append(_reasons(found))
    copies = np.array(block.copies, dtype=np.bool_)
    if copies.any():
        mark = np.array([b"", b'"']).take(copies)
        columns += [mark, np.where(copies, ids, b"null"), mark]
    else:
        columns.append(b"null")
    return [*columns, b', "model": ' + _quoted(found.model) + b", "]


def _table(before: bytes, names: Sequence[bytes], behind: bytes) -> NDArray[np.bytes_]:
    return np.array([before + name + behind for name in names])


def _reasons(found: PredictionBlock) -> NDArray[np.bytes_]:
    """Give why there is no topic, and what stands around that."""
    places, whys = found.outcomes, list(REASONS)
    if (places == UNSURE).any():
        reasons = found.reasons.tolist()
        numbers = {why: i for i, why in enumerate(dict.fromkeys(reasons))}
        places, whys = np.array([numbers[why] for why in reasons]), list(numbers)
    told = [_value(why).encode(*_UTF8) for why in whys]
    return _table(b'], "abstained": ', told, b', "duplicate_of": ').take(places)


def _rest(block: HeadlineBlock, more: Sequence[Mapping[str, Any]]) -> tuple[list[bytes], list[int]]:
    """Give the last part of each row: what more there is to say, and what the input says.

    The places are of rows that have to be written by `line_of`.
    """
    rest, slow = [_UNTOLD] * len(block), []
    answered = _ANSWERED.union(more[0]) if more else _ANSWERED
    for i, told in block.others.items():
        if not _SHOWN.isdisjoint(told):
            end = _told(block, i, told, answered)
            rest[i] = end.encode(*_UTF8)
            if not end:
                slow.append(i)
    if more:
        rest = [_told_more(m).encode(*_UTF8) + r for m, r in zip(more, rest, strict=True)]
    return rest, slow


_UNTOLD = b'"publisher": null, "date": null, "language": null}\n'
"""The end of a row whose input says nothing more."""

_SAID = ("publisher", "date", "language")
_SHOWN = {*_SAID, "fields"}
_OF_HEADLINE = {"id", "source", "line", "headline"}
_ANSWERED = {"topic", "probability", "topics", "also", "abstained", "duplicate_of", "model"}


def _told_more(said: Mapping[str, Any]) -> str:
    """Give what more there is to say, before what the input says."""
    return "".join(f"{encode_basestring(name)}: {_value(value)}, " for name, value in said.items())


def _told(block: HeadlineBlock, place: int, told: Mapping[str, Any], answered: set[str]) -> str:
    """Give the end of a row that its input says more of; nothing where `line_of` has to.

    `answered` are the names of what is said before it, and isn't the headline's own.
    """
    said = ", ".join([f'"{name}": {_value(told.get(name))}' for name in _SAID])
    fields = told.get("fields")
    if not fields:
        return said + "}\n"
    if not answered.isdisjoint(fields):
        return ""
    if not _OWN.isdisjoint(fields):
        own = {
            "id": block.ids[place],
            "source": block.source,
            "line": block.lines[place],
            "headline": block.headlines[place],
            **{name: told.get(name) for name in _SAID},
        }
        known = own | dict.fromkeys(answered)
        first = len(known)
        fields = dict(list(with_fields(known, fields).items())[first:])
    more = [f", {encode_basestring(name)}: {_value(value)}" for name, value in fields.items()]
    return said + "".join(more) + "}\n"


_OWN = _OF_HEADLINE.union(_SAID)


def _value(value: Any) -> str:
    if value is None:
        return "null"
    return encode_basestring(value) if isinstance(value, str) else _encoded(value)


_UTF8 = ("utf-8", "backslashreplace")
"""How rows are encoded: half a surrogate pair becomes the escape that JSON has for it."""


def _quoted(text: str) -> bytes:
    return encode_basestring(text).encode(*_UTF8)


def _escaped(texts: Sequence[str]) -> list[bytes]:
    """Give what `_quoted` gives of each, without the quotes; most have nothing to escape."""
    try:
        lines = "\n".join(texts).encode().replace(b"\\", rb"\\").replace(b'"', rb"\"")
    except UnicodeEncodeError:  # half a surrogate pair
        return [_quoted(text)[1:-1] for text in texts]
    if np.count_nonzero(np.frombuffer(lines, dtype=np.uint8) < ord(" ")) > len(texts) - 1:
        return [_quoted(text)[1:-1] for text in texts]  # one with a control character
    return lines.split(b"\n")


def _numbers(numbers: Sequence[int]) -> list[Column]:
    """Give whole numbers from 0 on, as two columns: those that follow each other are alike."""
    thousands, rest = np.divmod(np.fromiter(numbers, np.int64, len(numbers)), 1000)
    heads, of = np.unique(thousands, return_inverse=True)
    high = np.array([str(head).encode() if head else b"" for head in heads.tolist()]).take(of)
    return [high, _THREE.take(rest + 1000 * (thousands == 0))]


_THREE = np.array([f"{i:03d}".encode() for i in range(1000)] + [b"%d" % i for i in range(1000)])


def _decimals(shares: NDArray[np.float64]) -> tuple[NDArray[np.bytes_], NDArray[np.bytes_]]:
    """Give `repr` of numbers from 0 to 1 that have 6 digits, as two halves from tables."""
    millionths = np.rint(shares * 1e6).astype(np.int64)
    high, low = np.divmod(millionths, 1000)
    # From 0.0001 on `repr` shows plain digits; the few below, and 1.0, have rows of their own.
    small = millionths < 100
    row = np.where(small, 2000 + millionths, np.where(low == 0, 1000 + high, high))
    row[millionths == 1_000_000] = 2100
    return _HIGH.take(row), _LOW.take(np.where(small, 0, low))


_HIGH = np.array(
    [f"0.{i:03d}".encode() for i in range(1000)]
    + [f"0.{i:03d}".rstrip("0").encode() for i in range(1000)]
    + [repr(i / 1e6).encode() for i in range(100)]
    + [b"1.0"]
)

_LOW = np.array([f"{i:03d}".rstrip("0").encode() for i in range(1000)])
