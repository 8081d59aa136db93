"""The report: what a feed is about, as one page to look at or as text to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headlines.clustering.clustered_feed import ClusteredFeed
from headlines.evaluation import Bin, calibration_error, reliability_bins
from headlines.feeds.dates import day_of
from headlines.feeds.headline import Headline
from headlines.feeds.report import FeedReport
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import Prediction
from headlines.report.content import (
    Doubts,
    Since,
    StoryTold,
    ThemeTold,
    TopicTold,
    doubts_told,
    publisher_of,
    since_told,
    themes_told,
    topics_told,
)
from headlines.report.earlier import VERSION, EarlierReport, data_for_page
from headlines.report.layout import Layout, layout_of
from headlines.report.periods import Periods


@dataclass(frozen=True)
class ModelTold:
    """The model that gave the topics, and how good it was on labels that it never saw."""

    model: str
    embedder: str
    topics: tuple[str, ...]
    labels: int
    scores: dict[str, float | int]  #: on the hold-out; empty without one
    bins: tuple[Bin, ...]  #: probabilities beside what was right, on the hold-out
    calibration_error: float

    @classmethod
    def of(cls, labeler: HeadlineLabeler) -> ModelTold:
        """Describe a labeler."""
        known, state = labeler.certainty, labeler.state
        some = len(known.scores) > 0
        return cls(
            model=labeler.model,
            embedder=labeler.embedder.fingerprint,
            topics=labeler.topics,
            labels=len({e.id for e in state.training_set.examples if not e.written}),
            scores=state.holdout_scores(),
            bins=reliability_bins(known.scores, known.right) if some else (),
            calibration_error=calibration_error(known.scores, known.right) if some else 0.0,
        )


@dataclass(frozen=True)
class Report:
    """What a feed is about.

    Made by `of`. `to_html` gives a page that needs nothing else, `to_markdown` a text for a chat
    or a mail; both are the same bytes for the same feed, model and earlier report.

    Examples
    --------
    >>> labeler = HeadlineLabeler.load()
    >>> report = Report.of(labeler, ["Drone Hits Depot", "Depot Burns After Drone Hit"])
    >>> report.topics[0].topic, report.topics[0].headlines
    ('drones', 2)
    """

    title: str
    found: ClusteredFeed  #: its stories are the clusters
    predictions: tuple[Prediction, ...]  #: in the order of the feed, as the clusters
    topics: tuple[TopicTold, ...]
    themes: tuple[ThemeTold, ...]
    periods: Periods
    since: Since | None
    doubts: Doubts
    inputs: tuple[FeedReport, ...]  #: what became of every line
    model: ModelTold

    @classmethod
    def of(
        cls,
        labeler: HeadlineLabeler,
        texts: Sequence[str | Headline],
        *,
        title: str = "Headlines",
        inputs: Sequence[FeedReport] = (),
        earlier: EarlierReport | None = None,
        **clustering: Any,
    ) -> Report:
        """Label and cluster a feed, and gather what there is to tell.

        Parameters
        ----------
        labeler : HeadlineLabeler
        texts : sequence of str or Headline
            n headlines, taken as `HeadlineLabeler.label` takes them.
        title : str, default "Headlines"
            Stands at the top.
        inputs : sequence of FeedReport, optional
            What became of the inputs' lines.
        earlier : EarlierReport, optional
            What the feed is compared with; its stories keep their numbers.
        **clustering
            As for `HeadlineLabeler.cluster`: `memory`, `day`, `edits` and the like.
        """
        found = labeler.cluster(
            texts, level="story", previous=earlier.clusters if earlier else None, **clustering
        )
        predictions = tuple(labeler.label([headline.item for headline in found]))
        periods = Periods.of([headline.item for headline in found])
        since = since_told(found, earlier)
        return cls(
            title=title,
            found=found,
            predictions=predictions,
            topics=topics_told(predictions, labeler.topics, labeler.embedder, periods, earlier),
            themes=themes_told(found, predictions, since),
            periods=periods,
            since=since,
            doubts=doubts_told(found, predictions),
            inputs=tuple(inputs),
            model=ModelTold.of(labeler),
        )

    @property
    def day(self) -> str | None:
        """The latest day of the feed's dates, or the one that a memory has it under."""
        days = [day for p in self.predictions if (day := day_of(p.item.date)) is not None]
        return self.found.day or (max(days).isoformat() if days else None)

    @cached_property
    def stories(self) -> tuple[StoryTold, ...]:
        """The stories of two headlines and more, the largest first."""
        some = [story for theme in self.themes for story in theme.stories]
        return tuple(sorted(some, key=lambda story: (-len(story.places), story.number)))

    @property
    def publishers(self) -> int:
        """How many publish the headlines."""
        return len({publisher_of(p.item) for p in self.predictions} - {None})

    @cached_property
    def layout(self) -> Layout:
        """Where each headline and each story stands on the map."""
        return layout_of(self.found)

    @property
    def data(self) -> str:
        """What the page's program reads, and the next report: JSON."""
        place = {topic: i for i, topic in enumerate(self.model.topics)}
        several = {story.number: story.name for story in self.stories}
        alone = [c for c in self.found.stories if c.cluster not in several]
        points = self.layout.points.tolist()
        rows = {
            "id": [headline.id for headline in self.found],
            "headline": [headline.headline for headline in self.found],
            "story": [headline.story for headline in self.found],
            "theme": [headline.theme for headline in self.found],
            "strength": [headline.strength for headline in self.found],
            "topic": [place.get(p.topic or "", -1) for p in self.predictions],
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
        }
        return data_for_page(
            {
                "version": VERSION,
                "day": self.day,
                "model": self.model.model,
                "topics": self.model.topics,
                "size": [round(size, 4) for size in self.layout.size],
                "stories": [
                    [disc.number, several[disc.number], disc.x, disc.y, disc.radius]
                    for disc in self.layout.stories
                    if disc.number in several
                ],
                "alone": [[c.cluster, c.name] for c in alone if c.name != c.medoid],
                "headlines": rows,
            }
        )

    def to_html(self) -> str:
        """Give the report as one page of HTML, which asks nothing of any other place."""
        from headlines.report.page import html_of

        return html_of(self)

    def to_markdown(self) -> str:
        """Give the most important part of the report as Markdown, for a chat or a mail."""
        from headlines.report.page import markdown_of

        return markdown_of(self)
