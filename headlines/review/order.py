"""The order in which the review desk asks a person: what teaches the model most comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.threads import one_thread
from headlines.evaluation import suspected_errors
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import Prediction
from headlines.model.examples import sampled_places
from headlines.model.scorer import probabilities_of
from headlines.neighbours import STEPS, blocks, whole_vectors
from headlines.topics.labels import GoldLabel

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed, ClusteredHeadline

UNSURE = "unsure"
UNLIKE = "new kind of headline"
DOUBTED = "label?"
NEW_TOPIC = "new topic?"
SURE = "check"
KINDS = (UNSURE, UNLIKE, DOUBTED, NEW_TOPIC, SURE)
"""Why a headline is asked."""

MIN_HEADLINES = 3
"""Different headlines from which a cluster without a topic may be a new one."""

MAX_POINTS, MAX_PICKED = 3000, 200
"""Headlines that the best ones are picked among, a sample of more, and how many are picked."""

OTHERS_BETWEEN = 3
"""Other headlines that are asked before the next label in doubt and the next new topic."""

FOLDS = 5
"""Parts of the labels, each of which is judged by a model of the others."""

QUICK = 1e-4
"""Tolerance of the model's fit: a person waits."""

FIRM = 0.5
"""Probability of another topic from which a label is in doubt: with 0.4, most doubts were wrong."""

SURE_FROM, LIKE_FROM = 0.7, 0.5
"""Probability from which the model isn't unsure, and the cosine from which a headline is like a
labelled one: they choose the words that a person reads, not the order."""

WEIGHT_STEPS, NEARNESS_STEPS = 2.0**10, 2.0**24
"""Weights and nearness are whole numbers of these: sums over `MAX_POINTS` are exact."""

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Suggestion:
    """A headline that a person is asked about.

    Attributes
    ----------
    prediction : Prediction
        What the model says of it; its `item` is the headline.
    kind : str
        One of `KINDS`.
    reason : str
        The same in plain words.
    label : str or None
        The gold label that it has, where that may be wrong.
    cluster : int or None
        The number of the cluster that it stands for, where that may be a new topic.
    """

    prediction: Prediction
    kind: str
    reason: str
    label: str | None = None
    cluster: int | None = None


def suggestions(
    labeler: HeadlineLabeler,
    headlines: Sequence[Headline],
    *,
    labels: Sequence[GoldLabel] = (),
    skip: Collection[str] = (),
    clusters: ClusteredFeed | None = None,
    random_state: int = 0,
) -> list[Suggestion]:
    """Put a feed's headlines into the order in which a person is to be asked.

    First come those that speak for most of what the model is unsure of and that are unlike what
    was asked before (`spread`); between them labels that may be wrong, and one headline of each
    cluster that may be a new topic. A quick model of all labels known now tells how sure it is:
    called again after some answers, the order follows them.

    Parameters
    ----------
    labeler : HeadlineLabeler
    headlines : sequence of Headline
        Copies are asked once, lines without a title never; their order doesn't count.
    labels : sequence of GoldLabel, optional
        All labels known now; those that the labeler keeps are known anyway. A labelled
        headline is asked again only where its label may be wrong.
    skip : collection of str, optional
        Ids of the headlines that a person answered already, or passed over.
    clusters : ClusteredFeed, optional
        The clusters of these headlines.
    random_state : int, default 0

    Returns
    -------
    list of Suggestion
        One for each distinct headline, the most worthwhile first.
    """
    answered = frozenset(skip)
    feed = _distinct(headlines)
    if not feed:
        return []
    with one_thread():  # the number of threads changes the last bits of a product
        known = _Known.of(labeler, labels)
        points = whole_vectors(labeler.embedder.sums([h.text for h in feed.values()])[0])
        shares = known.shares(points)
        doubted = known.doubted(feed.keys() - answered, random_state)
    settled = answered.union(known.ids, (x.headline.id for x in labels))
    keys = list(feed)
    is_settled = np.array([key in settled for key in keys])
    near = _nearest(points, np.vstack([known.points, points[is_settled]]))
    asked = np.flatnonzero(~is_settled)
    order = asked[spread(points[asked], shares[asked], near[asked], random_state)].tolist()
    some = {key: h for key, h in feed.items() if key not in settled or key in doubted}
    said = dict(zip(some, labeler.label(list(some.values()), any_text=True), strict=True))
    first = [
        Suggestion(said[key], DOUBTED, f"labelled {own}, but what is like it says {other}", own)
        for key, (own, other) in doubted.items()
    ]
    left = {key: found for key, found in said.items() if key not in doubted}
    new = {} if clusters is None else dict(_new_topics(clusters, left, answered))
    rest = [_said(said[keys[i]], near[i]) for i in order if keys[i] not in new]
    return list(_woven(first, list(new.values()), rest))


def spread(points: Floats, shares: Floats, near: Floats, random_state: int = 0) -> Places:
    """Put points into an order such that any first few of them speak for what is unsure.

    Each one picked adds the most to how near all points lie to one that was asked, a point
    weighing by the model's doubt of it: the greedy choice of facility locations (Wei, Iyer, Bilmes
    2015, Submodularity in data subset selection and active learning), with bounds that are looked
    at again only when they lead (Minoux 1978, Accelerated greedy algorithms for maximizing
    submodular set functions). Behind `MAX_PICKED` of them the rest follows by doubt alone.

    Parameters
    ----------
    points : ndarray of float64, shape (n, n_features)
        As `whole_vectors` gives them.
    shares : ndarray of float64, shape (n, n_topics)
        The probability of every topic.
    near : ndarray of float64, shape (n,)
        The nearness (`_nearness`) of each to what is known, from 0 to 1.
    random_state : int, default 0

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    weight = np.rint(_doubt(shares) * WEIGHT_STEPS)
    some = sampled_places(len(points), MAX_POINTS, random_state)
    nearness = np.rint(_nearness(points[some], points[some]) * NEARNESS_STEPS)
    covered, own = np.rint(near[some] * NEARNESS_STEPS), weight[some]
    bound = np.array([np.maximum(row - covered, 0) @ own for row in nearness])
    picked: list[int] = []
    current = np.zeros(len(some), dtype=np.int64)  # how many were picked when a bound was looked at
    while len(picked) < min(MAX_PICKED, len(some)):
        best = int(bound.argmax())
        if current[best] < len(picked):
            bound[best] = np.maximum(nearness[best] - covered, 0) @ own
            current[best] = len(picked)
            continue
        picked.append(best)
        bound[best] = -1
        covered = np.maximum(covered, nearness[best])
    chosen = some[np.array(picked, dtype=np.int64)]
    others = np.setdiff1d(np.arange(len(points)), chosen)
    return np.concatenate([chosen, others[np.argsort(-weight[others], kind="stable")]])


def _nearness(points: Floats, others: Floats) -> Floats:
    """Give the squares of the cosines between points, 0 where they are below 0."""
    cosine = np.maximum(points @ others.T / STEPS**2, 0)
    return np.asarray(cosine * cosine)


def _nearest(points: Floats, others: Floats) -> Floats:
    """Give the nearness of each point to the nearest of the others."""
    parts = [_nearness(points[rows], others).max(axis=1) for rows in blocks(len(points), 256)]
    return np.concatenate(parts)


def _doubt(shares: Floats) -> Floats:
    """Give the chance that two draws from the probabilities of a headline's topics differ."""
    return np.asarray(1 - (shares**2).sum(axis=1))


@dataclass(frozen=True)
class _Known:
    """What is labelled, sorted by id, and a quick model of it, from vectors alone."""

    ids: tuple[str, ...]
    points: Floats
    y: Places
    by_people: NDArray[np.bool_]  # and not in the topics file
    topics: tuple[str, ...]

    @classmethod
    def of(cls, labeler: HeadlineLabeler, labels: Sequence[GoldLabel]) -> _Known:
        """Gather what the labeler was trained and tested on, and labels, which overrule it."""
        number = {topic: i for i, topic in enumerate(labeler.topics)}
        given = {x.headline.id: x for x in labels if x.topic in number}
        terms = labeler.embedder.terms([x.headline.text for x in given.values()])
        found: dict[str, tuple[Sequence[int], str, bool]] = {
            e.id: (e.terms, e.topic, not e.written) for e in labeler.state.training_set.examples
        }
        for (key, label), own in zip(given.items(), terms, strict=True):
            found[key] = (own, label.topic, True)
        rows = [found[key] for key in sorted(found)]
        return cls(
            ids=tuple(sorted(found)),
            points=whole_vectors(labeler.embedder.sums_of_terms([row[0] for row in rows])[0]),
            y=np.array([number[row[1]] for row in rows], dtype=np.int64),
            by_people=np.array([row[2] for row in rows], dtype=np.bool_),
            topics=labeler.topics,
        )

    def shares(self, points: Floats, without: Places | None = None) -> Floats:
        """Give the probability of every topic for some points, by a model without some labels."""
        from headlines.classification.classifier import strength
        from headlines.classification.logistic import Design, fit_logistic

        n_topics = len(self.topics)
        weight = np.ones(len(self.y))
        if without is not None:
            weight[without] = 0.0
        design = Design.of(self.points / STEPS)
        C = strength(len(self.y) / n_topics)
        model = fit_logistic(design, np.eye(n_topics)[self.y], weight, C, tolerance=QUICK)
        return probabilities_of(points @ model.coef.T / STEPS + model.intercept)

    def doubted(self, among: Collection[str], random_state: int) -> dict[str, tuple[str, str]]:
        """Give the labels that people gave to some headlines and that may be wrong, by id.

        The least probable stands first. Each is judged by a model of the other labels, by which
        another topic, given too, has to be as probable as it usually is where it is right.
        """
        own = {i for i, key in enumerate(self.ids) if self.by_people[i] and key in among}
        if not own:
            return {}
        rng = np.random.default_rng(random_state)
        order = np.lexsort([rng.permutation(len(self.y)), self.y])  # of each topic as many a fold
        shares = np.zeros((len(self.y), len(self.topics)))
        for fold in range(FOLDS):
            held = order[fold::FOLDS]
            shares[held] = self.shares(self.points[held], held)
        firm = shares.max(axis=1) >= FIRM
        found = [i for i in suspected_errors(shares, self.y).tolist() if firm[i] and i in own]
        best = shares.argmax(axis=1)
        return {self.ids[i]: (self.topics[self.y[i]], self.topics[best[i]]) for i in found}


def _distinct(headlines: Sequence[Headline]) -> dict[str, Headline]:
    """Give one headline of each id, sorted by it, whatever the order in which they came."""
    found: dict[str, Headline] = {}
    for h in sorted(headlines, key=lambda h: (h.headline, h.source or "", h.line or 0)):
        if h.text:
            found.setdefault(h.id, h)
    return dict(sorted(found.items()))


def _said(prediction: Prediction, near: float) -> Suggestion:
    """Say why a headline is asked that stands for no label and no cluster."""
    topics = [topic for topic, _ in prediction.topics[:2]]
    if near < LIKE_FROM**2:
        return Suggestion(prediction, UNLIKE, "unlike what is labelled")
    if prediction.probability < SURE_FROM and len(topics) > 1:
        return Suggestion(prediction, UNSURE, f"unsure between {topics[0]} and {topics[1]}")
    return Suggestion(prediction, SURE, f"to check: {topics[0]}, the model says")


def _new_topics(
    clusters: ClusteredFeed, said: Mapping[str, Prediction], answered: frozenset[str]
) -> Iterator[tuple[str, Suggestion]]:
    """Give one headline of each cluster that no topic covers, by id, the largest cluster first.

    Not of one of which a person has seen a headline: that answered the question.
    """
    members: dict[int, dict[str, ClusteredHeadline]] = defaultdict(dict)
    for headline in clusters.headlines:
        members[headline.cluster][headline.id] = headline
    for cluster in clusters.clusters:
        own = members[cluster.cluster]
        some = own.keys() & said.keys()
        few = cluster.headlines - cluster.copies < MIN_HEADLINES
        if cluster.covered or few or not some or not answered.isdisjoint(own):
            continue
        best = min(some, key=lambda k: (own[k].headline != cluster.medoid, -own[k].strength, k))
        reason = f"a new topic? {cluster.name}"
        yield best, Suggestion(said[best], NEW_TOPIC, reason, cluster=cluster.cluster)


def _woven(*lists: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """Take one of each list in turn, of the last `OTHERS_BETWEEN`."""
    sizes = [1] * (len(lists) - 1) + [OTHERS_BETWEEN]
    for turn in range(max(map(len, lists))):
        for size, some in zip(sizes, lists, strict=True):
            yield from some[turn * size : (turn + 1) * size]
