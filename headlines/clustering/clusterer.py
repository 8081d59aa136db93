"""Clusters: the stories of a feed and the themes above them, without being told how many."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from headlines.clustering.arguments import (
    Words,
    checked_days,
    checked_previous,
    checked_topics,
    checked_words,
)
from headlines.clustering.communities import (
    MIN_ALIKE,
    Usual,
    aggregated,
    anchored,
    averaged,
    joined,
    leiden,
    mostly,
    strengths,
    thinned,
    with_topics,
)
from headlines.clustering.copies import copies, digests, in_half, one_texts
from headlines.clustering.neighbourhood import MIN_CANDIDATES, Contents, Neighbourhood
from headlines.clustering.rarity import FeedWords
from headlines.clustering.whitening import Whitening, nearest_others
from headlines.embedding.embedder import Embedder
from headlines.embedding.vocabulary import tokenize
from headlines.feeds.headline import Headline
from headlines.feeds.intake import as_headlines
from headlines.neighbours import nearest

logger = logging.getLogger(__name__)

NEAR, NEAR_BY_VECTOR = 0.7, 0.6
"""Nearness from which two samples may tell one story, by vectors and words and by vectors alone."""

NEAR_IN_SPREADS = 11.0
"""The same in standard deviations of a feed's nearness (`Usual`), where that is less."""

MAX_PLAIN_SAMPLES = 10_000
"""Samples beyond which the resolution grows with their number: stories don't."""

MIN_KNOWN = 0.5
"""Share of a title's words that a static embedder has to know for its vector to say anything."""

Labels = NDArray[np.int64]
Strengths = NDArray[np.float64]


class Clusterer:
    """What `HeadlineClusterer` does, for vectors that need no check: without scikit-learn.

    Parameters and attributes are those of `HeadlineClusterer`.
    """

    def __init__(
        self,
        n_neighbors: int = 12,
        *,
        resolution: float = 4.0,
        theme_resolution: float = 1.5,
        noise: float = 0.0,
        whitening: Whitening | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.resolution = resolution
        self.theme_resolution = theme_resolution
        self.noise = noise
        self.whitening = whitening
        self.random_state = random_state

    def fit(
        self,
        X: NDArray[Any],
        y: object = None,
        *,
        words: Words | None = None,
        days: ArrayLike | None = None,
        previous: ArrayLike | None = None,
        topics: ArrayLike | None = None,
    ) -> Self:
        """Find the stories and themes of finite vectors, shape (n_samples, n_features)."""
        self._check()
        if self.whitening is not None and len(self.whitening.mean) != X.shape[1]:
            of = len(self.whitening.mean)
            raise ValueError(f"whitening is of {of} features, X has {X.shape[1]}")
        vectors, words = X, checked_words(words, len(X))
        days = checked_days(days, len(vectors))
        previous = checked_previous(previous, len(vectors))
        topics = checked_topics(topics, len(vectors))
        known: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
        texts = np.empty(len(vectors), dtype=np.int64)
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        stories, themes, of_stories, of_themes = none, none, nothing, nothing
        self._digests, self._text_of = np.zeros(0, dtype="V16"), none
        if known.any():
            some = None if words is None else list(compress(words, known))
            points, near, texts[known] = self._fit_points(
                vectors if known.all() else vectors[known]
            )
            own = self._fit_words(some, texts[known], len(points))
            first = None
            if days is not None:
                first = np.full(len(points), np.nan)
                np.fmin.at(first, texts[known], days[known])
            self._usual = Usual.of(Contents.of(points, own, None))  # whatever their days
            told = Contents.of(points, own, first)
            self._neighbourhood = Neighbourhood.of(told, self.n_neighbors, near)
            del points, near, told  # large, where the feed is
            stories, themes, of_stories, of_themes = self._communities(
                texts[known], previous[known], None if topics is None else topics[known]
            )
        alone = _alone(np.flatnonzero(~known), words)
        texts[~known] = len(stories) + alone
        stories, of_stories = _with(alone, stories, of_stories)
        themes, of_themes = _with(alone, themes, of_themes)
        stories, themes = _by_size(stories, texts), _by_size(themes, texts)
        logger.info("joined to %d stories in %d themes", stories.max() + 1, themes.max() + 1)
        self._labels = np.where(of_stories < self.noise, -1, stories)
        self.texts_, self.labels_ = texts, self._labels[texts]
        self.copies_ = copies(texts, words)
        self.themes_ = np.where(of_themes < self.noise, -1, themes)[texts]
        self.probabilities_, self.theme_probabilities_ = of_stories[texts], of_themes[texts]
        return self

    def _check(self) -> None:
        """Refuse settings that are out of their range."""
        for name in ("n_neighbors", "resolution", "theme_resolution"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected more than 0")
        if not 0 <= self.noise <= 1:
            raise ValueError(f"noise is {self.noise!r}, expected a share from 0 to 1")

    def _communities(
        self, texts: Labels, previous: Labels, topics: Strengths | None
    ) -> tuple[Labels, Labels, Strengths, Strengths]:
        """Find the story and the theme of each point, and its strength in them."""
        told, every = self._neighbourhood.told, self._neighbourhood.graph()
        n = len(told)
        was = np.full((n, 2), -1, dtype=np.int64)
        np.maximum.at(was, texts, previous)
        usual = self._usual
        near = self._neighbourhood.graph(self._least)
        fine = self.resolution * max(1.0, n / MAX_PLAIN_SAMPLES)
        stories = leiden(anchored(near, was[:, 0]), fine, self.random_state)
        logger.info("%d edges, %d communities", near.nnz // 2, stories.max() + 1)
        stories = thinned(stories, told, usual)
        least = min(self._least, MIN_ALIKE * usual.among(int(stories.max()) + 1))
        near = self._neighbourhood.graph(least)
        stories = joined(stories, near, told, was[:, 0], usual)
        between = aggregated(every, stories)
        of_story = mostly(stories, was[:, 1])
        between = anchored(between, of_story)
        if topics is not None:
            between = with_topics(between, np.bincount(stories), averaged(topics, stories[texts]))
        found = leiden(between, self.theme_resolution, self.random_state)
        themes = np.unique(found[stories], return_inverse=True)[1].reshape(-1)
        return stories, themes, strengths(every, stories), strengths(every, themes)

    @property
    def _least(self) -> float:
        """Nearness below which no two samples are joined."""
        most = NEAR_BY_VECTOR if self._words is None else NEAR
        return min(most, NEAR_IN_SPREADS * self._usual.spread)

    def predict(self, X: NDArray[Any], *, words: Words | None = None) -> Labels:
        """Give the story of finite vectors, shape (n_samples, n_features)."""
        vectors, words = X, checked_words(words, len(X))
        result = np.full(len(vectors), -1, dtype=np.int64)
        known = np.flatnonzero(vectors.any(axis=1))
        if len(known) and len(self._digests):
            some = None if words is None else [words[i] for i in known.tolist()]
            result[known] = self._predict_known(in_half(vectors[known]), some)
        return result

    def strengths_in(self, labels: Labels) -> Strengths:
        """Give the strength of the fit's samples in clusters that were settled behind it.

        Both are (n_samples,); of one text the first sample's cluster counts.
        """
        texts, first = np.unique(self.texts_, return_index=True)
        of_texts = np.ones(len(texts))
        graph = self.graph()
        known = graph.shape[0]  # texts behind these are like nothing else
        of_texts[:known] = strengths(graph, labels[first[:known]])
        return of_texts[self.texts_]

    def graph(self) -> sparse.csr_matrix:
        """Give the weights of the edges between the fit's texts, by their numbers in `texts_`."""
        if len(self._digests):
            return self._neighbourhood.graph()
        return sparse.csr_matrix((0, 0))

    def _predict_known(self, whole: NDArray[np.float32], words: Words | None) -> Labels:
        found = digests(whole)
        place = np.minimum(np.searchsorted(self._digests, found), len(self._digests) - 1)
        result = self._labels[self._text_of[place]]
        new = np.flatnonzero(self._digests[place] != found)
        if len(new):
            known = None
            if self._words is not None and words is not None:
                known = self._words.vectors([words[i] for i in new.tolist()])
            told = Contents.of(self._whitening(whole[new]), known, None)
            told.shared.resize(len(new), self._neighbourhood.told.shared.shape[1])  # of no day
            near, nearness, weights = self._neighbourhood.of_others(told)
            weights = np.where(nearness > self._least, weights, 0.0)
            result[new] = _elected(self._labels[near], weights)
        return np.asarray(result)

    def _fit_points(self, vectors: NDArray[Any]) -> tuple[NDArray[np.float32], Labels, Labels]:
        """Make one point of each text and whiten it; give those near each too, shape (n, m).

        The third are the points that samples became.

        Identical vectors are one point: they share a cluster, and `predict` finds it again. In
        the order of their digests points don't depend on the order of the samples.
        """
        whole = in_half(vectors)
        self._digests, first, point_of = np.unique(
            digests(whole), return_index=True, return_inverse=True
        )
        points, point_of = whole[first], point_of.reshape(-1)
        del whole
        near, cosine = nearest(points, min(MIN_CANDIDATES, len(points) - 1))
        self._text_of, kept = one_texts(near, cosine)
        logger.info(
            "%d samples, %d distinct, %d texts; %d candidates each",
            len(vectors), len(points), len(kept), near.shape[1],
        )  # fmt: skip
        points, near = points[kept], self._text_of[near[kept]]
        if self.whitening is None:
            self._whitening = Whitening.of(points, nearest_others(near))
        else:
            self._whitening = self.whitening.centred_on(points)
        return self._whitening(points), near, self._text_of[point_of]

    def _fit_words(self, words: Words | None, texts: Labels, n: int) -> sparse.csr_matrix | None:
        """Give the points' words as unit vectors, by their rarity."""
        self._words = None
        if words is None:
            return None
        # Of one text the first in the order of words speaks, whichever came first.
        spoken: list[tuple[str, ...] | None] = [None] * n
        for place, some in zip(texts.tolist(), words, strict=True):
            held = spoken[place]
            spoken[place] = tuple(some) if held is None else min(held, tuple(some))
        said = [some or () for some in spoken]
        self._words = FeedWords.of(said)
        return self._words.vectors(said)


def _with(alone: Labels, labels: Labels, firm: Strengths) -> tuple[Labels, Strengths]:
    """Add communities of points that are alone, which nothing holds together."""
    n = int(alone.max(initial=-1)) + 1
    more = labels.max(initial=-1) + 1 + np.arange(n)
    return np.concatenate([labels, more]), np.concatenate([firm, np.zeros(n)])


def _alone(places: Labels, words: Words | None) -> Labels:
    """Number samples that are like nothing else; those of the same words share a number."""
    first: dict[tuple[str, ...], int] = {}
    numbers = []
    for place in places.tolist():
        said = tuple(words[place]) if words is not None else ()
        numbers.append(first.setdefault(said or (str(place), ""), len(first)))
    return np.array(numbers, dtype=np.int64)


def vectors_and_words(
    texts: Iterable[str | Headline], embedder: Embedder
) -> tuple[NDArray[np.float32], list[list[str]]]:
    """Make of n texts what `HeadlineClusterer` clusters: vectors, (n, n_features), and words.

    What stands around a headline's title, as a source does, is taken off. Where a static embedder
    doesn't know the words, the vector is of zeros: two titles in another language would be alike
    for a comma or a name that they share.
    """
    titles = [headline.text for headline in as_headlines(texts)]
    vectors = embedder.vectors(titles)
    vectors[_unknown(titles, embedder)] = 0
    return vectors, [tokenize(title) or [title.casefold()] for title in titles]


def _unknown(titles: Sequence[str], embedder: Embedder) -> list[int]:
    """Give the places of titles whose words an embedder doesn't know, but for a few."""
    if not embedder.terms_are_words:
        return []
    found = []
    for place, title in enumerate(titles):
        if not title.isascii():
            words = [word for word in tokenize(title) if word.isalpha()]
            known = sum(map(bool, embedder.terms(words)))
            if words and known < MIN_KNOWN * len(words):
                found.append(place)
    return found


def _elected(labels: Labels, weights: NDArray[np.float64]) -> Labels:
    """Give the label with the largest weight in each row; where nothing weighs, -1."""
    n, k = labels.shape
    rows = np.repeat(np.arange(n), k)
    shape = (n, int(labels.max()) + 2)
    votes = sparse.csr_matrix((weights.ravel(), (rows, labels.ravel() + 1)), shape=shape)
    best = np.asarray(votes.argmax(axis=1)).reshape(-1) - 1
    return np.where(weights.sum(axis=1) > 0, best, -1)


def _by_size(labels: Labels, place_of: Labels) -> Labels:
    """Number the labels of points by their count of samples, then by first appearance."""
    of_samples = labels[place_of]
    _, first, counts = np.unique(of_samples, return_index=True, return_counts=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    return rank[labels]
