"""What a labeler says of one headline, and how that looks as a row of output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headlines.headline import Headline

__all__ = ["ClusteredHeadline", "Prediction"]


@dataclass(frozen=True, slots=True)
class _OfHeadline:
    """What every result tells of the headline that it is about."""

    item: Headline

    @property
    def id(self) -> str:
        """The headline's id, shared by its copies."""
        return self.item.id

    @property
    def source(self) -> str | None:
        """Name of the input; None for a string from Python."""
        return self.item.source

    @property
    def line(self) -> int | None:
        """Line of the input, from 1; None for a string from Python."""
        return self.item.line

    @property
    def headline(self) -> str:
        """The title as published."""
        return self.item.headline

    def _row(self, **found: Any) -> dict[str, Any]:
        item = self.item
        row = {"id": item.id, "source": item.source, "line": item.line, "headline": item.headline}
        published = {"publisher": item.publisher, "date": item.date}
        return row | found | {k: v for k, v in published.items() if v is not None}


@dataclass(frozen=True, slots=True)
class Prediction(_OfHeadline):
    """The topic of one headline.

    Attributes
    ----------
    item : Headline
        What was labelled; `id`, `source`, `line` and `headline` (its text) are read from it.
    topic : str or None
        The most probable topic; None when the labeler abstained, because the probability is
        below what was asked or because it knows no word of the headline.
    probability : float
        Of the most probable topic, from 0 to 1, rounded to 6 digits.
    topics : tuple of (str, float)
        All topics and their probabilities, the most probable first.
    also : tuple of str
        Further topics that apply.
    model : str
        Name of the model by its content.
    """

    topic: str | None
    probability: float
    topics: tuple[tuple[str, float], ...]
    also: tuple[str, ...]
    model: str

    def to_row(self, top: int = 3) -> dict[str, Any]:
        """Give the prediction as a row for output, with the `top` most probable topics."""
        return self._row(
            topic=self.topic,
            probability=self.probability,
            topics=[{"topic": t, "probability": p} for t, p in self.topics[:top]],
            also=list(self.also),
            duplicate_of=self.item.duplicate_of,
            model=self.model,
        )


@dataclass(frozen=True, slots=True)
class ClusteredHeadline(_OfHeadline):
    """The cluster of one headline.

    Attributes
    ----------
    item : Headline
        As for `Prediction`.
    cluster : int
        0 for the largest.
    name : str
        The words that set the cluster apart.
    story : int
        The finer group within the cluster.
    strength : float
        From 0 to 1: how firmly the headline's neighbours lie in the same cluster.
    """

    cluster: int
    name: str
    story: int
    strength: float

    def to_row(self) -> dict[str, Any]:
        """Give the assignment as a row for output."""
        return self._row(
            cluster=self.cluster,
            name=self.name,
            story=self.story,
            strength=self.strength,
            duplicate_of=self.item.duplicate_of,
        )
