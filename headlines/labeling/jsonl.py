"""JSON lines of predictions, joined from columns: the bytes of `json.dumps`, some times as fast.

`line_of` is the plain twin, row by row: it says what the bytes have to be, and writes whatever
isn't in columns. benchmarks/research/jsonl.py times both beside the libraries that write JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.block import HeadlineBlock
from headlines.feeds.headline import with_fields
from headlines.labeling.prediction import Prediction, PredictionBlock


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
    # Every row is joined from the same number of parts, most of them taken from tables.
    # UTF-8 is spelt in Latin-1 until the end: strings of one byte a character join fastest.
    names = np.array([_quoted(name) for name in found.names], dtype=object)
    top = min(top, len(found.names))
    high, low = _decimals(found.shares[:, :top])
    first = (', "topic": ' + np.append(names, "null") + ', "probability": ').take(
        np.where(found.answered, found.order[:, 0], len(names))
    )
    columns = [
        ['{"id": "'] * len(found),
        block.ids,
        [f'", "source": {_quoted(block.source)}, "line": '] * len(found),
        list(map(str, block.lines)),
        [', "headline": '] * len(found),
        [_quoted(headline) for headline in block.headlines],
        first.tolist(),
        high[:, 0].tolist(),
        low[:, 0].tolist(),
    ]
    before = ', "topics": ['
    for k in range(top):
        opened = before + '{"topic": ' + names + ', "probability": '
        columns.append(opened.take(found.order[:, k]).tolist())
        columns += [high[:, k].tolist(), low[:, k].tolist()]
        before = "}, "
    ends, slow = _ends(found, block, names, more)
    columns.append(ends)
    parts = [""] * (len(columns) * len(found))
    for k, column in enumerate(columns):
        parts[k :: len(columns)] = column
    for i in slow:
        row = slice(i * len(columns), (i + 1) * len(columns))
        line = line_of(found[i], top, more[i] if more else None)
        parts[row] = [_in_latin1(line), *[""] * (len(columns) - 1)]
    return "".join(parts).encode("latin-1")


def _ends(
    found: PredictionBlock,
    block: HeadlineBlock,
    names: NDArray[np.object_],
    more: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[int]]:
    """Give the last part of each row: what else applies, why no topic, the copy before, the rest.

    The places are of rows that have to be written by `line_of`.
    """
    model = f', "model": {_quoted(found.model)}, '
    reasons = found.reasons.tolist()
    told_why = {why: "null" if why is None else _quoted(why) for why in set(reasons)}
    plain = {
        why: f'}}], "also": [], "abstained": {told}, "duplicate_of": null{model}'
        for why, told in told_why.items()
    }
    heads = [plain[why] for why in reasons]
    several = found.further.any(axis=1)
    for i in np.flatnonzero(several | np.array(block.copies, dtype=np.bool_)).tolist():
        also = ", ".join(names.take(found.order[i, found.further[i]]).tolist())
        copy = f'"{block.ids[i]}"' if block.copies[i] else "null"
        why = told_why[reasons[i]]
        heads[i] = f'}}], "also": [{also}], "abstained": {why}, "duplicate_of": {copy}{model}'
    taken = _ANSWERED
    if more:
        taken = taken.union(more[0])
        heads = [f"{head}{_told_more(said)}" for head, said in zip(heads, more, strict=True)]
    ends = [head + _UNTOLD for head in heads]
    slow = []
    for i, told in block.others.items():
        rest = _told(block, i, told, taken)
        if rest is None:
            slow.append(i)
        else:
            ends[i] = heads[i] + rest
    return ends, slow


_UNTOLD = '"publisher": null, "date": null, "language": null}\n'
"""The end of a row whose input says nothing more."""

_SAID = ("publisher", "date", "language")
_OF_HEADLINE = {"id", "source", "line", "headline"}
_ANSWERED = {"topic", "probability", "topics", "also", "abstained", "duplicate_of", "model"}


def _told_more(said: Mapping[str, Any]) -> str:
    """Give what more there is to say, before what the input says."""
    return "".join(f"{_quoted(name)}: {_value(value)}, " for name, value in said.items())


def _told(
    block: HeadlineBlock, place: int, told: Mapping[str, Any], answered: set[str]
) -> str | None:
    """Give the end of a row that its input says more of; None where `line_of` has to.

    `answered` are the names of what is said before it, and isn't the headline's own.
    """
    parts = [f'"{name}": {_value(told.get(name))}' for name in _SAID]
    fields = told.get("fields", {})
    if not answered.isdisjoint(fields):
        return None
    if not _OF_HEADLINE.union(_SAID).isdisjoint(fields):
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
    for name, value in fields.items():
        parts.append(f"{_quoted(name)}: {_value(value)}")
    return ", ".join(parts) + "}\n"


def _value(value: Any) -> str:
    if value is None:
        return "null"
    return _quoted(value) if isinstance(value, str) else _in_latin1(_encoded(value))


_UTF8 = ("utf-8", "backslashreplace")
"""How rows are encoded: half a surrogate pair becomes the escape that JSON has for it."""


def _quoted(text: str) -> str:
    """Give a JSON string whose UTF-8 is spelt in Latin-1."""
    return _in_latin1(encode_basestring(text))


def _in_latin1(text: str) -> str:
    return text if text.isascii() else text.encode(*_UTF8).decode("latin-1")


def _decimals(shares: NDArray[np.float64]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Give `repr` of numbers from 0 to 1 that have 6 digits, as two halves from tables."""
    millionths = np.rint(shares * 1e6).astype(np.int64)
    high, low = np.divmod(millionths, 1000)
    # From 0.0001 on `repr` shows plain digits; the few below, and 1.0, have rows of their own.
    small = millionths < 100
    row = np.where(small, 2000 + millionths, np.where(low == 0, 1000 + high, high))
    row[millionths == 1_000_000] = 2100
    return _HIGH.take(row), _LOW.take(np.where(small, 0, low))


_HIGH = np.array(
    [f"0.{i:03d}" for i in range(1000)]
    + [f"0.{i:03d}".rstrip("0") for i in range(1000)]
    + [repr(i / 1e6) for i in range(100)]
    + ["1.0"],
    dtype=object,
)

_LOW = np.array([f"{i:03d}".rstrip("0") for i in range(1000)], dtype=object)
