"""Clusters: a graph of neighbours, its communities, and names for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from headlines.neighbours import neighbour_graph, whole_vectors
from headlines.vocabulary import tokenize

__all__ = ["HeadlineClusterer", "name_clusters"]


class HeadlineClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Communities of a graph of nearest neighbours, on two levels; no number of clusters asked.

    Each sample is joined to its nearest neighbours by cosine similarity. Leiden communities of
    that graph at `story_resolution` are the stories; Leiden communities of the graph of stories
    at `resolution` are the clusters, so that every story lies in one cluster. No sample is noise.

    Parameters
    ----------
    n_neighbors : int, default 10
        Neighbours that a sample is joined to; fewer where there are fewer samples.
    resolution : float, default 1.5
        Larger values give more and smaller clusters.
    story_resolution : float, default 3.0
        The same for stories; not below `resolution`.
    random_state : int, default 0
        Seed of the order in which Leiden visits nodes.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n_samples,)
        Cluster of each sample, 0 being the largest.
    stories_ : ndarray of int64, shape (n_samples,)
        Story of each sample, 0 being the largest.
    probabilities_ : ndarray of float64, shape (n_samples,)
        Strength: share of the weight of a sample's edges that stays in its cluster.
    story_probabilities_ : ndarray of float64, shape (n_samples,)
        The same for its story.

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
        n_neighbors: int = 10,
        *,
        resolution: float = 1.5,
        story_resolution: float = 3.0,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.resolution = resolution
        self.story_resolution = story_resolution
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the clusters of the samples.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
            Vectors; only their direction counts. A row of zeros is like nothing else.
        y : ignored

        Returns
        -------
        HeadlineClusterer

        Raises
        ------
        ValueError
            When X holds NaN or a parameter is out of its range.
        """
        vectors: NDArray[np.float64] = validate_data(self, X, dtype=np.float64)
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors is {self.n_neighbors}, expected 1 or more")
        if not 0 < self.resolution <= self.story_resolution:
            raise ValueError(
                f"resolution is {self.resolution}, story_resolution {self.story_resolution}; "
                "expected 0 < resolution <= story_resolution"
            )
        # Identical vectors are one point: they share a cluster, and `predict` finds it again.
        self._points, point_of = np.unique(whole_vectors(vectors), axis=0, return_inverse=True)
        point_of = point_of.reshape(-1)
        graph = neighbour_graph(self._points, self.n_neighbors)
        stories = _communities(graph, self.story_resolution, self.random_state)
        member = sparse.csr_matrix(
            (np.ones(len(stories)), (stories, np.arange(len(stories)))),
            shape=(stories.max() + 1, len(stories)),
        )
        themes = _communities(member @ graph @ member.T, self.resolution, self.random_state)
        self._point_labels = _by_size(themes[stories], point_of)
        self.labels_ = self._point_labels[point_of]
        self.stories_ = _by_size(stories, point_of)[point_of]
        self.probabilities_ = _strengths(graph, self._point_labels)[point_of]
        self.story_probabilities_ = _strengths(graph, stories)[point_of]
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Give the cluster of each sample: that of the most similar sample of the fit.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)

        Returns
        -------
        ndarray of int64, shape (n_samples,)
            For the samples of the fit, their `labels_`.
        """
        check_is_fitted(self)
        whole = whole_vectors(validate_data(self, X, dtype=np.float64, reset=False))
        nearest = np.empty(len(whole), dtype=np.int64)
        for start in range(0, len(whole), 1024):
            chunk = whole[start : start + 1024]
            nearest[start : start + 1024] = (chunk @ self._points.T).argmax(axis=1)
        known = {point.tobytes(): i for i, point in enumerate(self._points)}
        for row, point in enumerate(whole):  # rounding leaves near-twins at equal similarity
            nearest[row] = known.get(point.tobytes(), nearest[row])
        return np.asarray(self._point_labels[nearest])


def _communities(
    graph: sparse.csr_matrix, resolution: float, random_state: int
) -> NDArray[np.int64]:
    """Leiden communities; isolated nodes are communities of their own."""
    if graph.nnz == 0:
        return np.arange(graph.shape[0], dtype=np.int64)
    from sknetwork.clustering import Leiden

    leiden = Leiden(resolution=resolution, random_state=random_state)
    graph.sort_indices()
    return np.asarray(leiden.fit_predict(graph), dtype=np.int64)


def _by_size(labels: NDArray[np.int64], point_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the labels of points by their count of samples, then by first appearance."""
    of_samples = labels[point_of]
    _, first, inverse, counts = np.unique(
        of_samples, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    result = np.empty(len(labels), dtype=np.int64)
    result[point_of] = rank[inverse.reshape(-1)]
    return result


def _strengths(graph: sparse.csr_matrix, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    edges = graph.tocoo()
    inside = np.where(labels[edges.row] == labels[edges.col], edges.data, 0.0)
    total = np.bincount(edges.row, edges.data, minlength=len(labels))
    within = np.bincount(edges.row, inside, minlength=len(labels))
    return np.where(total > 0, within / np.where(total > 0, total, 1), 1.0)


def name_clusters(texts: Sequence[str], labels: Sequence[int], words: int = 3) -> dict[int, str]:
    """Name clusters by the words that set them apart.

    Class-based TF-IDF with the root of a word's count, so that a word which the whole feed
    repeats doesn't name every cluster.

    Parameters
    ----------
    texts : sequence of str
        n headlines.
    labels : sequence of int
        Their clusters.
    words : int, default 3
        Words in a name.

    Returns
    -------
    dict of int to str
        A name for each cluster, words in the form that the headlines have them most often.

    References
    ----------
    Grootendorst 2022, BERTopic: neural topic modeling with a class-based TF-IDF procedure.

    Examples
    --------
    >>> name_clusters(["Drone hits Kursk", "Drone over Kursk", "Court jails poet"], [0, 0, 1], 2)
    {0: 'Drone, Kursk', 1: 'Court, jails'}
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    counts: dict[int, Counter[str]] = {}
    forms: dict[str, Counter[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        seen = counts.setdefault(int(label), Counter())
        for form in dict.fromkeys(_content_words(text)):
            word = form.casefold()
            if word not in ENGLISH_STOP_WORDS:
                seen[word] += 1
                forms.setdefault(word, Counter())[form] += 1
    total: Counter[str] = Counter()
    for seen in counts.values():
        total.update(seen)
    average = sum(total.values()) / max(1, len(counts))
    names = {}
    for label, seen in sorted(counts.items()):
        weight = {w: math.sqrt(c) * math.log1p(average / total[w]) for w, c in seen.items()}
        place = {w: i for i, w in enumerate(seen)}
        # What stands in one headline alone can't speak for several.
        best = sorted(weight, key=lambda w: (seen[w] < 2, -weight[w], place[w]))[:words]
        names[label] = ", ".join(forms[w].most_common(1)[0][0] for w in best)
    return names


def _content_words(text: str) -> list[str]:
    """Words of three letters or more as the text has them, `U.S.` and numbers aside."""
    known = set(tokenize(text))
    words = (
        w.strip(".,:;!?\"'()[]‘’“”").removesuffix("'s").removesuffix("’s") for w in text.split()
    )
    return [
        w for w in words if len(w) > 2 and w[0].isalpha() and (w.casefold() in known or "-" in w)
    ]
