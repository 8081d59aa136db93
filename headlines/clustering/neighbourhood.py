"""The neighbourhood of a feed's headlines: by whitened vectors and shared words, locally scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.embedding.threads import one_thread
from headlines.neighbours import (
    MAX_EXACT,
    STEPS,
    Floats,
    Places,
    blocks,
    compared,
    nearest,
    symmetric_graph,
    whole_vectors,
)

MIN_CANDIDATES = 50
"""Nearest points by vector, of which the neighbours are chosen by words too."""

WORDS = 0.8
"""Weight of shared words beside the cosine of the vectors."""

SHARPNESS = 3.0
"""How fast a neighbour's weight falls with its distance."""

SHRINKAGE = 0.1
"""Share of an even spread in the covariance that whitening takes out; more with few points."""

MAX_WHITENING_POINTS = 20_000
"""Points whose neighbours show that covariance."""


@dataclass(frozen=True)
class Whitening:
    """A linear map under which near neighbours differ alike in every direction.

    Headlines of one story differ in how they are told. Directions along which near neighbours
    differ much say little about what sets stories apart, and count less. The mean and the matrix
    hold whole numbers, so that products are exact for any batch. As in Hatch, Kajarekar, Stolcke
    2006, Within-class covariance normalization for SVM-based speaker recognition, Interspeech;
    here nearest neighbours stand for classes.
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def of(cls, points: NDArray[Any], near: Places) -> Whitening:
        """Learn it from points (n, n_features) and the nearest few of each, shape (n, k)."""
        of = points[:MAX_WHITENING_POINTS].astype(np.float64) / STEPS
        n, features = of.shape
        with one_thread():  # sums that are not exact: always in the same order
            covariance = np.zeros((features, features))
            for j in range(near.shape[1]):
                apart = of - points[near[:n, j]] / STEPS
                covariance += apart.T @ apart
            spread = np.trace(covariance) / features
            even = np.eye(features) * (spread if spread > 0 else 1.0)
            share = max(SHRINKAGE, features / (features + n))
            values, vectors = np.linalg.eigh((1 - share) * covariance + share * even)
            matrix = (vectors / np.sqrt(values)) @ vectors.T
            mean = np.rint(of.mean(axis=0) * STEPS)
        return cls(mean, np.rint(matrix / np.abs(matrix).max() * 2.0**20))

    def __call__(self, points: NDArray[Any]) -> NDArray[np.float32]:
        """Map points, shape (n, n_features), to whole vectors of the same shape."""
        result = np.empty(points.shape, dtype=np.float32)  # holds 24 bits
        for rows in blocks(len(points), 8192):
            result[rows] = whole_vectors((points[rows] - self.mean) @ self.matrix)
        return result


@dataclass(frozen=True)
class Neighbourhood:
    """Points, their words, and how near the neighbours of each are.

    Two headlines are as near as the cosine of their vectors and that of their words say
    (`WORDS`), beside what is usual for each: a point in a dense place is near to many, and
    none of them is near enough for that alone (local scaling: Zelnik-Manor, Perona 2004,
    Self-tuning spectral clustering, NIPS).
    """

    points: NDArray[Any]  # as `whole_vectors` gives them, shape (n, n_features)
    words: sparse.csr_matrix | None  # unit vectors over words, shape (n, n_words)
    usual: Floats  # similarity of the last of each point's nearest neighbours
    columns: Places  # neighbours of each point, the nearest first, shape (n, k)
    weights: Floats  # theirs

    @classmethod
    def of(
        cls,
        points: NDArray[Any],
        words: sparse.csr_matrix | None,
        n_neighbors: int,
        candidates: Places | None = None,
    ) -> Neighbourhood:
        """Find the neighbours of n points among themselves, or among candidates of shape (n, m).

        A candidate that is the point itself doesn't count, nor one that was there already.
        """
        n = len(points)
        k = min(n_neighbors, n - 1)
        cosine = None
        if candidates is None or n <= MAX_EXACT:
            candidates, cosine = nearest(points, min(max(MIN_CANDIDATES, k), n - 1))
        near, similarity = np.empty(candidates.shape, np.int64), np.empty(candidates.shape)
        for rows in blocks(n):
            some, score = candidates[rows], None if cosine is None else cosine[rows]
            if score is None:
                some = np.sort(some, axis=1)
                score = _cosines(points[rows], points[some])
                void = some == np.arange(rows.start, rows.stop)[:, None]
                void[:, 1:] |= some[:, 1:] == some[:, :-1]
                score[void] = -np.inf
            if words is not None:
                score = score + WORDS * _shared(words[rows], words, some)
            near[rows], similarity[rows] = _ranked(some, score)
        last = np.clip(np.isfinite(similarity).sum(axis=1), 1, max(1, k)) - 1
        usual = similarity[np.arange(n), last] if k > 0 else np.zeros(n)
        usual = np.where(np.isfinite(usual), usual, 0.0)
        columns, weights = _weighed(near, similarity, usual, usual, k)
        return cls(points, words, usual, columns, weights)

    def graph(self) -> sparse.csr_matrix:
        """Give the weights as a symmetric graph, shape (n, n)."""
        return symmetric_graph(self.columns, self.weights)

    def of_others(
        self, points: NDArray[Any], words: sparse.csr_matrix | None
    ) -> tuple[Places, Floats]:
        """Find the neighbours of m other points among these: columns and weights, shape (m, k)."""
        n = len(self.points)
        k = max(1, self.columns.shape[1])
        near, similarity = compared(points, self.points, min(max(MIN_CANDIDATES, k), n))
        if self.words is not None and words is not None:
            similarity = similarity + WORDS * _shared(words, self.words, near)
        near, similarity = _ranked(near, similarity)
        return _weighed(near, similarity, similarity[:, k - 1], self.usual, k)


def _cosines(of: NDArray[Any], near: NDArray[Any]) -> Floats:
    """Give the cosines of points (n, n_features) and those near each, (n, k, n_features)."""
    near, of = near.astype(np.float32, copy=False), of.astype(np.float32, copy=False)
    return np.asarray(np.matmul(near, of[:, :, None])[:, :, 0] / STEPS**2, dtype=np.float64)


def _shared(of: sparse.csr_matrix, among: sparse.csr_matrix, near: Places) -> Floats:
    """Give the cosine of words between each row and those near it."""
    result = np.empty(near.shape)
    for rows in blocks(len(near)):
        left = of[np.repeat(np.arange(rows.start, rows.start + len(near[rows])), near.shape[1])]
        product = left.multiply(among[near[rows].ravel()])
        result[rows] = np.asarray(product.sum(axis=1)).reshape(-1, near.shape[1])
    return result


def _weighed(
    near: Places, similarity: Floats, usual: Floats, usual_among: Floats, k: int
) -> tuple[Places, Floats]:
    """Choose the k nearest beside what is usual; points that share nothing weigh nothing."""
    columns, weights = np.empty((len(near), k), dtype=np.int64), np.empty((len(near), k))
    for rows in blocks(len(near), 8192):
        nearness = 2 * similarity[rows] - usual[rows, None] - usual_among[near[rows]]
        weight = np.where(similarity[rows] > 0, np.exp(SHARPNESS * nearness), 0.0)
        order = np.argsort(-nearness, axis=1, kind="stable")[:, :k]
        columns[rows] = np.take_along_axis(near[rows], order, axis=1)
        weights[rows] = np.take_along_axis(weight, order, axis=1)
    return columns, weights


def _ranked(near: Places, score: Floats) -> tuple[Places, Floats]:
    order = np.argsort(-score, axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1), np.take_along_axis(score, order, axis=1)
