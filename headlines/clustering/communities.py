"""Communities of a graph of neighbours: found, held to an earlier run, and joined."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state

from headlines.clustering.neighbourhood import WORDS, Neighbourhood
from headlines.neighbours import STEPS, blocks

MAX_PARTNERS = 16
"""Communities that each is held against."""

ANCHOR = 0.75
"""Share by which an earlier run's stories make edges within them weigh more, between them less."""

MIN_ALIKE = 0.5
"""Two groups are one story when their samples are as near to each other as this, of what they
are among themselves."""

_DRAWING = threading.Lock()
"""The C library has one state for all threads."""

Labels = NDArray[np.int64]


def leiden(graph: sparse.csr_matrix, resolution: float, random_state: Any) -> Labels:
    """Leiden communities (see `HeadlineClusterer`); isolated nodes are some of their own."""
    if graph.nnz == 0:
        return np.arange(graph.shape[0], dtype=np.int64)
    from sknetwork.clustering import Leiden

    graph.sort_indices()
    with _DRAWING:
        _seed(random_state)
        found = Leiden(resolution=resolution).fit_predict(graph)
    return np.asarray(found, dtype=np.int64)


def _seed(random_state: Any) -> None:
    """Seed the C library's `rand`, which scikit-network draws from and doesn't seed."""
    if isinstance(random_state, int | np.integer):
        seed = int(random_state) + 1  # glibc takes 0 for 1
    else:
        seed = int(check_random_state(random_state).randint(1, 2**31 - 1))
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    library.srand(ctypes.c_uint(seed))


def anchored(graph: sparse.csr_matrix, was: Labels) -> sparse.csr_matrix:
    """Let edges within an earlier story weigh more, and those between two less."""
    edges = graph.tocoo()
    weights = edges.data * _bond(was[edges.row], was[edges.col])
    return sparse.csr_matrix((weights, (edges.row, edges.col)), shape=graph.shape)


def _bond(one: Labels, other: Labels) -> NDArray[np.float64]:
    known = (one >= 0) & (other >= 0)
    return np.where(known, np.where(one == other, 1 + ANCHOR, 1 - ANCHOR), 1.0)


def mostly(labels: Labels, was: Labels) -> Labels:
    """Give each community's most frequent earlier one, -1 where most points were in none."""
    return _most(_members(labels) @ _held(was))


def _held(was: Labels) -> sparse.csr_matrix:
    """Give each point a row, with a one where its story was; the first column is for new ones."""
    n = len(was)
    ones = (np.ones(n), (np.arange(n), was + 1))
    return sparse.csr_matrix(ones, shape=(n, int(was.max()) + 2))


def _most(held: sparse.csr_matrix) -> Labels:
    """Give the story that most of each community's points were in, -1 where most are new."""
    return np.asarray(held.argmax(axis=1)).reshape(-1).astype(np.int64) - 1


def joined(labels: Labels, graph: sparse.csr_matrix, known: Neighbourhood, was: Labels) -> Labels:
    """Join communities that are alike, pair by pair, each with the one most like it."""
    communities = _Communities(labels, graph, known, was)
    while True:
        i, j, nearness, alike = communities.pairs()
        partner = _best_partner(i, j, alike, len(communities.sizes))
        chosen = (alike >= MIN_ALIKE) & (partner[i] == j) & (partner[j] == i)
        if not chosen.any():
            return labels
        labels = communities.merge(i[chosen], j[chosen], nearness[chosen])[labels]


class _Communities:
    """What the points of each community are together: sums, which merging adds up."""

    def __init__(
        self, labels: Labels, graph: sparse.csr_matrix, known: Neighbourhood, was: Labels
    ) -> None:
        member, points = _members(labels), known.points
        itself = np.einsum("ij,ij->i", points, points, dtype=np.float64) / STEPS**2
        self._words = None
        if known.words is not None:
            itself += WORDS * (np.diff(known.words.indptr) > 0)
            self._words = (member @ known.words).tocsr()
        self.sizes = np.asarray(member.sum(axis=1)).reshape(-1)
        self._sums = np.empty((len(self.sizes), points.shape[1]))
        for some in blocks(points.shape[1], 32):  # of a large feed a few columns at a time
            self._sums[:, some] = member @ (points[:, some].astype(np.float64) / STEPS)
        self._between = (member @ graph @ member.T).tocsr()
        self._held = (member @ _held(was)).tocsr()
        every = np.arange(len(self.sizes))
        self._inside = self._nearness(every, every) - member @ itself
        # A community keeps its name until it is merged, and a pair of names its nearness.
        self._names, self._used = every, len(every)
        self._pairs, self._found = np.empty(0, dtype=np.int64), np.empty(0)

    def pairs(self) -> tuple[Labels, Labels, NDArray[np.float64], NDArray[np.float64]]:
        """Give neighbouring pairs i < j, the nearness of their points, and how alike they are.

        Alike is the mean nearness of a point of i and one of j, of the mean within each; within
        a community of one that is what is common.
        """
        pairs = self.sizes * (self.sizes - 1.0)
        common = self._inside[pairs > 0].sum() / max(1.0, pairs.sum())
        within = np.where(pairs > 0, self._inside / np.where(pairs > 0, pairs, 1), common)
        i, j = _linked(self._between, self.sizes)
        nearness = self._remembered(i, j)
        both = (within[i] + within[j]) / 2
        cross = nearness / (self.sizes[i] * self.sizes[j])
        alike = np.where(both > 0, cross / np.where(both > 0, both, 1), 0.0)
        was = _most(self._held)
        return i, j, nearness, alike * _bond(was[i], was[j])

    def merge(self, i: Labels, j: Labels, nearness: NDArray[np.float64]) -> Labels:
        """Merge each j into its i; give the new number of every community."""
        target = np.arange(len(self.sizes))
        target[j] = i
        target = np.unique(target, return_inverse=True)[1].reshape(-1)
        member = _members(target)
        self.sizes, self._sums = member @ self.sizes, member @ self._sums
        self._inside = member @ self._inside
        self._inside[target[i]] += 2 * nearness
        self._words = None if self._words is None else (member @ self._words).tocsr()
        self._between = (member @ self._between @ member.T).tocsr()
        self._held = (member @ self._held).tocsr()
        names = np.empty(len(self.sizes), dtype=np.int64)
        names[target] = self._names
        names[target[i]] = self._used + np.arange(len(i))
        self._names, self._used = names, self._used + len(i)
        return target

    def _remembered(self, i: Labels, j: Labels) -> NDArray[np.float64]:
        pairs = self._names[i] << 32 | self._names[j]
        new = ~np.isin(pairs, self._pairs)
        result = np.empty(len(pairs))
        result[new] = self._nearness(i[new], j[new])
        result[~new] = self._found[np.searchsorted(self._pairs, pairs[~new])]
        order = np.argsort(pairs)
        self._pairs, self._found = pairs[order], result[order]
        return result

    def _nearness(self, i: Labels, j: Labels) -> NDArray[np.float64]:
        """Give the sum of nearness over all pairs of points of communities i and j."""
        result = np.empty(len(i))
        for some in blocks(len(i), 8192):
            result[some] = np.einsum("ij,ij->i", self._sums[i[some]], self._sums[j[some]])
            if self._words is not None:
                shared = self._words[i[some]].multiply(self._words[j[some]]).sum(axis=1)
                result[some] += WORDS * np.asarray(shared).reshape(-1)
        return result


def _linked(between: sparse.csr_matrix, sizes: NDArray[np.int64]) -> tuple[Labels, Labels]:
    """Give the pairs of communities among the closest for one of them, the lower one first."""
    edges = between.tocoo()
    apart = edges.row != edges.col
    i, j = edges.row[apart].astype(np.int64), edges.col[apart].astype(np.int64)
    weight = edges.data[apart] / (sizes[i] * sizes[j])
    order = np.lexsort((j, -weight, i))
    i, j = i[order], j[order]
    place = np.arange(len(i)) - np.searchsorted(i, i)
    i, j = i[place < MAX_PARTNERS], j[place < MAX_PARTNERS]
    pairs = np.unique(np.minimum(i, j) * len(sizes) + np.maximum(i, j))
    return pairs // len(sizes), pairs % len(sizes)


def _best_partner(i: Labels, j: Labels, alike: NDArray[np.float64], count: int) -> Labels:
    """Give each community the one most like it, of equal ones the first; -1 where none is near."""
    one, other = np.concatenate([i, j]), np.concatenate([j, i])
    order = np.lexsort((other, -np.concatenate([alike, alike])))
    partner = np.full(count, -1, dtype=np.int64)
    partner[one[order][::-1]] = other[order][::-1]
    return partner


def _members(labels: Labels) -> sparse.csr_matrix:
    n = len(labels)
    shape = (int(labels.max()) + 1, n)
    return sparse.csr_matrix((np.ones(n), (labels, np.arange(n))), shape=shape)


def aggregated(graph: sparse.csr_matrix, labels: Labels) -> sparse.csr_matrix:
    """Give the graph whose nodes are the communities."""
    member = _members(labels)
    return (member @ graph @ member.T).tocsr()


def strengths(graph: sparse.csr_matrix, labels: Labels) -> NDArray[np.float64]:
    """Give each point's share of weight that stays in its community; 1 where it has no edge."""
    edges = graph.tocoo()
    inside = np.where(labels[edges.row] == labels[edges.col], edges.data, 0.0)
    total = np.bincount(edges.row, edges.data, minlength=len(labels))
    within = np.bincount(edges.row, inside, minlength=len(labels))
    return np.where(total > 0, within / np.where(total > 0, total, 1), 1.0)
