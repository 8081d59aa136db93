"""What a labeler says of one headline, and how that looks as a row of output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.block import HeadlineBlock
from headlines.feeds.headline import Headline, HeadlineResult

__all__ = ["Prediction", "PredictionBlock"]


@dataclass(frozen=True, slots=True)
class Prediction(HeadlineResult):
    """The topic of one headline.

    Attributes
    ----------
    item : Headline
        What was labelled; `id`, `source`, `line` and `headline` (its text) are read from it.
    topic : str or None
        The most probable topic; None when the labeler abstained, because the probability is
        below what was asked or because it knows no word of the headline.
    probability : float
        Of the most probable topic, from 0 to 1, rounded to 6 digits.
    topics : tuple of (str, float)
        All topics and their probabilities, the most probable first.
    also : tuple of str
        Further topics that apply.
    model : str
        Name of the model by its content.
    """

    topic: str | None
    probability: float
    topics: tuple[tuple[str, float], ...]
    also: tuple[str, ...]
    model: str

    def to_row(self, top: int = 3) -> dict[str, Any]:
        """Give the prediction as a row for output, with the `top` most probable topics."""
        return self._row(
            topic=self.topic,
            probability=self.probability,
            topics=[{"topic": t, "probability": p} for t, p in self.topics[:top]],
            also=list(self.also),
            duplicate_of=self.item.duplicate_of,
            model=self.model,
        )


@dataclass(frozen=True)
class PredictionBlock(Sequence[Prediction]):
    """What a labeler says of some headlines, kept column by column.

    Attributes
    ----------
    items : sequence of Headline
        n headlines.
    names : tuple of str
        The k topics.
    order : ndarray of int64, shape (n, k)
        The topics of each headline by number, the most probable first.
    shares : ndarray of float64, shape (n, k)
        Their probabilities, rounded to 6 digits.
    answered : ndarray of bool, shape (n,)
        Whether the most probable topic is given.
    also_from : ndarray of float64, shape (k,)
        Probability from which each topic is said to apply beside the first.
    model : str
    """

    items: Sequence[Headline]
    names: tuple[str, ...]
    order: NDArray[np.int64]
    shares: NDArray[np.float64]
    answered: NDArray[np.bool_]
    also_from: NDArray[np.float64]
    model: str

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> list[Prediction]: ...
    def __getitem__(self, place: int | slice) -> Prediction | list[Prediction]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        shares = self.shares[place].tolist()
        ranked = [self.names[i] for i in self.order[place].tolist()]
        topics = tuple(zip(ranked, shares, strict=True))
        answered = bool(self.answered[place])
        bounds = self.also_from[self.order[place]].tolist()
        further = zip(topics[1:], bounds[1:], strict=True)
        also = tuple(t for (t, p), bound in further if p >= bound) if answered else ()
        topic = ranked[0] if answered else None
        return Prediction(self.items[place], topic, shares[0], topics, also, self.model)

    def shares_of_topics(self) -> dict[str | None, int]:
        """Count the headlines of each topic given, None for those without one."""
        counts = np.bincount(self.order[self.answered, 0], minlength=len(self.names)).tolist()
        counted: list[tuple[str | None, int]] = [
            *zip(self.names, counts, strict=True),
            (None, len(self) - sum(counts)),
        ]
        return {topic: number for topic, number in counted if number}

    def to_jsonl(self, top: int = 3) -> bytes:
        """Give ``json.dumps(prediction.to_row(top), ensure_ascii=False)`` of each, line by line.

        Parameters
        ----------
        top : int, default 3
            At least 1.

        Returns
        -------
        bytes
            n lines in UTF-8.
        """
        block = self.items
        if not isinstance(block, HeadlineBlock):
            return "".join(_json_line(prediction, top) for prediction in self).encode()
        # Every row is joined from the same number of parts, most of them taken from tables.
        # UTF-8 is spelt in Latin-1 until the end: strings of one byte a character join fastest.
        names = np.array([_quoted(name) for name in self.names], dtype=object)
        top = min(top, len(self.names))
        high, low = _decimals(self.shares[:, :top])
        first = (', "topic": ' + np.append(names, "null") + ', "probability": ').take(
            np.where(self.answered, self.order[:, 0], len(names))
        )
        columns = [
            ['{"id": "'] * len(self),
            block.ids,
            [f'", "source": {_quoted(block.source)}, "line": '] * len(self),
            list(map(str, block.lines)),
            [', "headline": '] * len(self),
            [_quoted(headline) for headline in block.headlines],
            first.tolist(),
            high[:, 0].tolist(),
            low[:, 0].tolist(),
        ]
        before = ', "topics": ['
        for k in range(top):
            opened = before + '{"topic": ' + names + ', "probability": '
            columns.append(opened.take(self.order[:, k]).tolist())
            columns += [high[:, k].tolist(), low[:, k].tolist()]
            before = "}, "
        columns.append(self._ends(block, names))
        parts = [""] * (len(columns) * len(self))
        for k, column in enumerate(columns):
            parts[k :: len(columns)] = column
        for i in block.others:
            row = slice(i * len(columns), (i + 1) * len(columns))
            line = _json_line(self[i], top).encode().decode("latin-1")
            parts[row] = [line, *[""] * (len(columns) - 1)]
        return "".join(parts).encode("latin-1")

    def _ends(self, block: HeadlineBlock, names: NDArray[np.object_]) -> list[str]:
        """Give the last part of each row: what else applies, and the copy that came before."""
        model = f', "model": {_quoted(self.model)}}}\n'
        ends = [f'}}], "also": [], "duplicate_of": null{model}'] * len(self)
        # The second topic's share is the largest that may be named: few rows go on from here.
        several = self.answered & (self.shares[:, 1:2] >= self.also_from.min()).any(axis=1)
        for i in np.flatnonzero(several | np.array(block.copies, dtype=np.bool_)).tolist():
            more = several[i] & (self.shares[i, 1:] >= self.also_from[self.order[i, 1:]])
            also = ", ".join(names.take(self.order[i, 1:][more]).tolist())
            copy = f'"{block.ids[i]}"' if block.copies[i] else "null"
            ends[i] = f'}}], "also": [{also}], "duplicate_of": {copy}{model}'
        return ends


def _quoted(text: str) -> str:
    """Give a JSON string whose UTF-8 is spelt in Latin-1."""
    quoted = encode_basestring(text)
    return quoted if text.isascii() else quoted.encode().decode("latin-1")


def _json_line(prediction: Prediction, top: int) -> str:
    return json.dumps(prediction.to_row(top), ensure_ascii=False) + "\n"


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
