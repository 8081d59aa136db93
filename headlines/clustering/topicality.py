"""Topicality: the topics of headlines as a labeler gives them, and what they say of clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.headline import Headline

MIN_NAMING = 0.5
"""A topic that holds for more than this share of a theme's headlines begins its name."""


@dataclass(frozen=True)
class Topicality:
    """The probabilities of topics for n headlines."""

    topics: Sequence[str]
    shares: NDArray[np.float64]  # (n, n_topics); a row of zeros where the labeler abstained

    def of(self, places: Any) -> tuple[tuple[str, float], ...]:
        """Give the topics of some headlines and the share of each, the largest first.

        A headline speaks for its most probable topic alone, by that probability.
        """
        some = self.shares[places]
        best = np.rint(1e6 * some.max(axis=1, initial=0.0))  # whole: the sums are exact
        sums = np.bincount(some.argmax(axis=1), best, minlength=len(self.topics))
        shares = (sums / (1e6 * len(some))).round(3).tolist()
        known = [(topic, s) for topic, s, all in zip(self.topics, shares, sums, strict=True) if all]
        return tuple(sorted(known, key=lambda item: (-item[1], item[0])))

    def named(self, name: str, places: Any) -> str:
        """Begin a theme's name with the topic of most of its headlines, if one is."""
        found = self.of(places)
        return f"{found[0][0]}: {name}" if found and found[0][1] > MIN_NAMING else name


TopicsOf = Callable[[Sequence[Headline]], Topicality]
"""What a labeler says of headlines."""
