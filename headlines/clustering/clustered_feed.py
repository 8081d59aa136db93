"""The clusters of a feed: stories and themes with names, numbers that last, and their topics."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headlines.clustering.clusterer import Clusterer
from headlines.clustering.edits import ClusterEdits
from headlines.clustering.history import ClusterChange, EarlierClusters, changes
from headlines.clustering.memory import REMEMBER_DAYS, ClusterMemory, day_of
from headlines.clustering.names import name_clusters
from headlines.clustering.quality import FeedQuality, central, quality_of
from headlines.clustering.settlement import LEVELS, Settlement
from headlines.clustering.topicality import Topicality, TopicsOf
from headlines.clustering.whitening import Whitening
from headlines.display.table import html_parts, html_table
from headlines.embedding.embedder import Embedder
from headlines.errors import HeadlinesError
from headlines.feeds.headline import Headline, HeadlineResult
from headlines.persistence.locking import held_file
from headlines.topics.taxonomy import Topic

if TYPE_CHECKING:
    from scipy import sparse

logger = logging.getLogger(__name__)

MAX_EXAMPLES = 20
"""Headlines that a candidate topic is shown by."""

TOPICS_SHOWN = 3
"""Topics of a cluster that a notebook shows."""

MIN_COVERED = 0.5
"""Share of a cluster's headlines that topics have to hold for to cover it."""


@dataclass(frozen=True)
class Cluster:
    """One cluster of a feed.

    `topics` are those of its headlines and the share of each, weighed by its probability, the
    largest first; they add up to what the labeler is sure of.
    """

    cluster: int  #: its number
    name: str  #: a short headline of it, or phrases that set it apart
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
    name: str  #: the cluster's: a short headline of it, or phrases that set it apart
    story: int  #: the story that it lies in
    theme: int  #: the theme that its story lies in
    strength: float  #: from 0 to 1: how firmly its neighbours lie in the same cluster

    def to_row(self) -> dict[str, Any]:
        """Give the assignment as a row for output."""
        return self._row(
            cluster=self.cluster,
            name=self.name,
            story=self.story,
            theme=self.theme,
            strength=self.strength,
            duplicate_of=self.item.duplicate_of,
        )


@dataclass(frozen=True)
class FeedGraph:
    """Which headlines of a feed are near to one another: edges between its texts."""

    texts: NDArray[np.int64]  #: (n,): of each headline the number of its text
    weights: sparse.csr_matrix  #: (n_texts, n_texts), symmetric; a text that is alone has none

    @classmethod
    def of(cls, texts: NDArray[np.int64], edges: sparse.csr_matrix) -> FeedGraph:
        """Take what `Clusterer.graph` tells of some headlines, whose texts are `texts`."""
        numbers, texts = np.unique(texts, return_inverse=True)
        known = numbers[: np.searchsorted(numbers, edges.shape[0])]
        weights = edges[known][:, known]
        weights.resize(len(numbers), len(numbers))  # texts behind these are like nothing else
        return cls(texts.reshape(-1), weights)


@dataclass(frozen=True)
class ClusteredFeed(Sequence[ClusteredHeadline]):
    """The clusters of a feed: a sequence of its headlines, with what is known of the clusters."""

    headlines: tuple[ClusteredHeadline, ...]  #: in the order of the feed
    stories: tuple[Cluster, ...]  #: the largest first; noise is none
    themes: tuple[Cluster, ...]  #: above them, in the same order
    level: str = "theme"  #: which of the two a headline's `cluster` is
    changes: tuple[ClusterChange, ...] = ()  #: of an earlier run's clusters; empty without one
    day: str | None = None  #: the day that a memory has it under
    quality: FeedQuality | None = None  #: of its stories; None for other embedders' vectors
    graph: FeedGraph | None = field(default=None, repr=False, compare=False)  #: its neighbours

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The stories or the themes, whichever were asked for."""
        return self.stories if self.level == "story" else self.themes

    def __len__(self) -> int:
        return len(self.headlines)

    def __getitem__(self, place: Any) -> Any:
        return self.headlines[place]

    def __str__(self) -> str:
        copies = sum(cluster.copies for cluster in self.clusters)
        kind = "stories" if self.level == "story" else "themes"
        found = f"{len(self.clusters):,} {kind}"
        return f"{len(self):,} headlines, {copies:,} of them copies, in {found}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        rows = [
            (c.cluster, c.name, c.headlines, ", ".join(_shares(c)) or None, c.medoid)
            for c in self.clusters
        ]
        changed = [
            (change.cluster, change.name, change.kind, change.before, change.after)
            for change in self.changes
            if change.kind != "same"
        ]
        head = [self.level, "name", "headlines", "topics", "headline in its middle"]
        news = [self.level, "name", "what became of it", "before", "now"]
        return html_parts(
            html_table(head, rows, str(self)),
            _doubts(self.quality) if self.quality else "",
            html_table(news, changed) if changed else "",
        )


def _shares(cluster: Cluster) -> list[str]:
    return [f"{topic} {share:.0%}" for topic, share in cluster.topics[:TOPICS_SHOWN]]


def _doubts(quality: FeedQuality) -> str:
    """Show the stories to look at first: those that may be several, and those that may be one."""
    rows: list[tuple[object, ...]] = [
        (one.story, one.medoid, one.headlines, "may be several", one.cohesion)
        for one in quality.doubtful
    ]
    rows += [
        (one.story, one.medoid, one.headlines, f"may be one with {one.nearest}", one.across)
        for one in quality.perhaps_one
    ]
    head = ["story", "headline in its middle", "headlines", "doubt", "pairs that tell one story"]
    return html_table(head, rows, "Stories to look at") if rows else ""


def cluster_feed(
    headlines: Sequence[Headline],
    embedder: Embedder,
    clusterer: Clusterer,
    *,
    level: str = "theme",
    previous: EarlierClusters | None = None,
    edits: ClusterEdits | None = None,
    topics: TopicsOf | None = None,
) -> ClusteredFeed:
    """Find the clusters of a feed, name them, and give them the numbers that they had.

    Fits the clusterer, whose themes or stories (`level`) are the clusters. Those of an earlier
    run stand as they were (`settled`) and keep their names; an editor's changes come last.
    With `topics`, which gives those of headlines, themes gather by them and say theirs first.
    """
    _check(level)
    if not headlines:
        return ClusteredFeed((), (), (), level)
    told = topics(headlines) if topics else None
    shares = told.shares if told else None
    run = Settlement(headlines, embedder, clusterer, level, previous, edits, topics=shares)
    given = dict(previous.names) if previous and previous.numbers(level) == previous.cluster else {}
    names = {
        kind: _names(headlines, run, kind, given, edits, told)
        if kind == level
        else _names(headlines, run, kind, {}, None, told)
        for kind in LEVELS
    }
    found = _clustered(headlines, run, level, names[level])
    became: list[ClusterChange] = []
    if previous:
        now = {headline.id: headline.cluster for headline in found}
        then = previous.numbers(level)
        unnamed = dict.fromkeys(then.values(), "")  # clusters of the other level, now gone
        became = changes(now, then, {**unnamed, **given, **names[level]})
    quality = _quality(headlines, run, embedder, clusterer)
    stories, themes = (_clusters(found, run, kind, names[kind], told) for kind in LEVELS)
    graph = FeedGraph.of(run.texts, clusterer.graph())
    return ClusteredFeed(found, stories, themes, level, tuple(became), quality=quality, graph=graph)


def cluster_day(
    headlines: Sequence[Headline],
    embedder: Embedder,
    clusterer: Clusterer,
    memory: ClusterMemory,
    day: date,
    *,
    level: str = "theme",
    edits: ClusterEdits | None = None,
    topics: TopicsOf | None = None,
) -> tuple[ClusteredFeed, ClusterMemory]:
    """Do as `cluster_feed` among the headlines of earlier days; give what to remember next too.

    Remembered headlines are clustered with the day's; the result has the day's alone.
    """
    _check(level)
    n, here = len(headlines), {headline.id for headline in headlines}
    if not n:
        news = memory.news({}, day, level)
        return ClusteredFeed((), (), (), level, news, day.isoformat()), memory
    past = [known for key, known in memory.headlines.items() if key not in here]
    samples = [*headlines, *(known.headline for known in past)]
    told = topics(samples) if topics else None
    run = Settlement(
        samples, embedder, clusterer, level, memory.earlier(level), edits,
        used=memory.used, days=[*[day] * n, *(known.first for known in past)],
        topics=told.shares if told else None,
    )  # fmt: skip
    names = {
        kind: _names(samples, run, kind, memory.names[kind], edits if kind == level else None, told)
        for kind in LEVELS
    }
    found = _clustered(samples, run, level, names[level])
    after = memory.after(found, n, day, names)
    found = found[:n]
    news = after.news({headline.id: headline.cluster for headline in found}, day, level)
    quality = _quality(headlines, run, embedder, clusterer)
    stories, themes = (_clusters(found, run, kind, names[kind], told) for kind in LEVELS)
    graph = FeedGraph.of(run.texts[:n], clusterer.graph())
    on = day.isoformat()
    return ClusteredFeed(found, stories, themes, level, news, on, quality, graph), after


def cluster_remembered(
    path: str | Path,
    headlines: Sequence[Headline],
    embedder: Embedder,
    clusterer: Clusterer,
    *,
    day: str | None = None,
    remember_days: int = REMEMBER_DAYS,
    **more: Any,
) -> ClusteredFeed:
    """Do as `cluster_day` with the memory in a file, which no other run may hold meanwhile."""
    on = day_of(headlines, day)
    with held_file(path, "memory") as place:
        memory = ClusterMemory.read(place).on(on, remember_days)
        found, after = cluster_day(headlines, embedder, clusterer, memory, on, **more)
        after.write(place)
    return found


def cluster_files(
    headlines: Sequence[Headline],
    embedder: Embedder,
    level: str,
    resolution: float | None,
    noise: float,
    random_state: int,
    *,
    previous: str | Path | EarlierClusters | None,
    memory: str | Path | None,
    edits: str | Path | None,
    remember_days: int,
    day: str | None,
    topics: TopicsOf,
) -> ClusteredFeed:
    """Do what `HeadlineLabeler.cluster` describes."""
    if previous is not None and memory is not None:
        raise ValueError("previous and memory both tell of earlier runs; give one of them")
    clusterer = Clusterer(
        noise=noise,
        whitening=Whitening.of_news(embedder.fingerprint),
        random_state=random_state,
    )
    if resolution is not None:
        setattr(clusterer, "theme_resolution" if level == "theme" else "resolution", resolution)
    told: Any = {"level": level, "topics": topics}
    told["edits"] = None if edits is None else ClusterEdits.read(edits)
    if memory is not None:
        told |= {"day": day, "remember_days": remember_days}
        return cluster_remembered(memory, headlines, embedder, clusterer, **told)
    if isinstance(previous, str | Path):
        previous = EarlierClusters.read(previous)
    return cluster_feed(headlines, embedder, clusterer, previous=previous, **told)


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
            phrases=tuple(name.split(": ")[-1].split(", ")),  # a topic may stand first
            examples=tuple(texts[:MAX_EXAMPLES]),
        )
        found.append(topic)
    return found


def _check(level: str) -> None:
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}, expected 'theme' or 'story'")


def _clustered(
    headlines: Sequence[Headline], run: Settlement, level: str, names: dict[int, str]
) -> tuple[ClusteredHeadline, ...]:
    return tuple(
        ClusteredHeadline(
            item=headline,
            cluster=(cluster := theme if level == "theme" else story),
            name=names[cluster],
            story=story,
            theme=theme,
            strength=round(strength, 6),
        )
        for headline, story, theme, strength in zip(
            headlines,
            run.numbers["story"].tolist(),
            run.numbers["theme"].tolist(),
            run.strengths.tolist(),
            strict=True,
        )
    )


def _names(
    headlines: Sequence[Headline],
    run: Settlement,
    level: str,
    given: dict[int, str],
    edits: ClusterEdits | None,
    topics: Topicality | None,
) -> dict[int, str]:
    """Name clusters, given names first, by one headline of each text; no two have the same.

    A theme's topic stands first.
    """
    if edits:
        given = given | edits.names
    logger.info("naming the clusters of %d headlines", len(headlines))
    texts = np.array([headline.text for headline in headlines], dtype=np.object_)
    order = np.argsort(texts, kind="stable")  # which of one text speaks is not the feed's order
    numbers = run.numbers[level][order]
    one_each = np.unique(np.stack([numbers, run.texts[order]]), axis=1, return_index=True)[1]
    labels = numbers[one_each].tolist()
    found = name_clusters(texts[order][one_each].tolist(), labels, {**given, -1: "(noise)"})
    if topics and level == "theme":
        places = np.argsort(run.numbers[level], kind="stable")
        bounds = np.searchsorted(run.numbers[level][places], list(found))
        members = dict(zip(found, np.split(places, bounds)[1:], strict=True))
        for label in found.keys() - given.keys() - {-1}:
            name = topics.named(found[label], members[label])
            found[label] = f"{name} ({label})" if name in given.values() else name
    return {**found, -1: "(noise)"}


def _quality(
    headlines: Sequence[Headline], run: Settlement, embedder: Embedder, clusterer: Clusterer
) -> FeedQuality | None:
    """Judge the stories of the first headlines of a run."""
    n = len(headlines)
    edges = run.texts[:n], clusterer.graph()
    stories = run.numbers["story"][:n]
    return quality_of(headlines, stories, run.points[:n], edges, embedder.fingerprint)


def _clusters(
    found: Sequence[ClusteredHeadline],
    run: Settlement,
    level: str,
    names: dict[int, str],
    topics: Topicality | None,
) -> tuple[Cluster, ...]:
    """Describe the stories or the themes that the first headlines of a run lie in."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(run.numbers[level][: len(found)].tolist()):
        if label >= 0:
            members[label].append(place)
    result = []
    for label, places in sorted(members.items(), key=lambda item: (-len(item[1]), item[0])):
        medoid = found[places[central(run.points[places])]].item.headline
        cluster = Cluster(
            cluster=label,
            name=names[label],
            medoid=medoid,
            headlines=len(places),
            copies=len(places) - len(np.unique(run.copies[places])),
            topics=topics.of(places) if topics else (),
        )
        result.append(cluster)
    return tuple(result)
