"""What each part of the rule that finds stories brings: all of it, and without one part at a time.

- days: B-cubed F1 on the first five days of each set and size of ``benchmarks.days --select``, all
  of whose sets may choose.
- samples: B-cubed F1, ACC and NMI of 1,000 and 3,000 headlines of these sets.
- whole: ACC and NMI of the stories of eight events or more of the half of Wikipedia's that may
  choose; of GoogleNews-T and -TS for the record alone, nothing is chosen on them.
- again: B-cubed F1 of days of 300 of which a half was clustered before, and stands.

The plain twins are average linkage of the same nearness, cut where two groups are less near than a
number, and no Leiden: joining begins with every headline alone.

    python -m benchmarks.research.stories --data DIR [--only PART]

Public origins: allsides_stories HLTCHKUST/framing-bias-metric; wiki_events_to_2017
ianrastall/current-events-context; googlenews_t, _ts jackyin12/GSDMM; the pools
rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks import common, days
from benchmarks.clusters import Labels, scores
from benchmarks.days import Day, b_cubed, embedder
from headlines import HeadlineClusterer
from headlines.clustering import clusterer as rule
from headlines.clustering import communities, neighbourhood
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.settlement import settled
from headlines.clustering.whitening import Whitening
from headlines.neighbours import STEPS, nearest

ALL = "all of it"
DRAWS = 5
AGAIN = 300  # headlines of a day of which a half was clustered before
LEAST = 8  # events of a story
REPORTED = ("googlenews_t", "googlenews_ts")
SETS = ("allsides_stories", "wiki_events_to_2017", *REPORTED, "pool_news", "pool_tech")
CUTS = (0.5, 0.55, 0.6)


@dataclass(frozen=True)
class Variant:
    """The rule with something else in the place of one of its parts."""

    patches: tuple[tuple[Any, str, Any], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    words: bool = True
    cut: float | None = None  # of average linkage

    def fit(self, X: Any, words: Any, was: Labels | None = None) -> HeadlineClusterer:
        """Fit a clusterer with the part changed."""
        news = {"whitening": Whitening.of_news(embedder().fingerprint)}
        with contextlib.ExitStack() as changed:
            once = (rule, "nearest", remembered), (neighbourhood, "nearest", remembered)
            for of, name, value in (*once, *self.patches):
                changed.enter_context(patch.object(of, name, value))
            fitted = HeadlineClusterer(**news | self.settings)
            fitted.fit(X, words=words if self.words else None, previous=was)
        if self.cut is not None:
            fitted.labels_ = linked(fitted, self.cut)
        return fitted


def linked(fitted: HeadlineClusterer, least: float) -> Labels:
    """Average linkage of the nearness that a clusterer has found, cut where it is less."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    told = fitted._neighbourhood.told
    points = told.points / np.float32(STEPS)
    near = (points @ points.T).astype(np.float64)
    near += (told.shared @ told.shared.T).toarray()
    far = np.maximum(4 - near, 0)
    np.fill_diagonal(far, 0)
    tree = linkage(squareform(far, checks=False), "average")
    found = fcluster(tree, 4 - least, "distance")
    alone = found.max() + 1 + np.arange(fitted.texts_.max() + 1 - len(found))
    return np.concatenate([found, alone])[fitted.texts_]


def unscaled(near: Any, similarity: Any, usual: Any, among: Any, k: int) -> Any:
    """Choose the k nearest, each weighing by how near it is."""
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(similarity, order, axis=1)
    return np.take_along_axis(near, order, axis=1), found, np.maximum(found, 0)


def by_themselves(graph: Any, resolution: float, random_state: Any) -> Labels:
    return np.arange(graph.shape[0])


def left(labels: Labels, *others: Any) -> Labels:
    return labels


def remembered(points: NDArray[Any], k: int) -> tuple[Labels, Any]:
    """Find the nearest points of each once for all variants."""
    key = blake2b(points.tobytes()).digest(), k
    if key not in _NEAREST:
        _NEAREST[key] = nearest(points, k)
    columns, similarity = _NEAREST[key]
    return columns.copy(), similarity.copy()


_NEAREST: dict[Any, tuple[Labels, Any]] = {}

among = communities.Usual.among


def of_few(usual: communities.Usual, stories: int) -> float:
    """Give what is usual among few stories, however many there are."""
    return among(usual, communities.FEW_STORIES)


def alike(least: float) -> tuple[tuple[Any, str, Any], ...]:
    return (communities, "MIN_ALIKE", least), (rule, "MIN_ALIKE", least)


VARIANTS: dict[str, Variant] = {
    ALL: Variant(),
    "no local scaling": Variant(((neighbourhood, "_weighed", unscaled),)),
    "no copies": Variant(((rule, "COPIES", 2.0),)),
    "no thinning": Variant(((rule, "thinned", left),)),
    "no joining": Variant(((rule, "joined", left),)),
    "no words": Variant(words=False),
    "no Leiden": Variant(((rule, "leiden", by_themselves),)),
    "whitening of the feed": Variant(settings={"whitening": None}),
    "not centred": Variant(((Whitening, "centred_on", left),)),
    **{f"resolution {r:g}": Variant(settings={"resolution": r}) for r in (2.0, 8.0, 16.0)},
    **{f"near from {near}": Variant(((rule, "NEAR", near),)) for near in (0.6, 0.8)},
    "usual as of few stories": Variant(((communities.Usual, "among", of_few),)),
    **{f"alike from {least}": Variant(alike(least)) for least in (0.5, 0.7)},
    "no anchors": Variant(((communities, "ANCHOR", 0.0),)),
    **{f"average linkage, cut at {at}": Variant(cut=at) for at in CUTS},
}


# ------------------------------------------------------------------ what is asked

Told = tuple[Day, NDArray[np.float32], list[list[str]]]


def told(day: Day) -> Told:
    return day, *vectors_and_words(day.texts, embedder())


def whole(name: str, select: bool, data: Path) -> Told:
    """Give all stories of some size."""
    of = days.stories(name, select, data)
    rows = [(text, s) for s, some in of.items() if len(some) >= LEAST for text in some]
    texts, truth = zip(*rows, strict=True)
    return told(Day(name, len(texts), list(texts), list(truth)))


def of_days(variant: Variant, day: Day, X: Any, words: Any) -> dict[str, float]:
    return {"f1": b_cubed(day.truth, variant.fit(X, words).labels_)}


def of_samples(variant: Variant, day: Day, X: Any, words: Any) -> dict[str, float]:
    labels = variant.fit(X, words).labels_
    found = scores(day.truth, labels)
    return {"f1": b_cubed(day.truth, labels), "acc": found["acc"], "nmi": found["nmi"]}


def of_second_run(variant: Variant, day: Day, X: Any, words: Any) -> dict[str, float]:
    """Cluster a half of a day, and then all of it among what was found."""
    half = len(X) // 2
    was = np.full(len(X), -1)
    was[:half] = variant.fit(X[:half], words[:half]).labels_
    after = variant.fit(X, words, was)
    points = X / np.maximum(np.linalg.norm(X, axis=1), 1e-12)[:, None].astype(np.float64)
    stand = settled(after.labels_, after.texts_, was >= 0, was, points)
    return {"f1": b_cubed(day.truth, np.where(stand < 0, len(X) + after.labels_, stand))}


Ask = Callable[[Variant, Day, Any, Any], dict[str, float]]


def asked(variant: Variant, of: list[Told], ask: Ask) -> dict[str, dict[str, float]]:
    """Give the mean of each measure for each set and size."""
    found: dict[str, list[dict[str, float]]] = {}
    for day, X, words in of:
        found.setdefault(f"{day.name} {day.size:,}", []).append(ask(variant, day, X, words))
    return {
        cell: {key: round(statistics.mean(row[key] for row in rows), 4) for key in rows[0]}
        for cell, rows in found.items()
    }


def sets(part: str, data: Path) -> Iterator[Told]:
    """Give what a part is asked of."""
    if part in ("days", "again"):
        for _, each in groupby(days.draws(True, data), key=lambda day: (day.name, day.size)):
            for day in list(each)[:DRAWS]:
                if part == "days" or day.size == AGAIN:
                    yield told(day)
    elif part == "samples":
        yield from map(told, days.samples(True, data))
    elif part == "whole":
        yield whole("wiki_stories", True, data)
    else:
        yield from (whole(name, False, data) for name in REPORTED)


PARTS: dict[str, Ask] = {
    "days": of_days,
    "again": of_second_run,
    "samples": of_samples,
    "whole": of_samples,
    "reported": of_samples,
}


def main() -> None:
    parser = common.arguments(__doc__, "research/stories.json")
    parser.add_argument("--only", choices=PARTS, help="one part; what others found stays")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in SETS)):
        return
    content = common.known(options.output)
    content |= common.described("python -m benchmarks.research.stories", {})
    for part, ask in PARTS.items():
        if options.only not in (None, part):
            continue
        of = list(sets(part, options.data))
        found = content.setdefault(part, {})
        for name, variant in VARIANTS.items():
            start = time.process_time()
            found[name] = asked(variant, of, ask)
            seconds = time.process_time() - start
            print(f"{part}, {name}: {found[name]} {seconds:.0f} s", flush=True)
            common.write(options.output, content)


if __name__ == "__main__":
    main()
