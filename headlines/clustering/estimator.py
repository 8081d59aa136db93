"""Clusters by the rules of scikit-learn, which checks parameters and vectors."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from headlines.clustering.arguments import Words
from headlines.clustering.clusterer import Clusterer, Labels
from headlines.clustering.whitening import Whitening


class HeadlineClusterer(Clusterer, ClusterMixin, BaseEstimator):  # type: ignore[misc] # sklearn is untyped
    """Stories and themes of headlines; how many there are is found, and a story may be of one.

    1. Samples of one text become one point: syndicated news would cluster with its copies alone.
    2. Directions that tell near points apart are whitened away (`Whitening`), and each point is
       joined to its nearest ones (`Neighbourhood`), where they are near enough for one story.
    3. Leiden finds communities of that graph. What is far from the others of its community
       leaves it again.
    4. Communities whose members are six tenths as near to each other as among themselves
       are joined, the nearest first: these are the stories. Among themselves the members of a
       small one are taken to be as near as is usual in a story (`Usual`).
    5. Leiden communities of the stories, joined to all their neighbours, are the themes: every
       story lies in one. Where the topics of the samples are told, each topic is a node too, and
       stories are joined to theirs (`with_topics`).

    Parameters
    ----------
    n_neighbors : int, default 12
        Neighbours that a sample is joined to; fewer where there are fewer samples.
    resolution : float, default 4.0
        Of the communities that stories are made of; larger values give more and smaller ones.
        Beyond 10,000 samples it grows with their number, as modularity would let stories grow.
    theme_resolution : float, default 1.5
        The same for themes.
    noise : float, default 0.0
        Strength, 0 to 1, below which a sample belongs to no story, or theme (-1). By default
        every sample has its place; a story of one has the strength 0.
    whitening : Whitening, optional
        What was learned for these vectors from news in general: `Whitening.of_news(fingerprint)`
        has it for the embedders that the package knows. Learned from the samples by default.
    random_state : int, RandomState instance or None, default 0
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
    texts_ : ndarray of int64, shape (n_samples,)
        Samples whose vectors are all but the same share a number, and their clusters.
    copies_ : ndarray of int64, shape (n_samples,)
        Samples that are copies of one another share a number: those of one text whose words, where
        they are given, have the same numbers and negations.

    References
    ----------
    Traag, Waltman, van Eck 2019, From Louvain to Leiden: guaranteeing well-connected
    communities, Scientific Reports 9, 5233.

    Notes
    -----
    Vectors alone tell stories apart less well than vectors and words: of the titles of 152
    stories .83 are put right against .85, with snippets .79 against .90 (benchmarks/clusters.py,
    built-in embedder). `HeadlineLabeler.cluster` passes both; `vectors_and_words` makes them of
    texts, as in the example.

    Examples
    --------
    >>> from headlines import HeadlineClusterer, StaticEmbedder
    >>> from headlines.clustering.clusterer import vectors_and_words
    >>> texts = ["Floods hit Siberia", "Siberia floods spread", "Court jails poet"]
    >>> X, words = vectors_and_words(texts, StaticEmbedder())
    >>> HeadlineClusterer(n_neighbors=1).fit(X, words=words).labels_
    array([0, 0, 1])
    """

    _parameter_constraints: ClassVar[dict[str, Sequence[Any]]] = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "resolution": [Interval(Real, 0, None, closed="neither")],
        "theme_resolution": [Interval(Real, 0, None, closed="neither")],
        "noise": [Interval(Real, 0, 1, closed="both")],
        "whitening": [Whitening, None],
        "random_state": ["random_state"],
    }

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        words: Words | None = None,
        days: ArrayLike | None = None,
        previous: ArrayLike | None = None,
        topics: ArrayLike | None = None,
    ) -> Self:
        """Find the stories and themes of the samples.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
            Vectors; only their direction counts. A row of zeros is like nothing else: it is a
            story of its own, unless it has all the words of another such row.
        y : ignored
        words : sequence of sequences of str, optional
            The words of each sample: rare ones that two samples share bring them nearer.
        days : array-like of float, shape (n_samples,), optional
            Day of each sample, as a number; NaN where it isn't known. Samples that are far apart
            in time are less near: stories fade.
        previous : array-like of int, shape (n_samples,) or (n_samples, 2), optional
            Story of each sample in an earlier run, -1 where it had none, and its theme. Samples
            that were in one tend to stay together, and others apart; new numbers are given.
        topics : array-like of float, shape (n_samples, n_topics), optional
            Probability of every topic, 0 to 1; a row of zeros where none is known. Themes gather
            by them; stories don't.

        Raises
        ------
        ValueError
            When X holds NaN, a parameter is out of its range, or an argument has another length
            or type.
        """
        self._validate_params()
        vectors = validate_data(self, X, dtype=[np.float64, np.float32])
        return super().fit(vectors, words=words, days=days, previous=previous, topics=topics)

    def predict(self, X: ArrayLike, *, words: Words | None = None) -> Labels:
        """Give the story that most of a sample's near neighbours lie in, by their weights.

        Parameters
        ----------
        X : array-like of float, shape (n_samples, n_features)
        words : sequence of sequences of str, optional
            As for `fit`.

        Returns
        -------
        ndarray of int64, shape (n_samples,)
            For the samples of the fit, their `labels_`; -1 for what is near to none of them, and
            for a row of zeros, whichever it is.
        """
        check_is_fitted(self)
        vectors = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return super().predict(vectors, words=words)
