"""Content: what a report tells of a feed, as plain data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headlines.clustering.clustered_feed import Cluster, ClusteredFeed
from headlines.clustering.history import ClusterChange
from headlines.clustering.quality import FeedQuality, central
from headlines.embedding.embedder import Embedder
from headlines.feeds.dates import day_of
from headlines.feeds.headline import Headline
from headlines.labeling.prediction import Prediction
from headlines.report.earlier import EarlierReport
from headlines.report.periods import Periods

MAX_UNSURE = 12
"""Headlines that the report shows as unsure."""

EVEN_MARGIN = 0.25
"""Lead of a topic's probability over the next one's below which a headline is unsure."""

MIN_NEW_TOPIC = 3
"""Headlines from which a story that no topic covers may be a topic of its own."""

GONE, NEW, GREW = ("died", "over"), ("born", "new"), ("grew", "growing", "merged")


@dataclass(frozen=True)
class TopicTold:
    """One topic of the feed; None stands for the headlines that have none."""

    topic: str | None
    headlines: int
    before: int | None  #: in the earlier report; None without one
    periods: tuple[int, ...]  #: headlines in each of the feed's periods
    typical: int  #: place of the headline that is nearest to all of the topic's

    @property
    def change(self) -> int | None:
        """How many headlines more than in the earlier report."""
        return None if self.before is None else self.headlines - self.before


@dataclass(frozen=True)
class StoryTold:
    """One story: the places of its headlines, the firmest first, and who tells it."""

    number: int
    name: str
    theme: int
    places: tuple[int, ...]
    topic: str | None  #: of most of its headlines
    publishers: tuple[tuple[str, int], ...]  #: those that tell it most first; none if few are known
    since: str | None  #: the first of its headlines' dates
    until: str | None
    news: str  #: ``new`` or ``grown`` since the earlier report, or nothing


@dataclass(frozen=True)
class ThemeTold:
    """One theme: its stories of several headlines, and the headlines that stand alone."""

    number: int
    name: str
    headlines: int
    stories: tuple[StoryTold, ...]
    alone: tuple[StoryTold, ...]


@dataclass(frozen=True)
class Since:
    """What is new since the earlier report, or in the memory's words since earlier days."""

    when: str  #: the day of the earlier report, or other words for it
    headlines: tuple[int, ...] | None  #: places of new ones; None where a memory doesn't say
    new: tuple[ClusterChange, ...]
    grown: tuple[ClusterChange, ...]
    over: tuple[ClusterChange, ...]


@dataclass(frozen=True)
class Doubts:
    """What the machine was unsure of."""

    unsure: tuple[int, ...]  #: places of headlines between two topics, the closest first
    without: tuple[
        tuple[str, tuple[int, ...]], ...
    ]  #: why headlines have no topic, and their places
    new_topics: tuple[Cluster, ...]  #: stories that no topic covers
    quality: FeedQuality | None  #: which stories may be several, and which one


def topics_told(
    predictions: Sequence[Prediction],
    topics: Sequence[str],
    embedder: Embedder,
    periods: Periods,
    earlier: EarlierReport | None,
) -> tuple[TopicTold, ...]:
    """Tell the topics that n headlines have, those of most headlines first, none of them last."""
    of: dict[str | None, list[int]] = defaultdict(list)
    for place, prediction in enumerate(predictions):
        of[prediction.topic].append(place)
    known = earlier.topics if earlier else None
    found = []
    for topic, places in of.items():
        vectors = embedder.vectors([predictions[place].item.text for place in places])
        counts = Counter(periods.places[place] for place in places)
        told = TopicTold(
            topic=topic,
            headlines=len(places),
            before=None if known is None or topic is None else known.get(topic, 0),
            periods=tuple(counts[period] for period in range(len(periods.starts))),
            typical=places[central(vectors.astype(np.float64))],
        )
        found.append(told)
    order = {topic: place for place, topic in enumerate(topics)}
    found.sort(key=lambda t: (t.topic is None, -t.headlines, order.get(t.topic or "", 0)))
    return tuple(found)


def themes_told(
    found: ClusteredFeed, predictions: Sequence[Prediction], since: Since | None
) -> tuple[ThemeTold, ...]:
    """Tell the themes of a feed and their stories, the largest first; noise is told as stories."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, headline in enumerate(found):
        members[headline.story].append(place)
    news = {}
    if since:
        news = {change.cluster: "grown" for change in since.grown}
        news |= {change.cluster: "new" for change in since.new}
    names = {cluster.cluster: cluster.name for cluster in found.stories}
    of: dict[int, list[StoryTold]] = defaultdict(list)
    for number, places in members.items():
        parts = [places] if number >= 0 else [[place] for place in places]
        for part in parts:
            story = _story(number, names, part, found, predictions, news)
            of[story.theme].append(story)
    themes = {cluster.cluster: cluster for cluster in found.themes}
    result = []
    for number, stories in of.items():
        stories.sort(key=lambda story: (-len(story.places), story.number))
        told = ThemeTold(
            number=number,
            name=themes[number].name if number in themes else "no theme",
            headlines=sum(len(story.places) for story in stories),
            stories=tuple(story for story in stories if len(story.places) > 1),
            alone=tuple(story for story in stories if len(story.places) == 1),
        )
        result.append(told)
    return tuple(sorted(result, key=lambda t: (t.number < 0, -t.headlines, t.number)))


def _story(
    number: int,
    names: dict[int, str],
    places: list[int],
    found: ClusteredFeed,
    predictions: Sequence[Prediction],
    news: dict[int, str],
) -> StoryTold:
    places = sorted(places, key=lambda place: (-found[place].strength, place))
    topics = Counter(predictions[place].topic for place in places)
    days = sorted(filter(None, (day_of(found[place].item.date) for place in places)))
    publishers = Counter(filter(None, (publisher_of(found[place].item) for place in places)))
    told = tuple(sorted(publishers.items(), key=lambda item: (-item[1], item[0])))
    return StoryTold(
        number=number,
        name=names.get(number, found[places[0]].headline),
        theme=found[places[0]].theme,
        places=tuple(places),
        topic=topics.most_common(1)[0][0],
        publishers=() if 2 * publishers.total() < len(places) else told,
        since=str(days[0]) if days else None,
        until=str(days[-1]) if days else None,
        news=news.get(number, ""),
    )


def publisher_of(headline: Headline) -> str | None:
    """Give who published a headline: as the feed says, or as its title ends."""
    return headline.publisher or headline.attribution


def since_told(found: ClusteredFeed, earlier: EarlierReport | None) -> Since | None:
    """Tell what is new in a feed; None where nothing is known of earlier ones."""
    if earlier is None and found.day is None:
        return None

    def changed(kinds: Iterable[str]) -> tuple[ClusterChange, ...]:
        some = [change for change in found.changes if change.kind in kinds]
        return tuple(sorted(some, key=lambda c: (-max(c.before, c.after), c.cluster)))

    new = None
    if earlier:
        known = earlier.clusters.texts
        new = tuple(place for place, headline in enumerate(found) if headline.id not in known)
    return Since(
        when=(earlier.day or "the earlier report") if earlier else "earlier days",
        headlines=new,
        new=changed(NEW),
        grown=changed(GREW),
        over=changed(GONE),
    )


def doubts_told(found: ClusteredFeed, predictions: Sequence[Prediction]) -> Doubts:
    """Tell which headlines and stories a person should look at first."""
    close, without = [], defaultdict(list)
    for place, prediction in enumerate(predictions):
        if prediction.item.duplicate_of:
            continue
        if prediction.abstained:
            without[prediction.abstained.partition(" between ")[0]].append(place)
            continue
        second = prediction.topics[1][1] if len(prediction.topics) > 1 else 0.0
        if (lead := prediction.probability - second) < EVEN_MARGIN:
            close.append((lead, place))
    covered = [
        cluster
        for cluster in found.stories
        if cluster.headlines - cluster.copies >= MIN_NEW_TOPIC and not cluster.covered
    ]
    return Doubts(
        unsure=tuple(place for _, place in sorted(close)[:MAX_UNSURE]),
        without=tuple((why, tuple(places)) for why, places in sorted(without.items())),
        new_topics=tuple(covered),
        quality=found.quality,
    )


def link_of(headline: Headline) -> str | None:
    """Give the address of a headline's article, where a feed tells one that may be linked to."""
    for name in ("url", "link"):
        address: Any = headline.fields.get(name)
        if isinstance(address, str) and address.startswith(("https://", "http://")):
            return address
    return None
