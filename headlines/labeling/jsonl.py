"""JSON lines of predictions, joined from columns: the bytes of `json.dumps`, some times as fast.

`line_of` is the plain twin, row by row: it says what the bytes have to be, and writes whatever
isn't in columns. benchmarks/research/jsonl.py times both beside the libraries that write JSON.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.block import HeadlineBlock
from headlines.labeling.prediction import Prediction, PredictionBlock


def line_of(prediction: Prediction, top: int) -> str:
    """Write one prediction."""
    return json.dumps(prediction.to_row(top), ensure_ascii=False) + "\n"


def lines_of_block(found: PredictionBlock, top: int) -> bytes:
    """Write n predictions as lines in UTF-8, each with its `top` (1 or more) topics: `line_of`."""
    block = found.items
    if not isinstance(block, HeadlineBlock):
        return "".join(line_of(prediction, top) for prediction in found).encode()
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
    columns.append(_ends(found, block, names))
    parts = [""] * (len(columns) * len(found))
    for k, column in enumerate(columns):
        parts[k :: len(columns)] = column
    for i in block.others:
        row = slice(i * len(columns), (i + 1) * len(columns))
        line = line_of(found[i], top).encode().decode("latin-1")
        parts[row] = [line, *[""] * (len(columns) - 1)]
    return "".join(parts).encode("latin-1")


def _ends(found: PredictionBlock, block: HeadlineBlock, names: NDArray[np.object_]) -> list[str]:
    """Give the last part of each row: what else applies, and the copy that came before."""
    model = f', "model": {_quoted(found.model)}, {_UNTOLD}}}\n'
    ends = [f'}}], "also": [], "duplicate_of": null{model}'] * len(found)
    # The second topic's share is the largest that may be named: few rows go on from here.
    several = found.answered & (found.shares[:, 1:2] >= found.also_from.min()).any(axis=1)
    for i in np.flatnonzero(several | np.array(block.copies, dtype=np.bool_)).tolist():
        more = several[i] & (found.shares[i, 1:] >= found.also_from[found.order[i, 1:]])
        also = ", ".join(names.take(found.order[i, 1:][more]).tolist())
        copy = f'"{block.ids[i]}"' if block.copies[i] else "null"
        ends[i] = f'}}], "also": [{also}], "duplicate_of": {copy}{model}'
    return ends


_UNTOLD = '"publisher": null, "date": null, "language": null'
"""The last columns of a row whose input says nothing more."""


def _quoted(text: str) -> str:
    """Give a JSON string whose UTF-8 is spelt in Latin-1."""
    quoted = encode_basestring(text)
    return quoted if text.isascii() else quoted.encode().decode("latin-1")


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
