"""What a labeler says of one headline, and how that looks as a row of output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray

from headlines.display.table import MAX_ROWS, html_parts, html_table, html_text
from headlines.feeds.headline import Headline, HeadlineResult

ANSWERED, UNKNOWN, NOT_NEWS, UNSURE = range(4)
"""What came of a headline: its topic is given, or why not."""

REASONS = (None, "no word of it is known", "not news of these topics", "unsure")
"""What a person is told of each; of those that are unsure, with the topics in question."""


@dataclass(frozen=True, slots=True)
class Prediction(HeadlineResult):
    """The topic of one headline.

    Attributes
    ----------
    item : Headline
        What was labelled; `id`, `source`, `line` and `headline` (its text) are read from it.
    topic : str or None
        The most probable topic; None when the labeler abstained.
    probability : float
        Of the most probable topic, from 0 to 1, rounded to 6 digits.
    topics : tuple of (str, float)
        All topics and their probabilities, the most probable first.
    also : tuple of str
        Further topics that apply.
    abstained : str or None
        Why there is no topic: ``not news of these topics``, ``no word of it is known``, or, where
        the probability is below what was asked, ``unsure between A and B``, the two most probable
        topics. None where a topic is given.
    model : str
        Name of the model by its content.

    Examples
    --------
    >>> from headlines import HeadlineLabeler
    >>> [found] = HeadlineLabeler.load().label(["Drone Hits Oil Depot Near Ryazan"])
    >>> found.topic, found.to_row(top=1)["topics"][0]["topic"]
    ('drones', 'drones')
    """

    topic: str | None
    probability: float
    topics: tuple[tuple[str, float], ...]
    also: tuple[str, ...]
    abstained: str | None
    model: str

    def to_row(self, top: int = 3, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the prediction as a row for output, with the `top` most probable topics.

        What else there is to say (`more`) stands before the input's other columns.
        """
        return self._row(
            topic=self.topic,
            probability=self.probability,
            topics=[{"topic": t, "probability": p} for t, p in self.topics[:top]],
            also=list(self.also),
            abstained=self.abstained,
            duplicate_of=self.item.duplicate_of,
            model=self.model,
            **(more or {}),
        )

    def _repr_html_(self) -> str:
        """Show the most probable topics, and which of them it has."""
        kinds = dict.fromkeys(self.also, "also")
        if self.topic is not None:
            kinds[self.topic] = "topic"
        rows = [(topic, share, kinds.get(topic)) for topic, share in self.topics[:TOPICS_SHOWN]]
        why = "" if self.abstained is None else f": no topic, {html_text(self.abstained)}"
        return html_parts(
            f"<p>{html_text(self.headline)}{why}</p>",
            html_table(["topic", "probability", "given"], rows, of=len(self.topics)),
        )


TOPICS_SHOWN = 3
"""Topics that a notebook shows of one prediction."""


class Predictions(list[Prediction]):
    """A list of predictions that a notebook shows as a table."""

    @overload
    def __getitem__(self, place: SupportsIndex) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> Predictions: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Prediction | Predictions:
        found = super().__getitem__(place)
        return Predictions(found) if isinstance(found, list) else found

    def _answered(self) -> str:
        return _answered(len(self), sum(found.topic is not None for found in self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self) if len(self) <= MAX_ROWS else self._answered())

    def _repr_html_(self) -> str:
        return _table(self, self._answered())


def _answered(n: int, answered: int) -> str:
    return f"{n:,} headline{'s' * (n != 1)}, {answered:,} with a topic"


def _table(predictions: Sequence[Prediction], caption: str) -> str:
    rows = (
        (p.headline, p.topic or f"none: {p.abstained}", p.probability, ", ".join(p.also) or None)
        for p in predictions
    )
    return html_table(
        ["headline", "topic", "probability", "also"], rows, caption, of=len(predictions)
    )


@dataclass(frozen=True)
class PredictionBlock(Sequence[Prediction]):
    """What a labeler says of n headlines with k topics, kept column by column."""

    items: Sequence[Headline]
    names: tuple[str, ...]
    order: NDArray[np.int64]  # (n, k): each headline's topics by number, the most probable first
    shares: NDArray[np.float64]  # (n, k): their probabilities, rounded to 6 digits
    outcomes: NDArray[np.int8]  # (n,): whether the most probable topic is given, or why not
    further: NDArray[np.bool_]  # (n, k): which of them apply beside the first
    model: str

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Whether each headline has a topic, shape (n,)."""
        return np.equal(self.outcomes, ANSWERED)

    @property
    def not_news(self) -> NDArray[np.bool_]:
        """Whether each headline was refused as no news of the topics, shape (n,)."""
        return np.equal(self.outcomes, NOT_NEWS)

    @cached_property
    def topics(self) -> NDArray[np.object_]:
        """The topic given to each headline, or None, shape (n,)."""
        topics = self._ranked(0)
        topics[~self.answered] = None
        return topics

    @cached_property
    def reasons(self) -> NDArray[np.object_]:
        """Why each headline has no topic, None for one that has, shape (n,)."""
        reasons = np.array(REASONS, dtype=object).take(self.outcomes)
        unsure = self.outcomes == UNSURE
        if unsure.any():
            said = ": " + self._ranked(0)
            if len(self.names) > 1:
                said = " between " + self._ranked(0) + " and " + self._ranked(1)
            reasons[unsure] += said[unsure]
        return reasons

    def _ranked(self, rank: int) -> NDArray[np.object_]:
        """Name each headline's topic of a rank, from 0."""
        return np.array(self.names, dtype=object).take(self.order[:, rank])

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> Predictions: ...
    def __getitem__(self, place: int | slice) -> Prediction | Predictions:
        if isinstance(place, slice):
            return Predictions(self[i] for i in range(*place.indices(len(self))))
        shares = self.shares[place].tolist()
        ranked = [self.names[i] for i in self.order[place].tolist()]
        topics = tuple(zip(ranked, shares, strict=True))
        topic = self.topics[place]
        applies = self.further[place].tolist()
        return Prediction(
            item=self.items[place],
            topic=topic,
            probability=shares[0],
            topics=topics,
            also=tuple(t for t, also in zip(ranked, applies, strict=True) if also),
            abstained=self.reasons[place],
            model=self.model,
        )

    def _answered(self) -> str:
        return _answered(len(self), int(self.answered.sum()))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self._answered())

    def _repr_html_(self) -> str:
        return _table(self, self._answered())

    def shares_of_topics(self) -> dict[str | None, int]:
        """Count the headlines of each topic given, None for those without one."""
        counts = np.bincount(self.order[self.answered, 0], minlength=len(self.names)).tolist()
        counted: list[tuple[str | None, int]] = [
            *zip(self.names, counts, strict=True),
            (None, len(self) - sum(counts)),
        ]
        return {topic: number for topic, number in counted if number}

    def shares_of_reasons(self) -> dict[str, int]:
        """Count the headlines without a topic by why they have none, all the unsure as one."""
        counts = np.bincount(self.outcomes, minlength=len(REASONS)).tolist()
        return {why: n for why, n in zip(REASONS, counts, strict=True) if why is not None and n}
