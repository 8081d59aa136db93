"""The graph of nearest neighbours, which clusters are found in and labels spread over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["STEPS", "neighbour_graph", "whole_vectors"]

STEPS = 2.0**24
"""Vectors are rounded to this many steps, so that similarities are exact sums of whole numbers."""


def whole_vectors(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale rows to unit length and round them to whole numbers of `STEPS`.

    Parameters
    ----------
    X : ndarray of float64, shape (n, n_features)

    Returns
    -------
    ndarray of float64, shape (n, n_features)
    """
    norms = np.sqrt((X * X).sum(axis=1))
    whole = np.rint(X / np.where(norms > 0, norms, 1)[:, None] * STEPS)
    return np.asarray(whole + 0.0)  # no negative zeros: equal points have equal bytes


def neighbour_graph(points: NDArray[np.float64], n_neighbors: int) -> sparse.csr_matrix:
    """Join every point to its nearest ones, in both directions, weighted by cosine.

    Parameters
    ----------
    points : ndarray of float64, shape (n, n_features)
        As `whole_vectors` gives them.
    n_neighbors : int
        Neighbours of each point; fewer where there are fewer points.

    Returns
    -------
    csr_matrix of float64, shape (n, n)
        Symmetric; the diagonal is empty.
    """
    n = len(points)
    k = min(n_neighbors, n - 1)
    if k < 1:
        return sparse.csr_matrix((n, n))
    columns = np.empty((n, k), dtype=np.int64)
    weights = np.empty((n, k))
    for start in range(0, n, 1024):
        rows = np.arange(start, min(start + 1024, n))
        similarity = points[rows] @ points.T
        similarity[np.arange(len(rows)), rows] = -np.inf
        # Ties go to the earlier point: a stable order of the k best, chosen by partition first.
        bound = np.partition(similarity, n - k, axis=1)[:, n - k]
        for i, row in enumerate(rows):
            candidates = np.flatnonzero(similarity[i] >= bound[i])
            order = np.argsort(-similarity[i, candidates], kind="stable")[:k]
            columns[row] = candidates[order]
            weights[row] = similarity[i, columns[row]]
    weights = np.maximum(weights / STEPS**2, 1e-9)
    graph = sparse.csr_matrix(
        (weights.ravel(), columns.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )
    return graph.maximum(graph.T).tocsr()
