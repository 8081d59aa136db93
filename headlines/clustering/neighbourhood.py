"""The neighbourhood of a feed's headlines: by whitened vectors, shared words and days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.neighbours import (
    MAX_EXACT,
    STEPS,
    Floats,
    Places,
    blocks,
    compared,
    nearest,
    symmetric_graph,
)

MIN_CANDIDATES = 50
"""Nearest points by vector, of which the neighbours are chosen by words too."""

WORDS = 0.8
"""Weight of shared words beside the cosine of the vectors."""

DAYS = 1.0
"""What two headlines lose in nearness that are `FADING` days apart or more."""

FADING = 360
"""Days in which a story fades: two headlines are the less near, the farther apart."""

DAYS_A_STEP = 15
"""Days between which no difference is made."""

SHARPNESS = 3.0
"""How fast a neighbour's weight falls with its distance."""


@dataclass(frozen=True)
class Contents:
    """What n headlines tell; how near two are is a sum over the three.

    It is the cosine of their vectors, and `WORDS` times that of their words; where both have a
    date, `DAYS` times the share of `FADING` days that they are apart is taken off. The days of a
    headline are the steps of time that it lives for, so that the share of them that two have in
    common falls evenly as they are further apart, and sums over many headlines stay exact.
    """

    points: NDArray[Any]  # as `whole_vectors` gives them, shape (n, n_features)
    shared: sparse.csr_matrix  # words and days, each by the root of its weight, (n, n_traits)
    dated: Floats  # 1 where there is a date, else 0

    @classmethod
    def of(
        cls, points: NDArray[Any], words: sparse.csr_matrix | None, days: Floats | None
    ) -> Contents:
        """Put n points, unit vectors over words (n, n_words), and days, NaN for none, together."""
        n = len(points)
        parts = [] if words is None else [words * np.sqrt(WORDS)]
        dated = np.zeros(n) if days is None else np.isfinite(days).astype(np.float64)
        if days is not None and dated.any():
            parts.append(_lives(days, dated))
        shared = sparse.hstack(parts, format="csr") if parts else sparse.csr_matrix((n, 1))
        return cls(points, shared, dated)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, places: Any) -> Contents:
        return Contents(self.points[places], self.shared[places], self.dated[places])

    def nearness(self, other: Contents, near: Places, cosine: Floats | None = None) -> Floats:
        """Tell how near each headline is to k others, whose places are in near, (n, k).

        Where the cosines of their vectors are known, shape (n, k), they aren't found again.
        """
        result = np.empty(near.shape)
        for rows in blocks(len(near)):
            some = near[rows]
            here = np.repeat(np.arange(rows.start, rows.start + len(some)), near.shape[1])
            product = self.shared[here].multiply(other.shared[some.ravel()])
            result[rows] = np.asarray(product.sum(axis=1)).reshape(some.shape)
            result[rows] -= DAYS * self.dated[rows, None] * other.dated[some]
            if cosine is None:
                result[rows] += _cosines(self.points[rows], other.points[some])
        return result if cosine is None else result + cosine

    def itself(self) -> Floats:
        """Tell how near each is to itself."""
        norms = np.einsum("ij,ij->i", self.points, self.points, dtype=np.float64) / STEPS**2
        own = np.asarray(self.shared.multiply(self.shared).sum(axis=1)).reshape(-1)
        return np.asarray(norms + own - DAYS * self.dated)


@dataclass(frozen=True)
class Neighbourhood:
    """Headlines and the neighbours of each.

    A neighbour weighs by how near it is beside what is usual for both: a point in a dense place
    is near to many, and none of them is near enough for that alone (local scaling: Zelnik-Manor,
    Perona 2004, Self-tuning spectral clustering, NIPS).
    """

    told: Contents
    usual: Floats  # nearness of the last of each point's nearest neighbours
    columns: Places  # neighbours of each point, those that weigh most first, shape (n, k)
    nearness: Floats  # theirs
    weights: Floats  # theirs

    @classmethod
    def of(
        cls, told: Contents, n_neighbors: int, candidates: Places | None = None
    ) -> Neighbourhood:
        """Find the neighbours of n points among themselves, or among candidates of shape (n, m).

        A candidate that is the point itself doesn't count, nor one that was there already.
        """
        n = len(told)
        k = min(n_neighbors, n - 1)
        cosine = None
        if candidates is None or n <= MAX_EXACT:
            candidates, cosine = nearest(told.points, min(max(MIN_CANDIDATES, k), n - 1))
        else:
            candidates = np.sort(candidates, axis=1)
        score = told.nearness(told, candidates, cosine)
        if cosine is None:
            void = candidates == np.arange(n)[:, None]
            void[:, 1:] |= candidates[:, 1:] == candidates[:, :-1]
            score[void] = -np.inf
        near, similarity = _ranked(candidates, score)
        last = np.clip(np.isfinite(similarity).sum(axis=1), 1, max(1, k)) - 1
        usual = similarity[np.arange(n), last] if k > 0 else np.zeros(n)
        usual = np.where(np.isfinite(usual), usual, 0.0)
        return cls(told, usual, *_weighed(near, similarity, usual, usual, k))

    def graph(self, least: float = 0.0) -> sparse.csr_matrix:
        """Give the weights of neighbours nearer than `least` as a symmetric graph, (n, n)."""
        return symmetric_graph(self.columns, np.where(self.nearness > least, self.weights, 0.0))

    def of_others(self, told: Contents) -> tuple[Places, Floats, Floats]:
        """Find the neighbours of m other points among these.

        Gives columns, how near they are, and weights, all of shape (m, k).
        """
        n = len(self.told)
        k = max(1, self.columns.shape[1])
        near, cosine = compared(told.points, self.told.points, min(max(MIN_CANDIDATES, k), n))
        near, similarity = _ranked(near, told.nearness(self.told, near, cosine))
        return _weighed(near, similarity, similarity[:, min(k, n) - 1], self.usual, min(k, n))


def _lives(days: Floats, dated: Floats) -> sparse.csr_matrix:
    """Give the steps that each headline lives for, by the root of their share and of `DAYS`."""
    steps = FADING // DAYS_A_STEP
    known = np.flatnonzero(dated)
    first = np.floor(days[known] / DAYS_A_STEP).astype(np.int64)
    first -= first.min()
    columns = (first[:, None] + np.arange(steps)).ravel()
    starts = np.concatenate([[0], np.cumsum(np.where(dated > 0, steps, 0))])
    values = np.full(len(columns), np.sqrt(DAYS / steps))
    return sparse.csr_matrix((values, columns, starts), shape=(len(days), columns.max() + 1))


def _cosines(of: NDArray[Any], near: NDArray[Any]) -> Floats:
    """Give the cosines of points (n, n_features) and those near each, (n, k, n_features)."""
    near, of = near.astype(np.float32, copy=False), of.astype(np.float32, copy=False)
    return np.asarray(np.matmul(near, of[:, :, None])[:, :, 0] / STEPS**2, dtype=np.float64)


def _weighed(
    near: Places, similarity: Floats, usual: Floats, usual_among: Floats, k: int
) -> tuple[Places, Floats, Floats]:
    """Choose the k nearest beside what is usual; points that share nothing weigh nothing."""
    columns, found, weights = (np.empty((len(near), k), t) for t in (np.int64, float, float))
    for rows in blocks(len(near), 8192):
        nearness = 2 * similarity[rows] - usual[rows, None] - usual_among[near[rows]]
        weight = np.where(similarity[rows] > 0, np.exp(SHARPNESS * nearness), 0.0)
        order = np.argsort(-nearness, axis=1, kind="stable")[:, :k]
        columns[rows] = np.take_along_axis(near[rows], order, axis=1)
        found[rows] = np.take_along_axis(similarity[rows], order, axis=1)
        weights[rows] = np.take_along_axis(weight, order, axis=1)
    return columns, found, weights


def _ranked(near: Places, score: Floats) -> tuple[Places, Floats]:
    order = np.argsort(-score, axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(score, order, axis=1)
