"""What a labeler says of one headline, and how that looks as a row of output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headlines.headline import Headline

__all__ = ["ClusteredHeadline", "Prediction"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The topic of one headline.

    Attributes
    ----------
    headline : Headline
        What was labelled, with its id, source and line.
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

    headline: Headline
    topic: str | None
    probability: float
    topics: tuple[tuple[str, float], ...]
    also: tuple[str, ...]
    model: str

    @property
    def id(self) -> str:
        """The headline's id."""
        return self.headline.id

    def to_row(self, top: int = 3) -> dict[str, Any]:
        """Give the prediction as a row for output, with the `top` most probable topics."""
        h = self.headline
        row: dict[str, Any] = {
            "id": h.id,
            "source": h.source,
            "line": h.line,
            "headline": h.headline,
            "topic": self.topic,
            "probability": self.probability,
            "topics": [{"topic": t, "probability": p} for t, p in self.topics[:top]],
            "also": list(self.also),
            "duplicate_of": h.duplicate_of,
            "model": self.model,
        }
        return row | _published(h)


@dataclass(frozen=True, slots=True)
class ClusteredHeadline:
    """The cluster of one headline.

    Attributes
    ----------
    headline : Headline
    cluster : int
        0 for the largest.
    name : str
        The words that set the cluster apart.
    story : int
        The finer group within the cluster.
    strength : float
        From 0 to 1: how firmly the headline's neighbours lie in the same cluster.
    """

    headline: Headline
    cluster: int
    name: str
    story: int
    strength: float

    def to_row(self) -> dict[str, Any]:
        """Give the assignment as a row for output."""
        h = self.headline
        row: dict[str, Any] = {
            "id": h.id,
            "source": h.source,
            "line": h.line,
            "headline": h.headline,
            "cluster": self.cluster,
            "name": self.name,
            "story": self.story,
            "strength": self.strength,
            "duplicate_of": h.duplicate_of,
        }
        return row | _published(h)


def _published(headline: Headline) -> dict[str, str]:
    found = {"publisher": headline.publisher, "date": headline.date}
    return {key: value for key, value in found.items() if value is not None}
