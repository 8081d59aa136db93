"""The order in which the review desk asks a person: what teaches the model most comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headlines.evaluation import suspected_errors
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import Prediction
from headlines.topics.labels import GoldLabel

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed

UNSURE = "unsure"
UNLIKE = "new kind of headline"
DOUBTED = "label?"
NEW_TOPIC = "new topic?"
KINDS = (UNSURE, UNLIKE, DOUBTED, NEW_TOPIC)
"""Why a headline is asked."""

MIN_STORIES = 3
"""Distinct headlines from which a cluster without a topic may be a new one."""


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

    Parameters
    ----------
    labeler : HeadlineLabeler
    headlines : sequence of Headline
        Copies are asked once; the order doesn't count.
    labels : sequence of GoldLabel, optional
        All labels known now. A labelled headline of the feed is asked again only where its label
        may be wrong.
    skip : collection of str, optional
        Ids of the headlines that a person answered already.
    clusters : ClusteredFeed, optional
        The clusters of these headlines: of those that no topic covers one headline each is asked.
    random_state : int, default 0

    Returns
    -------
    list of Suggestion
        One for each distinct headline, the most worthwhile first.
    """
    distinct = {h.id: h for h in headlines if h.text}
    asked = [distinct[key] for key in sorted(distinct) if key not in set(skip)]
    if not asked:
        return []
    predictions = {p.id: p for p in labeler.label(asked, any_text=True)}
    first = {s.prediction.id: s for s in _doubted(labeler, predictions, labels)}
    if clusters is not None:
        for found in _new_topics(clusters, predictions):
            first.setdefault(found.prediction.id, found)
    known = {label.headline.id for label in labels}
    rest = [p for p in predictions.values() if p.id not in first and p.id not in known]
    rest.sort(key=lambda p: (_margin(p), p.id))
    return [*first.values(), *(Suggestion(p, UNSURE, _unsure(p)) for p in rest)]


def _margin(prediction: Prediction) -> float:
    shares = [share for _, share in prediction.topics[:2]]
    return shares[0] - shares[-1] if len(shares) > 1 else shares[0]


def _unsure(prediction: Prediction) -> str:
    names = [topic for topic, _ in prediction.topics[:2]]
    return "unsure between " + " and ".join(names)


def _doubted(
    labeler: HeadlineLabeler, predictions: dict[str, Prediction], labels: Sequence[GoldLabel]
) -> Iterator[Suggestion]:
    """Give the labels of the feed's headlines that the model contradicts, the worst first."""
    number = {topic: i for i, topic in enumerate(labeler.topics)}
    own = [x for x in labels if x.headline.id in predictions and x.topic in number]
    if not own:
        return
    shares = np.zeros((len(own), len(number)))
    for row, label in zip(shares, own, strict=True):
        for topic, share in predictions[label.headline.id].topics:
            row[number[topic]] = share
    y: NDArray[np.int64] = np.array([number[label.topic] for label in own], dtype=np.int64)
    for place in suspected_errors(shares, y).tolist():
        label = own[place]
        reason = f"its label may be wrong: {label.topic}"
        yield Suggestion(predictions[label.headline.id], DOUBTED, reason, label=label.topic)


def _new_topics(
    clusters: ClusteredFeed, predictions: dict[str, Prediction]
) -> Iterator[Suggestion]:
    """Give one headline of each cluster that no topic covers, the largest cluster first."""
    for cluster in clusters.clusters:
        if cluster.covered or cluster.headlines - cluster.copies < MIN_STORIES:
            continue
        own = [h for h in clusters.headlines if h.cluster == cluster.cluster]
        own = [h for h in own if h.id in predictions]
        if own:
            best = min(own, key=lambda h: (h.headline != cluster.medoid, -h.strength, h.id))
            reason = f"a new topic? {cluster.name}"
            yield Suggestion(predictions[best.id], NEW_TOPIC, reason, cluster=cluster.cluster)
