"""From an embedder's sums to probabilities of topics, in exact arithmetic.

What a classifier learned is kept as whole numbers. The products of an embedder's whole
numbers with these stay below 2**53, so float64 holds every partial sum exactly and the
logits don't depend on the order of summation, on the batch, or on the linear-algebra library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headlines.embedding.embedder import WordRows
from headlines.persistence.plaindata import pack, unpack
from headlines.persistence.schema import ScorerData

SUM_BITS = 27
"""Bits of an embedder's whole numbers; see `Embedder.sums`."""

LARGEST = 2.0**53
"""Up to here float64 holds every whole number."""

OWN_STEP = 2.0**-16
"""Resolution of what single words add, in logits."""


@dataclass(frozen=True)
class TopicScorer:
    """A linear classifier over an embedder's sums, its last column telling news from other text."""

    weights: NDArray[np.float64]  # (n_features, n_topics + 1), whole numbers
    own: WordRows  # whole numbers that single words add to ``values @ weights``
    step: float  # a power of two: the value of one unit of ``values @ weights``
    bias: NDArray[np.float64]  # (n_topics + 1,)

    @classmethod
    def from_linear(
        cls, coef: ArrayLike, intercept: ArrayLike, unit: float, own: WordRows | None = None
    ) -> Self:
        """Round a linear model, fitted on the mean of each headline's terms, to whole numbers.

        Shapes: `coef` (n_topics + 1, n_features), `intercept` (n_topics + 1,). `unit` is the
        embedder's; `own` is what single words add to the logits: to their sum, divided by the
        number of terms.
        """
        weights = np.asarray(coef, dtype=np.float64).T * unit
        bits = 53 - SUM_BITS - 2 - math.ceil(math.log2(max(2, weights.shape[0])))
        largest = float(np.abs(weights).max(initial=0.0))
        step = 2.0 ** (math.ceil(math.log2(largest)) - bits) if largest > 0 else 1.0
        if own is None:
            own = WordRows(np.zeros(0, dtype=np.int64), np.zeros((0, weights.shape[1])))
        coarse = max(step, OWN_STEP)  # a multiple of step: rows are whole numbers of both
        return cls(
            np.rint(weights / step),
            WordRows(own.words, np.rint(own.rows / coarse) * (coarse / step)),
            step,
            np.asarray(intercept, dtype=np.float64),
        )

    def to_plain(self) -> ScorerData:
        """Give the scorer as plain data for a model file."""
        coarse = max(1.0, OWN_STEP / self.step)
        return {
            "weights": pack(self.weights),
            "step": self.step,
            "bias": pack(self.bias),
            "words": pack(self.own.words),
            "rows": pack((self.own.rows / coarse).astype(np.int32)),
        }

    @classmethod
    def from_plain(cls, plain: ScorerData) -> Self:
        """Read it; raises ModelError, KeyError, TypeError or ValueError when it is malformed."""
        step = float(plain["step"])
        if math.frexp(step)[0] != 0.5 or not 2.0**-200 <= step <= 2.0**64:
            raise ValueError(f"step is {step}, expected a power of two")
        words, rows = unpack(plain["words"], "words"), unpack(plain["rows"], "rows")
        weights, bias = unpack(plain["weights"], "weights"), unpack(plain["bias"], "bias")
        if weights.ndim != 2 or bias.shape != weights.shape[1:]:
            raise ValueError(f"weights of shape {weights.shape}, bias of shape {bias.shape}")
        if words.ndim != 1 or rows.shape != (len(words), weights.shape[1]):
            raise ValueError(f"rows of shape {rows.shape} for {len(words)} words")
        for name, array in {"weights": weights, "bias": bias, "rows": rows, "words": words}.items():
            if array.dtype.kind not in ("iu" if name == "words" else "iuf"):
                raise ValueError(f"{name} of dtype {array.dtype}")
            # NaN compares as False.
            if not (np.abs(array.astype(np.float64)) <= LARGEST).all():
                raise ValueError(f"{name} with a value that isn't finite, or too large")
        if not (weights == np.rint(weights)).all():
            raise ValueError("weights that aren't whole numbers")
        if len(words) and not (words[0] >= 0 and (words[1:] > words[:-1]).all()):
            raise ValueError("words that don't ascend from 0")
        own = WordRows(words, rows * max(1.0, OWN_STEP / step))
        return cls(weights, own, step, bias)

    def logits(
        self, values: NDArray[np.float64], counts: NDArray[np.int64], words: Sequence[Sequence[int]]
    ) -> NDArray[np.float64]:
        """Give the logits, shape (n, n_topics + 1), of headlines from their sums and words.

        `values` and `counts` are what `Embedder.sums` gives, `words` what `Embedder.words` gives.
        """
        return self.logits_of_products(values @ self.weights + self.own.sums(words), counts)

    def logits_of_products(
        self, products: NDArray[np.float64], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Give the logits, shape (n, n_topics + 1), from what `Embedder.fold` gives."""
        return products / np.maximum(counts, 1)[:, None] * self.step + self.bias


def probabilities_of(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the probability of each topic (softmax of each row), the same for a row in any batch."""
    columns = np.ascontiguousarray(logits.T)
    scores = np.exp(columns - columns.max(axis=0))
    total = np.zeros(len(logits))
    for column in scores:  # one order of summation for any batch
        total += column
    return np.asarray((scores / total).T)
