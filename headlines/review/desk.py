"""The desk: what is asked next, what a person answered, and how often the machine agreed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.errors import HeadlinesError, TaxonomyError
from headlines.feeds.headline import Headline, normalise_v1
from headlines.labeling.explanation import Explanation
from headlines.labeling.labeler import HeadlineLabeler
from headlines.review.ledger import Ledger
from headlines.review.order import Suggestion, suggestions
from headlines.topics.labels import GoldLabel
from headlines.topics.taxonomy import Taxonomy, Topic, add_topics

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredFeed

KEYS = "1234567890abcefghijklmoprtvwxyzABCEFGHIJKLMOPRTVWXYZ"
"""What chooses a topic, in their order; the letters left out are commands."""

ANSWERS_BETWEEN = 10
"""Answers after which the order is told anew: it follows them."""

MAX_FOUND = 30
"""Headlines that a search gives."""

MAX_STORY = 200
"""Headlines of a story that a new topic may begin with."""


class RequestError(HeadlinesError):
    """A wish that can't be fulfilled: a headline that isn't there, a topic without a name."""


@dataclass(frozen=True)
class Question:
    """A headline that a person is asked about, and what the machine says of it.

    `answered` is what the corrections say now; `story` the headlines that tell the same.
    """

    suggestion: Suggestion
    explanation: Explanation
    answered: GoldLabel | None
    story: tuple[Headline, ...]

    @property
    def headline(self) -> Headline:
        """What is asked about."""
        return self.suggestion.prediction.item

    def to_row(self) -> dict[str, Any]:
        """Give the question as one JSON object."""
        headline, found = self.headline, self.explanation
        return {
            "id": headline.id,
            "headline": headline.headline,
            "source": headline.source,
            "publisher": headline.publisher,
            "date": headline.date,
            "kind": self.suggestion.kind,
            "reason": self.suggestion.reason,
            "topic": found.topic,
            "probability": found.probability,
            "runner_up": found.runner_up,
            "news": found.news,
            "probabilities": dict(self.suggestion.prediction.topics),
            "words": [{"word": w.word, "effect": w.effect} for w in found.words],
            "neighbours": [
                {"headline": n.headline, "topic": n.topic, "similarity": n.similarity}
                for n in found.neighbours
            ],
            "answered": self.answered
            and {"topic": self.answered.topic, "also": list(self.answered.also)},
            "story": [{"id": h.id, "headline": h.headline} for h in self.story],
        }


@dataclass(frozen=True)
class Progress:
    """How far a review is.

    Answers are this desk's that stand; `by_others` are those of others, or of an earlier review, to
    headlines of the feed. The machine's first topic agrees with so many of those that it could
    have given.
    """

    answers: int
    undone: int
    skipped: int
    by_others: int
    left: int
    headlines: int
    agreed: int
    compared: int

    @property
    def agreement(self) -> float | None:
        """The share of answers that the machine would have given, None before the first."""
        return round(self.agreed / self.compared, 4) if self.compared else None

    def to_row(self) -> dict[str, Any]:
        """Give it as one JSON object."""
        return {**vars(self), "agreement": self.agreement}


@dataclass(frozen=True)
class _Act:
    """What a person did, to be undone."""

    id: str
    labels: tuple[GoldLabel, ...] = ()  # none where the headline was skipped
    compared: bool = True


class Desk:
    """What a page and a terminal ask of a review.

    Parameters
    ----------
    labeler : HeadlineLabeler
    headlines : sequence of Headline
        The feed; copies are asked once.
    ledger : Ledger
        The file of corrections.
    labels : sequence of GoldLabel, optional
        Labels that are known beside the corrections.
    clusters : ClusteredFeed, optional
        The stories of the feed.
    topics_file : Path, optional
        Where a new topic is written; without it there can be none.
    random_state : int, default 0
    """

    def __init__(
        self,
        labeler: HeadlineLabeler,
        headlines: Sequence[Headline],
        ledger: Ledger,
        *,
        labels: Sequence[GoldLabel] = (),
        clusters: ClusteredFeed | None = None,
        topics_file: Path | None = None,
        random_state: int = 0,
    ) -> None:
        self.labeler = labeler
        self.ledger = ledger
        self.topics_file = topics_file
        self.new_topics: list[str] = []
        built_in = Taxonomy.load().topics if topics_file is None else ()
        self._definitions = {topic.name: topic.definition for topic in built_in}
        self._topics_read = -1
        self._headlines: dict[str, Headline] = {}
        for headline in headlines:
            if headline.text:
                self._headlines.setdefault(headline.id, headline)
        self._labels = tuple(labels)
        self._clusters = clusters
        self._random_state = random_state
        self._order = self._ordered(ledger.standing())
        self._answered_since = 0
        self._ordering: threading.Thread | None = None
        self._others: dict[str, Suggestion] = {}
        self._story, self._stories = _stories_of(clusters)
        self._acts: list[_Act] = []
        self._undone = 0

    # ------------------------------------------------------------------ what is asked

    def topics(self) -> list[dict[str, str]]:
        """Give the topics' names with their keys and definitions; new ones of other desks too."""
        if self.topics_file is not None:
            self._read_topics(self.topics_file)
        keys = [*KEYS, *[""] * len(self.ledger.topics)]
        return [
            {"name": name, "key": key, "definition": self._definitions.get(name, "")}
            for name, key in zip(self.ledger.topics, keys, strict=False)
        ]

    def next(self) -> Question | None:
        """Give the headline that teaches most among those that nobody answered, if there is one."""
        self.topics()
        answered, skipped = self.ledger.standing(), self._skipped()
        if self._answered_since >= ANSWERS_BETWEEN:
            self._order_anew(answered)
        for key, found in self._order.items():
            if key not in answered and key not in skipped:
                return self._question(found)
        return None

    def question(self, id: str) -> Question:
        """Give any headline of the feed; raises RequestError where there is none of that id."""
        self.topics()
        self._known(id)
        return self._question(self._suggestion(id))

    def search(self, words: str) -> list[dict[str, Any]]:
        """Give the headlines of the feed that have all the words, the first `MAX_FOUND` of them."""
        wanted = normalise_v1(words).split()
        answered = self.ledger.standing()
        found: list[dict[str, Any]] = []
        for key, headline in self._headlines.items() if wanted else ():
            text = normalise_v1(headline.headline)
            if all(word in text for word in wanted):
                label = answered.get(key)
                topic = label.topic if label else None
                found.append({"id": key, "headline": headline.headline, "topic": topic})
                if len(found) == MAX_FOUND:
                    break
        return found

    def progress(self) -> Progress:
        """Say how far the review is."""
        answered, skipped = self.ledger.standing(), self._skipped()
        own = {label.headline.id for act in self._acts for label in act.labels}
        latest = {act.id: act for act in self._acts if act.labels and act.compared}
        compared = {
            key: act.labels[0].topic
            for key, act in latest.items()
            if self._first(key) in self.ledger.topics
        }
        return Progress(
            answers=len(own),
            undone=self._undone,
            skipped=len(skipped),
            by_others=sum(key in answered and key not in own for key in self._headlines),
            left=sum(key not in answered and key not in skipped for key in self._order),
            headlines=len(self._headlines),
            agreed=sum(self._first(key) == topic for key, topic in compared.items()),
            compared=len(compared),
        )

    # ------------------------------------------------------------------ what is done

    def answer(self, id: str, topic: str, also: Sequence[str] = ()) -> None:
        """Keep an answer: it is on the disk when this returns.

        Raises RequestError where the headline or a topic isn't known, OutputError where the file
        can't be written.
        """
        known = [entry["name"] for entry in self.topics()]
        for name in (topic, *also):
            if name not in known:
                raise RequestError(f"no topic {name[:80]!r}; the topics are {', '.join(known)}")
        further = tuple(name for name in dict.fromkeys(also) if name != topic)
        label = GoldLabel(self._known(id), topic, also=further)
        self.ledger.append([label])
        self._acts.append(_Act(id, (label,)))
        self._answered_since += 1

    def skip(self, id: str) -> None:
        """Ask a headline no more in this review."""
        self._known(id)
        self._acts.append(_Act(id))

    def undo(self) -> str | None:
        """Take back what was done last; give the id of its headline, None where there is nothing.

        Of a new topic the labels are taken back; the topics file keeps the topic.
        """
        if not self._acts:
            return None
        act = self._acts[-1]
        if act.labels:
            self.ledger.append(act.labels, withdrawn=True)
            self._undone += len(act.labels)
        self._acts.pop()
        return act.id

    def add_topic(self, name: str, definition: str, ids: Sequence[str]) -> None:
        """Write a topic into the topics file, and headlines as its first labels.

        Raises RequestError where it has no name or no headline, or where the topics are the
        built-in ones, TaxonomyError where there is a topic of that name.
        """
        topics_file = self.refuse_new_topics()
        name = " ".join(name.split())
        if not name or not ids:
            raise RequestError("a new topic has a name, and one headline or more")
        headlines = [self._known(id) for id in dict.fromkeys(ids)]
        with self.ledger.held():
            add_topics(topics_file, [Topic(name, definition=" ".join(definition.split()))])
        self.topics()
        [name] = [t for t in self.ledger.topics if normalise_v1(t) == normalise_v1(name)]
        labels = tuple(GoldLabel(headline, name) for headline in headlines)
        self.ledger.append(labels)
        self.new_topics.append(name)
        self._acts.append(_Act(headlines[0].id, labels, compared=False))

    def refuse_new_topics(self) -> Path:
        """Give the topics file; raises RequestError, which says what to do, where there is none."""
        if self.topics_file is None:
            raise RequestError(
                "the built-in topics can't be added to: copy seeds/topics.toml beside the "
                "configuration, name it under topics there (or give --topics FILE), start again"
            )
        return self.topics_file

    # ------------------------------------------------------------------ within

    def _ordered(self, answered: Mapping[str, GoldLabel]) -> dict[str, Suggestion]:
        """Put the feed into order, the answers being known; what was skipped keeps its place."""
        labels = [label for label in self._labels if label.headline.id not in answered]
        found = suggestions(
            self.labeler,
            list(self._headlines.values()),
            labels=[*labels, *answered.values()],
            skip=set(answered),
            clusters=self._clusters,
            random_state=self._random_state,
        )
        return {suggestion.prediction.id: suggestion for suggestion in found}

    def _order_anew(self, answered: Mapping[str, GoldLabel]) -> None:
        """Do so beside the review: of a large feed it takes longer than a person waits."""
        if self._ordering is not None and self._ordering.is_alive():
            return
        known = dict(answered)

        def order() -> None:
            before = self._order
            now = self._ordered(known)
            # What was answered may be undone, and is asked again then: last.
            self._order = now | {key: found for key, found in before.items() if key not in now}

        self._answered_since = 0
        self._ordering = threading.Thread(target=order, daemon=True)
        self._ordering.start()

    def _known(self, id: str) -> Headline:
        if id not in self._headlines:
            raise RequestError(f"the feed has no headline of the id {id[:40]!r}")
        return self._headlines[id]

    def _skipped(self) -> set[str]:
        return {act.id for act in self._acts if not act.labels}

    def _suggestion(self, id: str) -> Suggestion:
        """Give what is to be said of a headline, be it among those that are asked or not."""
        found = self._order.get(id) or self._others.get(id)
        if found is None:
            [prediction] = self.labeler.label([self._headlines[id]], any_text=True)
            found = self._others[id] = Suggestion(prediction, kind="", reason="")
        return found

    def _first(self, id: str) -> str:
        """Give the topic that the machine holds most probable."""
        return self._suggestion(id).prediction.topics[0][0]

    def _question(self, found: Suggestion) -> Question:
        headline = found.prediction.item
        number = self._story.get(headline.id, -1)
        others = self._stories.get(number, ()) if number >= 0 else ()
        story = [headline, *(h for h in others if h.id != headline.id)]
        return Question(
            suggestion=found,
            explanation=self.labeler.explain(headline),
            answered=self.ledger.standing().get(headline.id),
            story=tuple(story[:MAX_STORY]),
        )

    def _read_topics(self, path: Path) -> None:
        """Read the topics file again where it has changed; a fault in it changes nothing."""
        try:
            changed = path.stat().st_mtime_ns
            if changed == self._topics_read:
                return
            taxonomy = Taxonomy.load(path)
        except (OSError, TaxonomyError):
            return
        self._topics_read = changed
        self._definitions = {topic.name: topic.definition for topic in taxonomy.topics}
        self.ledger.topics = taxonomy.names


def _stories_of(
    clusters: ClusteredFeed | None,
) -> tuple[Mapping[str, int], Mapping[int, Sequence[Headline]]]:
    """Give the number of each headline's story, and the distinct headlines of each."""
    number: dict[str, int] = {}
    stories: dict[int, list[Headline]] = {}
    for found in clusters or ():
        if found.id not in number:
            number[found.id] = found.story
            stories.setdefault(found.story, []).append(found.item)
    return number, stories
