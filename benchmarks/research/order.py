"""How the review desk's order was chosen, on sets that `benchmarks.review` doesn't report.

In draws as there, but of 1,000 headlines to ask about: which power of the cosine is nearness, what
a headline weighs by, and after how many answers the desk looks at the labels again. The first
variant is what was taken. *Needed* as in `benchmarks.review`; `gain` is how much more accurate the
classifier is than with random answers, on average over 0 to 100 answers.

``python -m benchmarks.research.order --data DIR``. Public origins: `common.ORIGINS`. These sets
report elsewhere, on parts that this program chooses nothing of.
"""

from __future__ import annotations

from benchmarks import peers  # first: it sets the threads  # isort: skip

import argparse
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import common, review
from benchmarks.review import ANSWERS, BATCH, POOL, Draw, Floats, Headlines, Places, needed
from headlines import TopicClassifier
from headlines.neighbours import STEPS, whole_vectors
from headlines.review import order as review_order
from headlines.review.order import spread

SETS = ("bbc_titles", "masakhanews_eng", "searchsnippets", "stackoverflow")
DRAWS = 4
Weigh = Callable[[Floats], Floats]


def doubt(shares: Floats) -> Floats:
    """The chance that two draws from the probabilities differ."""
    return np.asarray(1 - (shares**2).sum(axis=1))


def squared(shares: Floats) -> Floats:
    """Its square."""
    return doubt(shares) ** 2


def even(shares: Floats) -> Floats:
    """The same for all."""
    return np.ones(len(shares))


VARIANTS: dict[str, tuple[float, Weigh, int]] = {  # power, weight, answers between two looks
    "square of the cosine, by doubt, after 10 answers": (2, doubt, 10),
    "the cosine itself": (1, doubt, 10),
    "its cube": (3, doubt, 10),
    "its fifth power": (5, doubt, 10),
    "by doubt squared": (2, squared, 10),
    "each headline as much": (2, even, 10),
    "after 20 answers": (2, doubt, 20),
    "after 100 answers": (2, doubt, 100),
}


def varied(power: float, weigh: Weigh, between: int) -> Callable[[Draw], review.Order]:
    """Give an order by a variant."""

    def nearness(points: Floats, others: Floats) -> Floats:
        return np.asarray(np.maximum(points @ others.T / STEPS**2, 0) ** power)

    def make(draw: Draw) -> review.Order:
        points, queue = whole_vectors(draw.data.vectors), list[int]()

        def next_ones(answered: Places, classifier: TopicClassifier) -> list[int]:
            if len(answered) % between == 0:
                left = np.setdiff1d(draw.pool, answered)
                known = np.concatenate([draw.labelled, answered])
                shares = classifier.predict_proba(draw.data.vectors[left])
                near = nearness(points[left], points[known]).max(axis=1)
                with (
                    patch.object(review_order, "_nearness", nearness),
                    patch.object(review_order, "_doubt", weigh),
                ):
                    queue[:] = left[spread(points[left], shares, near)].tolist()
            batch, queue[:BATCH] = queue[:BATCH], []
            return batch

        return next_ones

    return make


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all variants on all sets."""
    points = range(0, ANSWERS + 1, BATCH)
    makers = {name: varied(*variant) for name, variant in VARIANTS.items()}
    found: dict[str, Any] = {name: {} for name in makers}
    for data in SETS:
        headlines = Headlines.read(options.data, data, (0, 1))
        draws = [headlines.draw(seed) for seed in range(DRAWS)]
        draws = [replace(draw, pool=draw.pool[: POOL // 2]) for draw in draws]
        chance = np.array(
            [
                review.answered_in(draw, lambda d, n=n: review.at_random(d, n))[1]
                for draw in draws
                for n in range(review.RANDOM_ORDERS)
            ]
        ).mean(axis=0)
        for name, make in makers.items():
            curve = np.mean([review.answered_in(draw, make)[1] for draw in draws], axis=0)
            own = needed(curve, float(chance[-1]), points)
            gain = round(float((curve - chance).mean()), 4)
            found[name][data] = {"needed": None if own is None else round(own, 1), "gain": gain}
            print(data, name, found[name][data], flush=True)
    for own in found.values():
        each = list(own.values())
        own["needed"] = round(float(np.mean([e["needed"] or ANSWERS for e in each])), 1)
        own["gain"] = round(float(np.mean([e["gain"] for e in each])), 4)
    return {"draws": DRAWS, "variants": found}


def main() -> None:
    """Run the choice."""
    options = common.arguments(__doc__, "research/order.json").parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in SETS)):
        return
    warnings.simplefilter("ignore")
    used = {n: v for n, v in peers.versions_of_peers().items() if v != "not installed"}
    command = "python -m benchmarks.research.order"
    common.write(options.output, common.described(command, measure(options), used))


if __name__ == "__main__":
    main()
