"""Whether the quality that a feed's stories are said to have is the one that they have.

    python -m benchmarks.quality [--data DIR]

Days of 120 and 300 headlines, and of 1,000 among 1,000 others, are drawn as by benchmarks/days.py,
ten of each set and size, and clustered by this package. `FeedQuality` says what share of the pairs
put together tell one story, which stories may be several (cohesion below .5), and which may be one
with another (.5 and more across); the sets' own stories say what is true. Measured:

- precision: the true share of pairs and the expected one, their mean absolute difference, and
  their correlation over the days of a set and size. Beside it the mean cosine of the same pairs,
  and the expected share after a logistic recalibration of two parameters, which is learned from
  the pairs put together on the days that may choose, each day counting the same.
- several: of stories of two and more headlines how many aren't of one story alone (the base
  rate), how many of those told as doubtful aren't, and of the three of a day that have the lowest
  cohesion, or the lowest mean cosine.
- one: how many stories are, by most pairs across, one with the `nearest` (the base rate), how many
  of those that are told to be, and of the three of a day that have the highest probability across,
  or the highest mean cosine across.

Report: GoogleNews-T (jackyin12/GSDMM), a half of Wikipedia's stories (ianrastall/
current-events-context), the last 500 of AllSides (HLTCHKUST/framing-bias-metric); the others are
of the pools (rumca-js/RSS-Link-Database-2022 and -2023), each a story of its own; ``select`` has
what may choose. Half of Wikipedia's reported stories, as benchmarks/days.py halves them, were
among those that the probability of pairs was learned from, at a tenth of the weight.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common, days
from benchmarks.days import Day
from headlines import HeadlineClusterer
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.pairs import PairScorer
from headlines.clustering.quality import FeedQuality, quality_of
from headlines.clustering.whitening import Whitening
from headlines.embedding.embedder import unit_rows
from headlines.feeds.headline import Headline

SIZES = (120, 300, 1000)
TOLD = 3
FILES = ("googlenews_t", "wiki_events_to_2017", "allsides_stories", "pool_news", "pool_tech")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """A day, its stories, and what was said of them."""

    day: Day
    quality: FeedQuality
    labels: NDArray[np.int64]
    same: Flags  # whether two headlines are of one true story, shape (n, n)
    cosine: Floats  # of their vectors, (n, n)
    probability: Floats  # of the pairs put together
    right: Flags  # whether they are

    @property
    def true(self) -> float:
        return float(self.right.mean())

    @property
    def expected(self) -> float:
        return self.quality.expected_precision or 0.0

    @property
    def mean_cosine(self) -> float:
        together = np.triu(self.labels[:, None] == self.labels, 1)
        return float(self.cosine[together].mean())

    def across(self, of: Flags | Floats, one: int, other: int) -> float:
        """Give the mean over the pairs of two stories, or within one."""
        some = of[np.ix_(self.labels == one, self.labels == other)]
        if one != other:
            return float(some.mean())
        return float(some[np.triu_indices(len(some), 1)].mean())


def judged(day: Day) -> Judged:
    """Find the stories of a day and ask how good they are."""
    embedder = days.embedder()
    headlines = [Headline.parse(text) for text in day.texts]
    X, words = vectors_and_words(headlines, embedder)
    clusterer = HeadlineClusterer(whitening=Whitening.of_news(embedder.fingerprint))
    labels = clusterer.fit(X, words=words).labels_
    points = unit_rows(X.astype(np.float64))
    edges = clusterer.texts_, clusterer.graph()
    quality = quality_of(headlines, labels, points, edges, embedder.fingerprint)
    assert quality is not None
    scorer = PairScorer.of(embedder.fingerprint)
    left, right = np.nonzero(np.triu(labels[:, None] == labels, 1))
    told = scorer.read(headlines, embedder)
    truth = np.unique(day.truth, return_inverse=True)[1]
    same = truth[:, None] == truth
    probability = scorer.probabilities(told, left, right)
    return Judged(day, quality, labels, same, points @ points.T, probability, same[left, right])


def logit(probability: Floats) -> Floats:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def recalibration(some: Iterable[Judged]) -> tuple[float, float]:
    """Learn the intercept and the slope of a logistic regression on the logit of pairs."""
    from sklearn.linear_model import LogisticRegression

    each = list(some)
    X = np.concatenate([logit(one.probability) for one in each])[:, None]
    y = np.concatenate([one.right for one in each])
    weight = np.concatenate([np.full(len(one.right), 1 / len(one.right)) for one in each])
    fitted = LogisticRegression(C=1e6).fit(X, y, sample_weight=weight * len(y) / weight.sum())
    return round(float(fitted.intercept_[0]), 3), round(float(fitted.coef_[0, 0]), 3)


def precision(some: list[Judged], line: tuple[float, float]) -> dict[str, Any]:
    true = [one.true for one in some]
    told = {
        "expected": [one.expected for one in some],
        "cosine": [one.mean_cosine for one in some],
        "recalibrated": [
            float((1 / (1 + np.exp(-line[0] - line[1] * logit(one.probability)))).mean())
            for one in some
        ],
    }
    result: dict[str, Any] = {"true": round(statistics.mean(true), 3)}
    for name, means in told.items():
        apart = [abs(a - b) for a, b in zip(true, means, strict=True)]
        result[name] = {
            "mean": round(statistics.mean(means), 3),
            "difference": round(statistics.mean(apart), 3),
            "correlation": round(statistics.correlation(true, means), 2),
        }
    return result


def share(some: list[bool]) -> float | None:
    return round(statistics.mean(some), 3) if some else None


def several(some: list[Judged]) -> dict[str, Any]:
    """Tell whether stories that are said to be several are."""
    every: list[bool] = []
    told: list[bool] = []
    lowest: dict[str, list[bool]] = defaultdict(list)
    for one in some:
        impure = {s.story: one.across(one.same, s.story, s.story) < 1 for s in one.quality.stories}
        cosine = {s.story: one.across(one.cosine, s.story, s.story) for s in one.quality.stories}
        cohesion = {s.story: s.cohesion for s in one.quality.stories}
        every += impure.values()
        told += [impure[s.story] for s in one.quality.doubtful]
        for name, by in (("cohesion", cohesion), ("cosine", cosine)):
            lowest[name] += [impure[story] for story in sorted(by, key=by.__getitem__)[:TOLD]]
    return {
        "stories": len(every), "base_rate": share(every),
        "told": len(told), "of_told": share(told),
        "of_lowest_cohesion": share(lowest["cohesion"]),
        "of_lowest_cosine": share(lowest["cosine"]),
    }  # fmt: skip


def alike(some: list[Judged]) -> dict[str, Any]:
    """Tell whether stories that are said to be one are."""
    every: list[bool] = []
    told: list[bool] = []
    highest: dict[str, list[bool]] = defaultdict(list)
    for one in some:
        found = {
            (s.story, s.nearest): s.across for s in one.quality.stories if s.nearest is not None
        }
        of_one = {pair: one.across(one.same, *pair) > 0.5 for pair in found}
        cosine = {pair: one.across(one.cosine, *pair) for pair in found}
        every += of_one.values()
        told += [
            of_one[s.story, s.nearest] for s in one.quality.perhaps_one if s.nearest is not None
        ]
        for name, by in (("across", found), ("cosine", cosine)):
            order = sorted(by, key=lambda pair: -(by[pair] or 0))
            distinct = list(dict.fromkeys(tuple(sorted(pair)) for pair in order))
            highest[name] += [one.across(one.same, *pair) > 0.5 for pair in distinct[:TOLD]]
    return {
        "stories": len(every), "base_rate": share(every),
        "told": len(told), "of_told": share(told),
        "of_highest_across": share(highest["across"]),
        "of_highest_cosine": share(highest["cosine"]),
    }  # fmt: skip


def all_judged(select: bool, data: Path) -> list[Judged]:
    return [judged(day) for day in days.draws(select, data) if day.size in SIZES]


def measured(every: list[Judged], line: tuple[float, float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in dict.fromkeys(one.day.name for one in every):
        of = [one for one in every if one.day.name == name]
        sizes = {str(n): precision([one for one in of if one.day.size == n], line) for n in SIZES}
        found[name] = {"precision": sizes, "several": several(of), "one": alike(of)}
        print(name, found[name], flush=True)
    return found


def main() -> None:
    options = common.arguments(__doc__, "quality.json").parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in FILES)):
        return
    chosen = all_judged(True, options.data)
    line = recalibration(chosen)
    found = {
        "recalibration": {"intercept": line[0], "slope": line[1]},
        "select": measured(chosen, line),
        "sets": measured(all_judged(False, options.data), line),
    }
    common.write(options.output, common.described("python -m benchmarks.quality", found))


if __name__ == "__main__":
    main()
