"""The graph of nearest neighbours, which clusters are found in and labels spread over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.threads import one_thread
from headlines.errors import MissingExtraError, require

if TYPE_CHECKING:
    from scipy import sparse

STEPS = 2.0**24
"""Vectors are rounded to this many steps, so that similarities are exact sums of whole numbers."""

BLOCK_POINTS = 1024
"""Points that are compared with all others at a time."""

MAX_EXACT = 20_000
"""Points up to which every pair is compared; more are searched by cells (faiss)."""

PROBED_CELLS = 12
"""Cells that are searched for a point's neighbours."""

KMEANS_ROUNDS = 5
"""Rounds of the k-means that the cells come from."""

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


def whole_vectors(X: NDArray[Any]) -> NDArray[np.float64]:
    """Scale rows (n, n_features) to unit length and round them to whole numbers of `STEPS`."""
    X = X.astype(np.float64, copy=False)
    norms = np.sqrt((X * X).sum(axis=1))
    whole = np.rint(X / np.where(norms > 0, norms, 1)[:, None] * STEPS)
    return np.asarray(whole + 0.0)  # no negative zeros: equal points have equal bytes


def neighbour_graph(points: NDArray[Any], n_neighbors: int) -> sparse.csr_matrix:
    """Join every point to its nearest ones, in both directions, weighted by cosine.

    Points are as `whole_vectors` gives them; where they are few, so are the neighbours of each.
    """
    from scipy import sparse

    k = min(n_neighbors, len(points) - 1)
    if k < 1:
        return sparse.csr_matrix((len(points), len(points)))
    columns, similarity = compared(points, points, k, itself=True)
    return symmetric_graph(columns, np.maximum(similarity, 1e-9))


def nearest(points: NDArray[Any], k: int) -> tuple[Places, Floats]:
    """Find the k nearest other points of each by cosine, ties going to the earlier point.

    Points are as `whole_vectors` gives them, and k is below their number. Up to `MAX_EXACT` of
    them every pair is compared; beyond, points in the cells next to a point are (an inverted
    file of faiss, from the extra `scale`), and cosines are true to about a hundredth. Gives
    their places, the nearest first, and their cosines, both of shape (n, k).
    """
    if k < 1:
        return np.zeros((len(points), 0), dtype=np.int64), np.zeros((len(points), 0))
    if len(points) > MAX_EXACT:
        return _by_cells(points, k)
    return compared(points, points, k, itself=True)


def compared(
    of: NDArray[Any], among: NDArray[Any], k: int, *, itself: bool = False
) -> tuple[Places, Floats]:
    """Compare every pair."""
    columns, similarity = np.empty((len(of), k), dtype=np.int64), np.empty((len(of), k))
    other = among.astype(np.float64).T
    for rows in blocks(len(of), max(1, min(BLOCK_POINTS, 2**25 // len(among)))):
        found = of[rows].astype(np.float64) @ other
        if itself:
            place = np.arange(len(found))
            found[place, place + rows.start] = -np.inf
        columns[rows], similarity[rows] = _best(found, k)
    return columns, similarity / STEPS**2


def _best(found: Floats, k: int) -> tuple[Places, Floats]:
    """Give the k largest of each row, in order; of equal ones those that come first."""
    bound = np.partition(found, found.shape[1] - k, axis=1)[:, found.shape[1] - k]
    columns = np.empty((len(found), k), dtype=np.int64)
    for i, row in enumerate(found):
        candidates = np.flatnonzero(row >= bound[i])
        columns[i] = candidates[np.argsort(-row[candidates], kind="stable")[:k]]
    return columns, np.take_along_axis(found, columns, axis=1)


def need_cells(n: int) -> Any:
    """Give the library that so many points are searched with; None where they are few enough.

    Raises MissingExtraError, which says how many there are, where it isn't installed.
    """
    if n <= MAX_EXACT:
        return None
    try:
        return require("faiss", "scale")
    except MissingExtraError as error:
        many = f"{n:,} distinct headlines are too many to compare each with each"
        raise MissingExtraError(f"{many}: {error}") from None


def _by_cells(points: NDArray[Any], k: int) -> tuple[Places, Floats]:
    """Compare points with those in the cells that are nearest to them."""
    faiss = need_cells(len(points))
    n, features = points.shape
    scale = np.float32(1 / STEPS)  # a power of two: nothing is rounded
    cells = int(2 * np.sqrt(n))
    index = faiss.index_factory(features, f"IVF{cells},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.nprobe, index.cp.niter = PROBED_CELLS, KMEANS_ROUNDS
    with one_thread():  # k-means sums in the order of its threads
        index.train(points[: 40 * cells].astype(np.float32) * scale)
    for rows in blocks(n, 65536):
        index.add(points[rows].astype(np.float32) * scale)
    columns, similarity = np.empty((n, k), dtype=np.int64), np.empty((n, k))
    for rows in blocks(n, 4096):
        found, near = index.search(points[rows].astype(np.float32) * scale, k + 1)
        near = np.where(near < 0, near[:, :1], near)  # cells that hold fewer than k
        own = near == np.arange(rows.start, rows.start + len(near))[:, None]
        others = np.argsort(own, axis=1, kind="stable")[:, :k]
        columns[rows] = np.take_along_axis(near, others, axis=1)
        similarity[rows] = np.take_along_axis(found, others, axis=1)
    return columns, similarity


def blocks(n: int, size: int = BLOCK_POINTS) -> Iterator[slice]:
    """Give slices that part n rows, or columns, into blocks."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def symmetric_graph(columns: Places, weights: Floats) -> sparse.csr_matrix:
    """Join n points to k others each, shapes (n, k), in both directions."""
    from scipy import sparse

    n, k = columns.shape
    bounds = np.arange(n + 1) * k
    graph = sparse.csr_matrix((weights.ravel(), columns.ravel(), bounds), shape=(n, n))
    graph = graph.maximum(graph.T).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph


def normalised_graph(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divide every edge by the roots of the weights at its two ends."""
    from scipy import sparse

    degree = np.asarray(graph.sum(axis=1)).ravel()
    root = sparse.diags(1 / np.sqrt(np.maximum(degree, 1e-12)))
    return (root @ graph @ root).tocsr()


def checked_graph(graph: Any, n: int) -> sparse.csr_matrix:
    """Give a graph of n samples whose weights are numbers of 0 or more."""
    from scipy import sparse

    if not sparse.issparse(graph) or graph.shape != (n, n):
        found = f"shape {graph.shape}" if sparse.issparse(graph) else type(graph).__name__
        raise ValueError(f"graph is of {found}, expected a sparse matrix of shape {(n, n)}")
    from sklearn.utils.validation import check_array

    graph = check_array(graph, dtype=np.float64, accept_sparse="csr", input_name="graph")
    if graph.nnz and graph.data.min() < 0:
        raise ValueError(f"graph has a weight of {graph.data.min()}, expected 0 or more")
    return graph
