"""What a labeler says of one headline, and how that looks as a row of output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.headline import Headline, HeadlineResult


@dataclass(frozen=True, slots=True)
class Prediction(HeadlineResult):
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
    model: str

    def to_row(self, top: int = 3, **more: Any) -> dict[str, Any]:
        """Give the prediction as a row for output, with the `top` most probable topics.

        What else there is to say (`more`) stands before the input's other columns.
        """
        return self._row(
            topic=self.topic,
            probability=self.probability,
            topics=[{"topic": t, "probability": p} for t, p in self.topics[:top]],
            also=list(self.also),
            duplicate_of=self.item.duplicate_of,
            model=self.model,
            **more,
        )


@dataclass(frozen=True)
class PredictionBlock(Sequence[Prediction]):
    """What a labeler says of n headlines with k topics, kept column by column."""

    items: Sequence[Headline]
    names: tuple[str, ...]
    order: NDArray[np.int64]  # (n, k): each headline's topics by number, the most probable first
    shares: NDArray[np.float64]  # (n, k): their probabilities, rounded to 6 digits
    answered: NDArray[np.bool_]  # (n,): whether the most probable topic is given
    also_from: NDArray[np.float64]  # (k,): from which probability each applies beside the first
    model: str

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> list[Prediction]: ...
    def __getitem__(self, place: int | slice) -> Prediction | list[Prediction]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        shares = self.shares[place].tolist()
        ranked = [self.names[i] for i in self.order[place].tolist()]
        topics = tuple(zip(ranked, shares, strict=True))
        answered = bool(self.answered[place])
        bounds = self.also_from[self.order[place]].tolist()
        further = zip(topics[1:], bounds[1:], strict=True)
        also = tuple(t for (t, p), bound in further if p >= bound) if answered else ()
        return Prediction(
            item=self.items[place],
            topic=ranked[0] if answered else None,
            probability=shares[0],
            topics=topics,
            also=also,
            model=self.model,
        )

    def shares_of_topics(self) -> dict[str | None, int]:
        """Count the headlines of each topic given, None for those without one."""
        counts = np.bincount(self.order[self.answered, 0], minlength=len(self.names)).tolist()
        counted: list[tuple[str | None, int]] = [
            *zip(self.names, counts, strict=True),
            (None, len(self) - sum(counts)),
        ]
        return {topic: number for topic, number in counted if number}
