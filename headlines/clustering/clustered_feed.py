"""The clusters of a feed: stories and themes with names, numbers that last, and their topics."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.clustering.clusterer import HeadlineClusterer, vectors_and_words
from headlines.clustering.edits import ClusterEdits
from headlines.clustering.history import ClusterChange, EarlierClusters, changes, kept_numbers
from headlines.clustering.names import name_clusters
from headlines.embedding.embedder import Embedder, unit_rows
from headlines.errors import HeadlinesError
from headlines.feeds.headline import Headline, HeadlineResult
from headlines.topics.taxonomy import Topic

LEVELS = ("theme", "story")

MAX_EXAMPLES = 20
"""Headlines that a candidate topic is shown by."""

MIN_COVERED = 0.5
"""Share of a cluster's headlines that topics have to hold for to cover it."""

Topics = Sequence[tuple[str | None, float]]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Cluster:
    """One cluster of a feed.

    `topics` are those of its headlines and the share of each, weighed by its probability, the
    largest first; they add up to what the labeler is sure of.
    """

    cluster: int  #: its number
    name: str  #: phrases of its headlines that set it apart
    medoid: str  #: the headline that is nearest to all of its headlines
    headlines: int  #: headlines in it
    copies: int  #: of these, copies of another one
    topics: tuple[tuple[str, float], ...] = ()

    @property
    def covered(self) -> bool:
        """Whether topics hold for half of the headlines; if they don't, it may be a new one."""
        return sum(share for _, share in self.topics) >= MIN_COVERED

    def to_row(self) -> dict[str, Any]:
        """Give the cluster as plain data."""
        topics = [{"topic": topic, "share": share} for topic, share in self.topics]
        return {**vars(self), "topics": topics, "covered": self.covered}


@dataclass(frozen=True, slots=True)
class ClusteredHeadline(HeadlineResult):
    """The cluster of one headline; `item` is the headline, as for `Prediction`."""

    cluster: int  #: 0 for the largest, unless an earlier run gave the numbers; -1 for noise
    name: str  #: phrases of its headlines that set the cluster apart
    story: int  #: the story that it lies in, a part of its theme
    strength: float  #: from 0 to 1: how firmly its neighbours lie in the same cluster

    def to_row(self) -> dict[str, Any]:
        """Give the assignment as a row for output."""
        return self._row(
            cluster=self.cluster,
            name=self.name,
            story=self.story,
            strength=self.strength,
            duplicate_of=self.item.duplicate_of,
        )


@dataclass(frozen=True)
class ClusteredFeed(Sequence[ClusteredHeadline]):
    """The clusters of a feed: a sequence of its headlines, with what is known of the clusters."""

    headlines: tuple[ClusteredHeadline, ...]  #: in the order of the feed
    clusters: tuple[Cluster, ...]  #: the largest first; noise is none
    changes: tuple[ClusterChange, ...] = ()  #: of an earlier run's clusters; empty without one

    def __len__(self) -> int:
        return len(self.headlines)

    def __getitem__(self, place: Any) -> Any:
        return self.headlines[place]


def cluster_feed(
    headlines: Sequence[Headline],
    embedder: Embedder,
    clusterer: HeadlineClusterer,
    *,
    level: str = "theme",
    previous: EarlierClusters | None = None,
    edits: ClusterEdits | None = None,
    topics: Topics = (),
) -> ClusteredFeed:
    """Find the clusters of a feed, name them, and give them the numbers that they had.

    Fits the clusterer, whose themes or stories (`level`) are the clusters. Those of an earlier
    run keep their numbers and names; an editor's changes come last. `topics` has the topic of
    each headline and its probability.
    """
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}, expected 'theme' or 'story'")
    if not headlines:
        return ClusteredFeed((), ())
    vectors, words = vectors_and_words(headlines, embedder)
    points = unit_rows(vectors.astype(np.float64))
    earlier = _earlier(headlines, previous, level) if previous else None
    clusterer.fit(vectors, words=words, previous=earlier)
    stories, strengths = clusterer.labels_, clusterer.probabilities_
    numbers = stories
    if level == "theme":
        numbers, strengths = clusterer.themes_, clusterer.theme_probabilities_
    given = dict(previous.names) if previous else {}
    if previous:
        old = unit_rows(embedder.vectors(list(previous.texts.values())).astype(np.float64))
        stories = _kept(stories, headlines, points, previous.story, old)
        numbers = _kept(numbers, headlines, points, previous.cluster, old)
    if edits:
        keys = [(headline.id, headline.headline) for headline in headlines]
        numbers = edits.apply(numbers, keys, previous.cluster if previous else {}, points)
        given |= edits.names
    names = _names(headlines, numbers, clusterer.copies_, given)
    found = tuple(
        ClusteredHeadline(
            item=headline,
            cluster=cluster,
            name=names[cluster],
            story=story,
            strength=round(strength, 6),
        )
        for headline, cluster, story, strength in zip(
            headlines, numbers.tolist(), stories.tolist(), strengths.tolist(), strict=True
        )
    )
    became: list[ClusterChange] = []
    if previous:
        now = {headline.id: headline.cluster for headline in found}
        became = changes(now, previous.cluster, {**previous.names, **names})
    return ClusteredFeed(found, _clusters(found, points, clusterer.copies_, topics), tuple(became))


def candidate_topics(path: str | Path, numbers: Sequence[int]) -> list[Topic]:
    """Make topics of clusters in a file of JSON lines that `headlines cluster` wrote.

    A person is to edit them: a name, a definition, and as examples the cluster's headlines, the
    firmest members first. Raises HeadlinesError when the file has no such cluster.
    """
    earlier = EarlierClusters.read(path)
    found = []
    for number in dict.fromkeys(numbers):
        keys = [key for key, cluster in earlier.cluster.items() if cluster == number]
        if number < 0 or not keys:
            known = sorted(n for n in earlier.names if n >= 0)
            raise HeadlinesError(
                f"{path}: has no cluster {number}; its clusters are {', '.join(map(str, known))}"
            )
        texts = [earlier.texts[key] for key in sorted(keys, key=lambda k: -earlier.strength[k])]
        name = earlier.names[number]
        topic = Topic(
            name=name.lower(),
            definition=f"{name}. Such as: {texts[0]}",
            phrases=tuple(name.split(", ")),
            examples=tuple(texts[:MAX_EXAMPLES]),
        )
        found.append(topic)
    return found


def _numbers(headlines: Sequence[Headline], known: dict[str, int]) -> Labels:
    return np.array([known.get(headline.id, -1) for headline in headlines], dtype=np.int64)


def _earlier(headlines: Sequence[Headline], previous: EarlierClusters, level: str) -> Labels:
    stories = _numbers(headlines, previous.story)
    if level == "story":
        return stories
    return np.stack([stories, _numbers(headlines, previous.cluster)], axis=1)


def _kept(
    labels: Labels,
    headlines: Sequence[Headline],
    points: NDArray[np.float64],
    known: dict[str, int],
    old: NDArray[np.float64],
) -> Labels:
    then = np.fromiter(known.values(), dtype=np.int64, count=len(known))
    number = kept_numbers(labels, _numbers(headlines, known), points, then, old)
    return np.array([number[label] for label in labels.tolist()], dtype=np.int64)


def _names(
    headlines: Sequence[Headline], numbers: Labels, copies: Labels, given: dict[int, str]
) -> dict[int, str]:
    """Name clusters, given names first, by one headline of each text; no two have the same."""
    one_each = np.sort(np.unique(copies, return_index=True)[1])
    texts = [headlines[i].text for i in one_each.tolist()]
    found = name_clusters(texts, numbers[one_each].tolist())
    result = {label: given.get(label, name) for label, name in found.items() if label >= 0}
    taken = Counter(result.values())
    for label, name in result.items():
        if taken[name] > 1 and label not in given:
            result[label] = f"{name} ({label})"
    return {**result, -1: "(noise)"}


def _clusters(
    found: Sequence[ClusteredHeadline], points: NDArray[np.float64], copies: Labels, topics: Topics
) -> tuple[Cluster, ...]:
    members: dict[int, list[int]] = defaultdict(list)
    for place, headline in enumerate(found):
        if headline.cluster >= 0:
            members[headline.cluster].append(place)
    result = []
    for label, places in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        near = points[places] @ points[places].sum(axis=0)
        medoid = found[places[int(np.argmax(np.round(near, 9)))]].item.headline
        shares: dict[str, float] = defaultdict(float)
        for topic, probability in (topics[i] for i in places if topics):
            if topic is not None:
                shares[topic] += probability / len(places)
        known = sorted(((t, round(s, 3)) for t, s in shares.items()), key=lambda x: (-x[1], x[0]))
        cluster = Cluster(
            cluster=label,
            name=found[places[0]].name,
            medoid=medoid,
            headlines=len(places),
            copies=len(places) - len(np.unique(copies[places])),
            topics=tuple(known),
        )
        result.append(cluster)
    return tuple(result)
