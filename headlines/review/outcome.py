"""What came of corrections: the retraining that they led to, and whose topic it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import RetrainResult, retrain


@dataclass(frozen=True)
class Change:
    """A headline that has another topic than before; None where there is none."""

    headline: str
    before: str | None
    after: str | None

    def to_row(self) -> dict[str, Any]:
        """Give the change as one JSON object."""
        return dict(vars(self))


@dataclass(frozen=True)
class Outcome:
    """A retraining, and what it changed in the feed, or would have, had the gate let it."""

    result: RetrainResult
    changes: tuple[Change, ...]
    headlines: int

    def to_row(self) -> dict[str, Any]:
        """Give the outcome as one JSON object."""
        changes = [change.to_row() for change in self.changes]
        return {**self.result.to_row(), "changes": changes, "of": self.headlines}


def retrained(
    config: RetrainConfig,
    labeler: HeadlineLabeler,
    headlines: Sequence[Headline],
    *,
    first_run: bool = False,
) -> Outcome:
    """Retrain, and compare what the labeler said of a feed with what the new version says.

    Raises HeadlinesError as `retrain` does.
    """
    result = retrain(config, first_run=first_run)
    feed = list({headline.id: headline for headline in headlines}.values())
    changes: list[Change] = []
    if result.version is not None:
        now = HeadlineLabeler.load(result.version, registry=config.registry)
        before, after = labeler.predict(feed)[0], now.predict(feed)[0]
        changes = [
            Change(headline.headline, one, other)
            for headline, one, other in zip(feed, before, after, strict=True)
            if one != other
        ]
    return Outcome(result, tuple(changes), len(feed))
