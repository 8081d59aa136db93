"""Settlement: today's stories and themes among those of an earlier run, which stand."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from headlines.clustering.clusterer import Clusterer, vectors_and_words
from headlines.clustering.edits import ClusterEdits
from headlines.clustering.history import MIN_LIKENESS, EarlierClusters, kept_numbers
from headlines.embedding.embedder import Embedder, unit_rows
from headlines.feeds.dates import day_of
from headlines.feeds.headline import Headline
from headlines.neighbours import need_cells

logger = logging.getLogger(__name__)

LEVELS = ("story", "theme")

Labels = NDArray[np.int64]


class Settlement:
    """The stories and themes of headlines, numbered as an earlier run and an editor would.

    Parameters
    ----------
    headlines : sequence of Headline
        n of them.
    embedder : Embedder
    clusterer : Clusterer
        Is fitted to them.
    level : {"theme", "story"}
        What an editor's clusters are.
    previous : EarlierClusters, optional
        The earlier run, whose clusters stand.
    edits : ClusterEdits, optional
    used : mapping of str to int, optional
        For each level the number from which on none was given yet.
    days : sequence of date or None, optional
        For each headline the day that it is of, where it doesn't tell one itself.
    topics : ndarray of float64, shape (n, n_topics), optional
        Probability of every topic: what themes gather by.

    Attributes
    ----------
    numbers : dict of str to ndarray of int64, shape (n,)
        For each level the cluster of each headline; -1 for noise.
    strengths : ndarray of float64, shape (n,)
        How firmly each lies in its cluster of `level`.
    points : ndarray of float64, shape (n, n_features)
        Unit vectors.
    texts, copies : ndarray of int64, shape (n,)
        Headlines of one text share a number, and those that are copies of one another.
    """

    def __init__(
        self,
        headlines: Sequence[Headline],
        embedder: Embedder,
        clusterer: Clusterer,
        level: str,
        previous: EarlierClusters | None = None,
        edits: ClusterEdits | None = None,
        *,
        used: Mapping[str, int] | None = None,
        days: Sequence[date | None] | None = None,
        topics: NDArray[np.float64] | None = None,
    ) -> None:
        self._keys = [(headline.id, headline.headline) for headline in headlines]
        self._embedder, self._used = embedder, used or {}
        self._then = {kind: previous.numbers(kind) if previous else {} for kind in LEVELS}
        refuse_too_many(headlines, embedder)
        logger.info("embedding %d headlines", len(headlines))
        vectors, words = vectors_and_words(headlines, embedder)
        self.points = unit_rows(vectors.astype(np.float64))
        earlier = None
        if previous:
            earlier = np.stack([self._known(kind)[1] for kind in LEVELS], axis=1)
        when = days_of(headlines, days)
        logger.info("comparing %d headlines", len(headlines))
        clusterer.fit(vectors, words=words, days=when, previous=earlier, topics=topics)
        self.texts, self.copies = clusterer.texts_, clusterer.copies_
        self.numbers: dict[str, Labels] = {}
        for kind, found in (("story", clusterer.labels_), ("theme", clusterer.themes_)):
            numbers = self._standing(kind, found, previous) if previous else found
            if edits and kind == level:
                numbers = edits.apply(numbers, self._keys, self._then[kind], self.points)
            self.numbers[kind] = numbers
        if edits and level == "story":  # what an editor put together has one theme
            stories, themes = self.numbers["story"], self.numbers["theme"]
            common = looked_up(stories, most_common(stories, themes))
            self.numbers["theme"] = np.where(common >= 0, common, themes)
        of_story = level == "story"
        self.strengths = clusterer.probabilities_ if of_story else clusterer.theme_probabilities_
        if previous:
            numbers = self.numbers[level]
            firm = clusterer.strengths_in(numbers)
            self.strengths = np.where(numbers >= 0, firm, self.strengths)

    def _known(self, kind: str) -> tuple[NDArray[np.bool_], Labels]:
        """Tell which headlines the earlier run had, and the cluster of each there."""
        known = self._then[kind]
        seen = np.array([key in known for key, _ in self._keys], dtype=bool)
        return seen, np.array([known.get(key, -1) for key, _ in self._keys], dtype=np.int64)

    def _standing(self, kind: str, found: Labels, previous: EarlierClusters) -> Labels:
        """Let the earlier clusters stand; give numbers to what is new."""
        seen, was = self._known(kind)
        if kind == "theme":  # a new headline of an earlier story is in its theme
            stories = self.numbers["story"]
            follow = looked_up(stories, most_common(stories, was))
            moved = (stories != self._known("story")[1]) & (follow >= 0)
            was = np.where(moved, follow, was)
            seen = seen | moved
        result = settled(found, self.texts, seen, was, self.points)
        if seen.all():
            return result
        new = np.where(result < 0, found, -1)
        number = self._numbers_of(kind, new, was, previous.texts)
        return np.where(result < 0, [number[label] for label in new.tolist()], result)

    def _numbers_of(
        self, kind: str, new: Labels, was: Labels, texts: Mapping[str, str]
    ) -> dict[int, int]:
        """Number new clusters: a cluster whose headlines are all gone may go on in one."""
        known = self._then[kind]
        here = set(was.tolist())
        gone = [key for key, number in known.items() if number not in here]
        then = np.array([known[key] for key in gone], dtype=np.int64)
        points = self._embedder.vectors([texts[key] for key in gone])
        unused = max(self._used.get(kind, 0), max(known.values(), default=-1) + 1)
        nowhere = np.full(len(new), -1)
        return kept_numbers(
            new, nowhere, self.points, then, unit_rows(points.astype(np.float64)), unused
        )


def refuse_too_many(headlines: Sequence[Headline], embedder: Embedder) -> None:
    """Say at once what is missing where there are too many headlines to compare.

    Those whose words an embedder may not know are compared with nothing, and don't count. Raises
    MissingExtraError.
    """
    titles = {headline.text.casefold() for headline in headlines}
    need_cells(sum(title.isascii() or not embedder.terms_are_words for title in titles))


def days_of(
    headlines: Sequence[Headline], instead: Sequence[date | None] | None = None
) -> NDArray[np.float64]:
    """Give the day of each headline as a number, shape (n,), NaN where it has none.

    That is its own date, or the one given instead.
    """
    result = np.full(len(headlines), np.nan)
    for place, headline in enumerate(headlines):
        day = day_of(headline.date) or (instead[place] if instead else None)
        if day is not None:
            result[place] = day.toordinal()
    return result


def settled(
    labels: Labels,
    texts: Labels,
    seen: NDArray[np.bool_],
    was: Labels,
    points: NDArray[np.float64],
) -> Labels:
    """Let earlier clusters stand: new headlines join them, or are left to clusters of their own.

    A headline that an earlier run had keeps its cluster. A cluster is at home where most of its
    headlines are today. New headlines join the cluster that is at home where they are, of several
    the nearest; where none is, or they are many and unlike it (`MIN_LIKENESS`), they get -1. So a
    feed without new headlines stays as it was, and one headline more moves no other, but for
    this: a cluster goes into a larger one that is at home in the same place when as many new
    headlines as it has lie there with them.

    Today's n headlines have the clusters `labels` by themselves (-1 is noise), are one text
    where `texts` are equal, were in an earlier run where `seen` is true, in the cluster
    `was` (-1 for none), and have unit vectors `points`, (n, n_features).
    """
    result = was.copy()
    if seen.all():
        return result
    sizes = Counter(was.tolist())
    at_home = defaultdict(list)
    for cluster, label in most_common(was, labels).items():
        at_home[label].append(cluster)
    of_old, of_new = _places(was, was >= 0), _places(labels, (was < 0) & (labels >= 0))
    for label, new in of_new.items():
        here = sorted(at_home[label], key=lambda cluster: (-sizes[cluster], cluster))
        here = [c for c in here if _likeness(points[of_old[c]], points[new]) >= MIN_LIKENESS]
        small = [cluster for cluster in here[1:] if sizes[cluster] <= len(new)]
        for cluster in small:
            result[of_old[cluster]] = here[0]
        if here:
            large = [cluster for cluster in here if cluster not in small]
            result[new] = _nearest(points[new], large, result, points)
    of_texts = most_common(texts, np.where(was >= 0, result, -1))
    told = looked_up(texts, of_texts)
    return np.where((was < 0) & (told >= 0), told, result)


def _places(labels: Labels, chosen: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Give the places of each label among those that are chosen."""
    found: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(chosen).tolist():
        found[int(labels[place])].append(place)
    return found


def most_common(of: Labels, among: Labels) -> dict[int, int]:
    """Give for each of some numbers the other one that most often goes with it, -1 aside."""
    both = (of >= 0) & (among >= 0)
    pairs, counts = np.unique(np.stack([of[both], among[both]]), axis=1, return_counts=True)
    order = np.lexsort((-pairs[1], counts))  # the last one stays: of equal ones the lowest
    return dict(zip(pairs[0, order].tolist(), pairs[1, order].tolist(), strict=True))


def looked_up(labels: Labels, number: Mapping[int, int]) -> Labels:
    """Give each label its number, -1 where it has none."""
    return np.array([number.get(label, -1) for label in labels.tolist()], dtype=np.int64)


def _likeness(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """Tell as `kept_numbers` does how like a cluster is to itself with new headlines beside it."""
    centres = unit_rows(np.stack([old.sum(axis=0), new.sum(axis=0)]))
    return len(old) / (len(old) + len(new)) + round(float(centres[0] @ centres[1]), 9)


def _nearest(
    new: NDArray[np.float64], clusters: list[int], labels: Labels, points: NDArray[np.float64]
) -> Labels:
    """Give each new point the cluster whose centre is nearest."""
    if len(clusters) == 1:
        return np.full(len(new), clusters[0])
    centres = unit_rows(np.stack([points[labels == c].sum(axis=0) for c in clusters]))
    nearest: Labels = np.array(clusters)[np.argmax(np.round(new @ centres.T, 9), axis=1)]
    return nearest
