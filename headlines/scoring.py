"""From an embedder's sums to probabilities of topics, in exact arithmetic.

What a classifier learned is kept as whole numbers. The products of an embedder's whole
numbers with these stay below 2**53, so float64 holds every partial sum exactly and the
logits don't depend on the order of summation, on the batch, or on the linear-algebra library.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["TopicScorer", "probabilities_of"]

SUM_BITS = 27
"""Bits of an embedder's whole numbers; see `Embedder.sums`."""


@dataclass(frozen=True)
class TopicScorer:
    """A linear classifier over an embedder's sums.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_features, n_topics)
        Whole numbers.
    step : float
        A power of two: the value of one unit of ``values @ weights``.
    bias : ndarray of float64, shape (n_topics,)
    """

    weights: NDArray[np.float64]
    step: float
    bias: NDArray[np.float64]

    @classmethod
    def from_linear(cls, coef: ArrayLike, intercept: ArrayLike, unit: float) -> Self:
        """Round a fitted linear model to whole numbers.

        Parameters
        ----------
        coef : array-like of float, shape (n_topics, n_features)
            Weights over `Embedder.features`.
        intercept : array-like of float, shape (n_topics,)
        unit : float
            The embedder's `unit`.

        Returns
        -------
        TopicScorer
        """
        weights = np.asarray(coef, dtype=np.float64).T * unit
        bits = 53 - SUM_BITS - 1 - math.ceil(math.log2(max(2, weights.shape[0])))
        largest = float(np.abs(weights).max(initial=0.0))
        step = 2.0 ** (math.ceil(math.log2(largest)) - bits) if largest > 0 else 1.0
        return cls(np.rint(weights / step), step, np.asarray(intercept, dtype=np.float64))

    def logits(self, values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the logits of headlines from their sums.

        Parameters
        ----------
        values : ndarray of float64, shape (n, n_features)
        counts : ndarray of int64, shape (n,)
            As `Embedder.sums` gives them.

        Returns
        -------
        ndarray of float64, shape (n, n_topics)
        """
        return self.logits_of_products(values @ self.weights, counts)

    def logits_of_products(
        self, products: NDArray[np.float64], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Give the logits of headlines from what `Embedder.fold(weights)` gives for them.

        Parameters
        ----------
        products : ndarray of float64, shape (n, n_topics)
        counts : ndarray of int64, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n, n_topics)
        """
        return products / np.maximum(counts, 1)[:, None] * self.step + self.bias


def probabilities_of(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the probability of each topic (softmax), the same for a row in any batch.

    Parameters
    ----------
    logits : ndarray of float64, shape (n, n_topics)

    Returns
    -------
    ndarray of float64, shape (n, n_topics)
        Rows that add up to 1.
    """
    columns = np.ascontiguousarray(logits.T)
    scores = np.exp(columns - columns.max(axis=0))
    total = np.zeros(len(logits))
    for column in scores:  # one order of summation for any batch
        total += column
    return np.asarray((scores / total).T)
