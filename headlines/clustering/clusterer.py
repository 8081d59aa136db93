"""Clusters: the stories of a feed and the themes above them, without being told how many."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from headlines.clustering.communities import aggregated, anchored, joined, leiden, mostly, strengths
from headlines.clustering.neighbourhood import CANDIDATES, Neighbourhood, Whitening
from headlines.neighbours import nearest, whole_vectors

__all__ = ["HeadlineClusterer"]

COPIES = 0.9
"""Cosine from which two samples are copies of one text."""

LARGE = 10_000
"""Samples beyond which the resolution grows with their number: stories don't."""

Labels = NDArray[np.int64]
Words = Sequence[Sequence[str]]


class HeadlineClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Stories and themes of headlines; their numbers are found, and every sample has its place.

    1. Copies of one text become one point: syndicated news would cluster with its copies alone.
    2. Directions that tell near points apart are whitened away (`Whitening`), and each point is
       joined to its nearest ones (`Neighbourhood`).
    3. Leiden finds communities of that graph at a resolution that is finer than stories are.
    4. Communities whose members are half as near to each other as they are among themselves
       are joined, the nearest first: these are the stories. How many there are follows from it.
    5. Leiden communities of the graph of stories are the themes: every story lies in one.

    Parameters
    ----------
    n_neighbors : int, default 12
        Neighbours that a sample is joined to; fewer where there are fewer samples.
    resolution : float, default 8.0
        Of the communities that stories are made of; larger values give more and smaller ones.
        Beyond 10,000 samples it grows with their number, as modularity would let stories grow.
    theme_resolution : float, default 1.5
        The same for themes.
    noise : float, default 0.0
        Strength, 0 to 1, below which a sample belongs to no story, or theme (-1). By default
        every sample has its place.
    random_state : int, default 0
        Seed of the order in which Leiden visits nodes.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n_samples,)
        Story of each sample, 0 being the largest; -1 for noise.
    themes_ : ndarray of int64, shape (n_samples,)
        The same for themes; every story lies in one.
    probabilities_ : ndarray of float64, shape (n_samples,)
        Strength: share of the weight of a sample's edges that stays in its story.
    theme_probabilities_ : ndarray of float64, shape (n_samples,)
        The same for its theme.
    copies_ : ndarray of int64, shape (n_samples,)
        Samples that are copies of one another share a number.

    References
    ----------
    Traag, Waltman, van Eck 2019, From Louvain to Leiden: guaranteeing well-connected
    communities, Scientific Reports 9, 5233.

    Examples
    --------
    >>> X = [[1.0, 0.0], [0.99, 0.1], [0.0, 1.0], [0.1, 0.99]]
    >>> HeadlineClusterer(n_neighbors=1).fit(X).labels_
    array([0, 0, 1, 1])
    """

    def __init__(
        self,
        n_neighbors: int = 12,
        *,
        resolution: float = 8.0,
        theme_resolution: float = 1.5,
        noise: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.resolution = resolution
        self.theme_resolution = theme_resolution
        self.noise = noise
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        words: Words | None = None,
        previous: ArrayLike | None = None,
    ) -> Self:
        """Find the stories and themes of the samples.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
            Vectors; only their direction counts. A row of zeros is like nothing else.
        y : ignored
        words : sequence of sequences of str, optional
            The words of each sample: rare ones that two samples share bring them nearer.
        previous : array-like of int, shape (n_samples,) or (n_samples, 2), optional
            Story of each sample in an earlier run, -1 where it had none, and its theme. Samples
            that were in one tend to stay together, and others apart; new numbers are given.

        Returns
        -------
        HeadlineClusterer

        Raises
        ------
        ValueError
            When X holds NaN, a parameter is out of its range, or lengths differ.
        """
        vectors = validate_data(self, X, dtype=[np.float64, np.float32])
        self._check(len(vectors), words)
        whole = _whole(vectors)
        # Identical vectors are one point: they share a cluster, and `predict` finds it again.
        # In the order of their digests points don't depend on the order of the samples.
        self._digests, first, point_of = np.unique(
            _digests(whole), return_index=True, return_inverse=True
        )
        points, point_of = whole[first], point_of.reshape(-1)
        del whole
        near, cosine = nearest(points, min(CANDIDATES, len(points) - 1))
        copy_of, kept = _copies(near, cosine)
        texts = copy_of[point_of]
        points, near = points[kept], copy_of[near[kept]]
        del cosine  # large, where the feed is
        self._whitening = Whitening.of(points, _few(near))
        points = self._whitening(points)
        self._words = None
        known = None if words is None else self._fit_words(words, texts, len(kept))
        self._neighbourhood = Neighbourhood.of(points, known, self.n_neighbors, near)
        del near
        graph = self._neighbourhood.graph()
        was, was_theme = _known(previous, texts, len(kept))
        fine = self.resolution * max(1.0, len(kept) / LARGE)
        stories = leiden(anchored(graph, was), fine, self.random_state)
        stories = joined(stories, graph, self._neighbourhood, was)
        between = aggregated(graph, stories)
        of_story = mostly(stories, was_theme)
        themes = leiden(anchored(between, of_story), self.theme_resolution, self.random_state)
        stories, themes = _by_size(stories, texts), _by_size(themes[stories], texts)
        of_stories, of_themes = strengths(graph, stories), strengths(graph, themes)
        self._copy_of, self._labels = copy_of, np.where(of_stories < self.noise, -1, stories)
        self.labels_, self.copies_ = self._labels[texts], texts
        self.themes_ = np.where(of_themes < self.noise, -1, themes)[texts]
        self.probabilities_, self.theme_probabilities_ = of_stories[texts], of_themes[texts]
        return self

    def _check(self, n: int, words: Words | None) -> None:
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors}, expected 1 or more")
        if not (self.resolution > 0 and self.theme_resolution > 0):
            raise ValueError(
                f"resolution is {self.resolution}, theme_resolution {self.theme_resolution}; "
                "expected above 0"
            )
        if not 0 <= self.noise <= 1:
            raise ValueError(f"noise is {self.noise}, expected 0 to 1")
        if words is not None and len(words) != n:
            raise ValueError(f"words of {len(words)} samples for {n} samples")

    def _fit_words(self, words: Words, texts: Labels, n: int) -> sparse.csr_matrix | None:
        """Give the points' words as unit vectors of inverse document frequencies."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        # Of copies the first in the order of words speaks, whichever came first.
        spoken: list[tuple[str, ...] | None] = [None] * n
        for place, some in zip(texts.tolist(), words, strict=True):
            held = spoken[place]
            spoken[place] = tuple(some) if held is None else min(held, tuple(some))
        words_of = TfidfVectorizer(analyzer=_same, min_df=2)
        try:
            known = words_of.fit_transform([some or () for some in spoken])
        except ValueError:  # no word that two texts share
            return None
        self._words = words_of
        return known

    def predict(self, X: ArrayLike, *, words: Words | None = None) -> Labels:
        """Give the story that most of a sample's neighbours lie in, by their weights.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
        words : sequence of sequences of str, optional
            As for `fit`.

        Returns
        -------
        ndarray of int64, shape (n_samples,)
            For the samples of the fit, their `labels_`.
        """
        check_is_fitted(self)
        vectors = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        self._check(len(vectors), words)
        whole = _whole(vectors)
        digests = _digests(whole)
        place = np.minimum(np.searchsorted(self._digests, digests), len(self._digests) - 1)
        result = self._labels[self._copy_of[place]]
        new = np.flatnonzero(self._digests[place] != digests)
        if len(new):
            known = None
            if self._words is not None and words is not None:
                known = self._words.transform([words[i] for i in new.tolist()])
            near, weights = self._neighbourhood.of_others(self._whitening(whole[new]), known)
            result[new] = _elected(self._labels[near], weights)
        return np.asarray(result)


def _same(words: Sequence[str]) -> Sequence[str]:
    return words


def _whole(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Give whole vectors in half the space: their numbers fit."""
    result = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), 8192):
        result[start : start + 8192] = whole_vectors(vectors[start : start + 8192])
    return result


def _digests(whole: NDArray[np.float32]) -> NDArray[np.bytes_]:
    """Give 16 bytes for each point."""
    found = b"".join(blake2b(row.tobytes(), digest_size=16).digest() for row in whole)
    return np.frombuffer(found, dtype="V16").view(">u8").reshape(-1, 2).view("V16").reshape(-1)


def _copies(near: Labels, cosine: NDArray[np.float64]) -> tuple[Labels, Labels]:
    """Number the texts that points are copies of; give the first point of each too."""
    n = len(near)
    rows, columns = np.nonzero(cosine >= COPIES)
    graph = sparse.csr_matrix((np.ones(len(rows)), (rows, near[rows, columns])), shape=(n, n))
    found = sparse.csgraph.connected_components(graph, directed=False)[1]
    _, kept, copy_of = np.unique(found, return_index=True, return_inverse=True)
    return copy_of.reshape(-1), kept


def _few(near: Labels, few: int = 3) -> Labels:
    """Give the few nearest of each point, itself aside, shape (n, few or fewer)."""
    own = near == np.arange(len(near))[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :few]
    return np.take_along_axis(near, order, axis=1)


def _known(previous: ArrayLike | None, place_of: Labels, n: int) -> tuple[Labels, Labels]:
    """Give the story and theme that each point was in, -1 where its samples were in none."""
    result = np.full((n, 2), -1, dtype=np.int64)
    if previous is not None:
        earlier = np.asarray(previous)
        shapes = ((len(place_of),), (len(place_of), 2))
        if earlier.shape not in shapes or not np.issubdtype(earlier.dtype, np.integer):
            raise ValueError(
                f"previous is {earlier.dtype} of shape {earlier.shape}, expected whole numbers, "
                f"one for each of {len(place_of)} samples, or story and theme"
            )
        for level, column in enumerate(earlier.reshape(len(place_of), -1).T):
            np.maximum.at(result[:, level], place_of, column)
    return result[:, 0], result[:, 1]


def _elected(labels: Labels, weights: NDArray[np.float64]) -> Labels:
    """Give the label with the largest weight in each row; where nothing weighs, the nearest's."""
    n, k = labels.shape
    rows = np.repeat(np.arange(n), k)
    shape = (n, int(labels.max()) + 2)
    votes = sparse.csr_matrix((weights.ravel(), (rows, labels.ravel() + 1)), shape=shape)
    best = np.asarray(votes.argmax(axis=1)).reshape(-1) - 1
    return np.where(weights.sum(axis=1) > 0, best, labels[:, 0])


def _by_size(labels: Labels, place_of: Labels) -> Labels:
    """Number the labels of points by their count of samples, then by first appearance."""
    of_samples = labels[place_of]
    _, first, inverse, counts = np.unique(
        of_samples, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    result = np.empty(len(labels), dtype=np.int64)
    result[place_of] = rank[inverse.reshape(-1)]
    return result
