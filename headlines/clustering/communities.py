"""Communities of a graph of neighbours: found, held to an earlier run, thinned out and joined."""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.clustering.neighbourhood import DAYS, Contents
from headlines.embedding.threads import one_thread
from headlines.neighbours import STEPS, blocks

MAX_PARTNERS = 16
"""Communities that each is held against."""

ANCHOR = 0.75
"""Share by which an earlier run's stories make edges within them weigh more, between them less."""

MIN_ALIKE = 0.6
"""Two groups are one story when their samples are this near to each other, of what they
are among themselves."""

MIN_OWN = 0.25
"""A sample leaves a large group when it is less near to the others than this, of what they are."""

PRIOR_PAIRS, LEAVING_PRIOR_PAIRS = 30, 300
"""Pairs of `Usual` nearness that stand beside those of a group, to join it and to leave it."""

LEAVING_ROUNDS = 5

AT_ONCE = 2**15
"""Points whose communities are added up at a time: the sums of all would be large."""

FEW, GROWTH = 9.5, 10.0
"""Standard deviations that are usual within one of few stories; more where there are ten times
as many."""

FEW_STORIES, NEWS_STORIES = 120, 60
"""How many are few, and stories of news in general that stand beside those of a feed."""

SAMPLE = 1000
"""Headlines whose nearness to each other shows how far apart it lies in a feed."""

BELOW = 0.16, 0.5
"""Shares of pairs that are a standard deviation apart, below the middle."""

NEWS_PAIRS, NEWS_SPREAD = 1000, 0.075
"""Pairs of headlines of news in general that stand beside those of a feed, and their spread."""

_DRAWING = threading.Lock()
"""The C library has one state for all threads."""

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Usual:
    """How near the headlines of one story usually are: what a small group is held against.

    The more stories a feed has, and the farther apart the nearness of its headlines lies, the
    nearer two of them come by chance. So what is asked for is told in standard deviations of
    the nearness of a feed's headlines, and grows with the logarithm of the number of stories.
    """

    spread: float

    @classmethod
    def of(cls, told: Contents) -> Usual:
        """Learn it from a sample of undated headlines, news in general beside them."""
        some = told[np.arange(min(len(told), SAMPLE))]
        with one_thread():
            near = some.points.astype(np.float64) @ some.points.T.astype(np.float64) / STEPS**2
        near += (some.shared @ some.shared.T).toarray()
        pairs = near[np.triu_indices(len(some), 1)]
        if not len(pairs):
            return cls(NEWS_SPREAD)
        low, middle = np.quantile(pairs, BELOW)  # what tells one story lies above
        held = (middle - low) * len(pairs) + NEWS_SPREAD * NEWS_PAIRS
        return cls(float(held / (len(pairs) + NEWS_PAIRS)))

    def among(self, stories: int) -> float:
        """Give it for a number of stories."""
        return self.spread * (FEW + GROWTH * math.log10((stories + NEWS_STORIES) / FEW_STORIES))


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
        from sklearn.utils import check_random_state

        seed = int(check_random_state(random_state).randint(1, 2**31 - 1))
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    library.srand(ctypes.c_uint(seed))


def anchored(graph: sparse.csr_matrix, was: Labels) -> sparse.csr_matrix:
    """Let edges within an earlier story weigh more, and those between two less."""
    edges = graph.tocoo()
    weights = edges.data * _bond(was[edges.row], was[edges.col])
    return sparse.csr_matrix((weights, (edges.row, edges.col)), shape=graph.shape)


def _bond(one: Labels, other: Labels) -> Floats:
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
    held.sort_indices()  # of equally frequent ones the first is taken
    most = np.maximum.reduceat(held.data, held.indptr[:-1])  # no community is empty
    best = np.flatnonzero(held.data == np.repeat(most, np.diff(held.indptr)))
    first = best[np.searchsorted(best, held.indptr[:-1])]
    return np.asarray(held.indices[first], dtype=np.int64) - 1


def thinned(labels: Labels, told: Contents, usual: Usual) -> Labels:
    """Let samples leave that are far from the others of their community: each is one of its own.

    In every round at most the worse half of a community leaves.
    """
    near, stale = np.empty(len(labels)), np.ones(len(labels), dtype=bool)
    for _ in range(LEAVING_ROUNDS):
        labels = np.unique(labels, return_inverse=True)[1].reshape(-1)
        sizes = np.bincount(labels)
        some = np.flatnonzero(sizes[labels] > 1)
        if not len(some):
            break
        for here in _together(labels, some[stale[some]]):
            of = np.unique(labels[here], return_inverse=True)[1].reshape(-1)
            near[here] = _nearness_to_own(of, told[here])
        of, n, near_own = labels[some], sizes[labels[some]], near[some]
        own = np.bincount(of, near_own)[of]
        asked = MIN_ALIKE * LEAVING_PRIOR_PAIRS * usual.among(len(sizes))
        least = (MIN_OWN * own + asked) / (n * (n - 1) + LEAVING_PRIOR_PAIRS)
        order = np.lexsort((near_own, of))
        place = np.empty(len(some), dtype=np.int64)
        place[order] = np.arange(len(some)) - np.searchsorted(of[order], of[order])
        leaving = some[(near_own / (n - 1) < least) & (place < np.maximum(1, n // 2))]
        if not len(leaving):
            break
        stale = np.isin(labels, labels[leaving])
        labels[leaving] = len(sizes) + np.arange(len(leaving))
    return np.unique(labels, return_inverse=True)[1].reshape(-1)


def _together(labels: Labels, places: Labels) -> list[Labels]:
    """Part places into lists of some length, those of one community in one list."""
    if not len(places):
        return []
    places = places[np.argsort(labels[places], kind="stable")]
    first = np.searchsorted(labels[places], labels[places])
    return np.split(places, np.flatnonzero(np.diff(first // AT_ONCE)) + 1)


def _nearness_to_own(labels: Labels, told: Contents) -> Floats:
    """Give the nearness of each point to all others of its community, added up."""
    sums = _Sums.of(_members(labels), told)
    result = -told.itself()
    for rows in blocks(len(labels), 8192):
        of, of_these = labels[rows], told.points[rows].astype(np.float64) / STEPS
        result[rows] += np.einsum("ij,ij->i", of_these, sums.points[of])
        shared = told.shared[rows].multiply(sums.shared[of]).sum(axis=1)
        result[rows] += np.asarray(shared).reshape(-1)
        result[rows] -= DAYS * told.dated[rows] * sums.dated[of]
    return result


def joined(
    labels: Labels, graph: sparse.csr_matrix, told: Contents, was: Labels, usual: Usual
) -> Labels:
    """Join communities that are alike, pair by pair, each with the one most like it.

    Communities without an edge to another stay as they are.
    """
    between = aggregated(graph, labels)
    apart = between.sum(axis=1) - between.diagonal()[:, None] > 0
    touched = np.flatnonzero(np.asarray(apart).reshape(-1))
    if not len(touched):
        return labels
    alone = between.shape[0] - len(touched)
    number = np.full(between.shape[0], -1, dtype=np.int64)
    number[touched] = np.arange(len(touched))
    some = np.flatnonzero(number[labels] >= 0)
    of = number[labels[some]]
    shape = len(touched), len(labels)
    member = sparse.csr_matrix((np.ones(len(some)), (of, some)), shape=shape)
    communities = _Communities(member, between[touched][:, touched], told, was)
    while True:
        stories = alone + len(communities.sizes)
        i, j, nearness, alike = communities.pairs(usual.among(stories))
        partner = _best_partner(i, j, alike, len(communities.sizes))
        chosen = (alike >= MIN_ALIKE) & (partner[i] == j) & (partner[j] == i)
        if not chosen.any():
            break
        of = communities.merge(i[chosen], j[chosen], nearness[chosen])[of]
    labels = labels + len(some)  # beyond the numbers of those that were held against others
    labels[some] = of
    return np.unique(labels, return_inverse=True)[1].reshape(-1)


@dataclass(frozen=True)
class _Sums:
    """What the points of each community tell, added up."""

    points: Floats
    shared: sparse.csr_matrix
    dated: Floats

    @classmethod
    def of(cls, member: sparse.csr_matrix, told: Contents) -> _Sums:
        points = np.empty((member.shape[0], told.points.shape[1]))
        for some in blocks(points.shape[1], 32):  # of a large feed a few columns at a time
            points[:, some] = member @ (told.points[:, some].astype(np.float64) / STEPS)
        return cls(points, (member @ told.shared).tocsr(), member @ told.dated)

    def merged(self, member: sparse.csr_matrix) -> _Sums:
        return _Sums(member @ self.points, (member @ self.shared).tocsr(), member @ self.dated)

    def nearness(self, i: Labels, j: Labels) -> Floats:
        """Give the sum of nearness over all pairs of points of communities i and j."""
        result = np.empty(len(i))
        for some in blocks(len(i), 8192):
            a, b = i[some], j[some]
            result[some] = np.einsum("ij,ij->i", self.points[a], self.points[b])
            shared = self.shared[a].multiply(self.shared[b]).sum(axis=1)
            result[some] += np.asarray(shared).reshape(-1) - DAYS * self.dated[a] * self.dated[b]
        return result


class _Communities:
    """What the points of each community are together: sums, which merging adds up."""

    def __init__(
        self, member: sparse.csr_matrix, between: sparse.csr_matrix, told: Contents, was: Labels
    ) -> None:
        self.sizes = np.asarray(member.sum(axis=1)).reshape(-1)
        self._sums = _Sums.of(member, told)
        self._between = between.tocsr()
        self._held = (member @ _held(was)).tocsr()
        every = np.arange(len(self.sizes))
        self._inside = self._sums.nearness(every, every) - member @ told.itself()
        # A community keeps its name until it is merged, and a pair of names its nearness.
        self._names, self._used = every, len(every)
        self._pairs, self._found = np.empty(0, dtype=np.int64), np.empty(0)

    def pairs(self, usual: float) -> tuple[Labels, Labels, Floats, Floats]:
        """Give neighbouring pairs i < j, the nearness of their points, and how alike they are.

        Alike is the mean nearness of a point of i and one of j, of the mean within each; what is
        usual within a story stands beside the pairs of a small one.
        """
        pairs = self.sizes * (self.sizes - 1.0)
        within = (self._inside + PRIOR_PAIRS * usual) / (pairs + PRIOR_PAIRS)
        i, j = _linked(self._between, self.sizes)
        nearness = self._remembered(i, j)
        both = (within[i] + within[j]) / 2
        cross = nearness / (self.sizes[i] * self.sizes[j])
        alike = np.where(both > 0, cross / np.where(both > 0, both, 1), 0.0)
        was = _most(self._held)
        return i, j, nearness, alike * _bond(was[i], was[j])

    def merge(self, i: Labels, j: Labels, nearness: Floats) -> Labels:
        """Merge each j into its i; give the new number of every community."""
        target = np.arange(len(self.sizes))
        target[j] = i
        target = np.unique(target, return_inverse=True)[1].reshape(-1)
        member = _members(target)
        self.sizes, self._sums = member @ self.sizes, self._sums.merged(member)
        self._inside = member @ self._inside
        self._inside[target[i]] += 2 * nearness
        self._between = (member @ self._between @ member.T).tocsr()
        self._held = (member @ self._held).tocsr()
        names = np.empty(len(self.sizes), dtype=np.int64)
        names[target] = self._names
        names[target[i]] = self._used + np.arange(len(i))
        self._names, self._used = names, self._used + len(i)
        return target

    def _remembered(self, i: Labels, j: Labels) -> Floats:
        pairs = self._names[i] << 32 | self._names[j]
        new = ~np.isin(pairs, self._pairs)
        result = np.empty(len(pairs))
        result[new] = self._sums.nearness(i[new], j[new])
        result[~new] = self._found[np.searchsorted(self._pairs, pairs[~new])]
        order = np.argsort(pairs)
        self._pairs, self._found = pairs[order], result[order]
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


def _best_partner(i: Labels, j: Labels, alike: Floats, count: int) -> Labels:
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


def averaged(topics: Floats, labels: Labels) -> Floats:
    """Average the topics of samples, (n, n_topics), over each community.

    Sums of whole millionths are exact, in whatever order the samples come.
    """
    member = _members(labels)
    sums: Floats = member @ np.rint(topics * 1e6)
    return sums / (1e6 * np.bincount(labels)[:, None])


def with_topics(
    between: sparse.csr_matrix, sizes: NDArray[np.int64], topics: Floats
) -> sparse.csr_matrix:
    """Put a node for each topic behind those of stories, which are joined to their topics.

    To a topic that is sure a story weighs as much as its points (`sizes`) do to their neighbours
    on average; else the square of the probability counts, so that what no topic covers is left to
    its neighbours (benchmarks/research/themes.py). A topic that is most of a feed is cut by the
    resolution, as all communities are.
    """
    usual = between.sum() / sizes.sum() or 1.0
    some = topics[:, topics.any(axis=0)]
    if not some.size:
        return between
    edges = sparse.csr_matrix(usual * sizes[:, None] * some**2)
    return sparse.bmat([[between, edges], [edges.T, None]]).tocsr()


def strengths(graph: sparse.csr_matrix, labels: Labels) -> Floats:
    """Give each point's share of weight that stays in its community; 0 where it has no edge."""
    edges = graph.tocoo()
    inside = np.where(labels[edges.row] == labels[edges.col], edges.data, 0.0)
    total = np.bincount(edges.row, edges.data, minlength=len(labels))
    within = np.bincount(edges.row, inside, minlength=len(labels))
    return np.where(total > 0, within / np.where(total > 0, total, 1), 0.0)
