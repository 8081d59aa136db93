"""How many answers a labeler needs in the review desk's order, beside random and other orders.

Every draw takes 5 labels a topic, 2,000 headlines to ask about and 2,000 to test on, each
near-duplicate group on one side. An answer is the set's own label. After every 10 answers an order
may look at all labels so far: ours is `headlines.review.order.suggestions`, called as the desk
calls it. The others are a random order, the smallest margin between two topics, TypiClust
(Hacohen, Dekel, Weinshall 2022: the most typical headline of each of the largest clusters of
k-means that have no label), and the medoids of k-means over the hundred smallest margins; both
k-means are scikit-learn's. Accuracy is that of `TopicClassifier`, without unlabelled headlines, on
the built-in embedder's vectors, the same for all orders. *Needed* is where the mean curve over 20
draws (accuracy after 0, 10, ... 100 answers, linear between) reaches the accuracy that 100 random
answers bring (5 random orders a draw); a curve that doesn't reach it counts 100, and says so.
Intervals: 95 %, bootstrap over draws, 1,000 times. With ``--whole`` the program compares, in 4
draws, whole labelers after 75 and 100 answers instead, trained on the headlines asked about as
their feed too, and adds that to the JSON.

No setting was chosen on these sets: `benchmarks.research.order` chose on others.
``python -m benchmarks.review --data DIR``. Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

from benchmarks import peers  # first: it sets the threads  # isort: skip

import random
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.embedder import near_duplicates
from headlines import HeadlineLabeler, StaticEmbedder, Taxonomy, Topic, TopicClassifier
from headlines.feeds.headline import Headline
from headlines.review.order import suggestions
from headlines.topics.labels import GoldLabel

SETS = {  # columns of the topic and of the headline
    "agnews8000": (0, 1),
    "guardian_sections": (0, 1),
    "wiki_events_to_2017": (1, 3),
}
SHOTS, POOL, TEST, ROWS = 5, 2000, 2000, 8000
BATCH, ANSWERS = 10, 100
DRAWS, WHOLE_DRAWS = 20, 4
WHOLE_POINTS = (75, 100)
RANDOM_ORDERS = 5
BOOTSTRAP_DRAWS = 1000
OURS, RANDOM = "headlines review", "random"

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Headlines:
    """A data set: n headlines with their vectors, topics by number and near-duplicate groups."""

    topics: list[str]
    headlines: list[Headline]
    vectors: Floats
    y: Places
    groups: Places

    @classmethod
    def read(cls, folder: Path, name: str, columns: tuple[int, int], most: int = 0) -> Headlines:
        """Read a seeded sample of a set, of its `most` largest topics where that is given."""
        topic, text = columns
        found: dict[str, tuple[str, Headline]] = {}
        for cells in common.rows(folder / f"{name}.tsv.xz"):
            if cells[topic] and (headline := Headline.parse(cells[text])).text:
                found.setdefault(headline.id, (cells[topic], headline))
        names = [topic for topic, _ in found.values()]
        kept = sorted(set(names), key=lambda n: (-names.count(n), n))[: most or None]
        some = [pair for pair in found.values() if pair[0] in kept]
        some = random.Random(0).sample(some, min(ROWS, len(some)))
        topics, y = np.unique([topic for topic, _ in some], return_inverse=True)
        headlines = [headline for _, headline in some]
        texts = [headline.text for headline in headlines]
        vectors = np.asarray(StaticEmbedder().transform(texts), dtype=np.float64)
        return cls(topics.tolist(), headlines, vectors, y, near_duplicates(texts))

    def draw(self, seed: int) -> Draw:
        """Draw labels, headlines to ask about, at most 3 of 5 of the others, and a test."""
        rng = np.random.default_rng(seed)
        own = [np.flatnonzero(self.y == k) for k in range(len(self.topics))]
        labelled = np.concatenate([rng.choice(some, SHOTS, replace=False) for some in own])
        rest = rng.permutation(np.setdiff1d(np.arange(len(self.y)), labelled))
        rest = rest[~np.isin(self.groups[rest], self.groups[labelled])]
        pool, test = np.split(rest, [min(POOL, 3 * len(rest) // 5)])
        test = test[~np.isin(self.groups[test], self.groups[pool])][:TEST]
        return Draw(self, seed, labelled, pool, test)

    def label(self, place: int) -> GoldLabel:
        """Answer for a person."""
        return GoldLabel(self.headlines[place], self.topics[int(self.y[place])])


@dataclass(frozen=True)
class Draw:
    """What one draw has, by place."""

    data: Headlines
    seed: int
    labelled: Places
    pool: Places
    test: Places

    def classifier(self, known: Places) -> TopicClassifier:
        """Learn from labels; in one group, so that none are held out to calibrate."""
        data, one = self.data, np.zeros(len(known), dtype=np.int64)
        return TopicClassifier().fit(data.vectors[known], data.y[known], groups=one)

    def accuracy(self, classifier: TopicClassifier) -> float:
        """Test it."""
        told = classifier.predict(self.data.vectors[self.test])
        return float((told == self.data.y[self.test]).mean())

    def labeler(self, known: Places, feed: Sequence[Headline] = ()) -> HeadlineLabeler:
        """Train a whole labeler."""
        topics = tuple(Topic(name, name) for name in self.data.topics)
        labels = [self.data.label(i) for i in known.tolist()]
        return HeadlineLabeler.train(Taxonomy(topics), labels, unlabelled=feed)


Order = Callable[[Places, TopicClassifier], list[int]]
"""From the places of the answers so far, and what was learned from them, the next to ask."""


def ours(draw: Draw) -> Order:
    """What the desk does."""
    labeler, data = draw.labeler(draw.labelled), draw.data
    feed = [data.headlines[i] for i in draw.pool.tolist()]
    place = {headline.id: i for headline, i in zip(feed, draw.pool.tolist(), strict=True)}

    def order(answered: Places, _: TopicClassifier) -> list[int]:
        known = [*draw.labelled.tolist(), *answered.tolist()]
        labels = [data.label(i) for i in known]
        skip = [data.headlines[i].id for i in answered.tolist()]
        found = suggestions(labeler, feed, labels=labels, skip=skip)
        return [place[s.prediction.id] for s in found[:BATCH]]

    return order


def at_random(draw: Draw, number: int = 0) -> Order:
    """Ask in a random order."""
    mixed = np.random.default_rng([draw.seed, number, 1]).permutation(draw.pool)
    return lambda answered, _: mixed[~np.isin(mixed, answered)].tolist()


def _margins(draw: Draw, classifier: TopicClassifier, left: Places) -> Floats:
    best = np.sort(classifier.predict_proba(draw.data.vectors[left]), axis=1)
    return np.asarray(best[:, -1] - best[:, -2])


def by_margin(draw: Draw) -> Order:
    """Ask where the two most probable topics are nearest to each other."""

    def order(answered: Places, classifier: TopicClassifier) -> list[int]:
        left = np.setdiff1d(draw.pool, answered)
        return left[np.argsort(_margins(draw, classifier, left), kind="stable")].tolist()

    return order


def by_medoids(draw: Draw) -> Order:
    """Ask the headlines nearest to the centres of k-means over the smallest margins."""
    from sklearn.cluster import KMeans

    def order(answered: Places, classifier: TopicClassifier) -> list[int]:
        left = np.setdiff1d(draw.pool, answered)
        margins = _margins(draw, classifier, left)
        some = np.argsort(margins, kind="stable")[: 10 * BATCH]
        vectors = draw.data.vectors[left[some]]
        means = KMeans(BATCH, n_init=1, random_state=draw.seed).fit(vectors)
        nearest = means.transform(vectors).argmin(axis=0)
        return list(dict.fromkeys(left[[*some[nearest], *some]].tolist()))

    return order


def by_typicality(draw: Draw) -> Order:
    """Ask as TypiClust does."""
    from sklearn.cluster import MiniBatchKMeans

    def order(answered: Places, _: TopicClassifier) -> list[int]:
        known = np.concatenate([draw.labelled, answered])
        every = np.concatenate([known, np.setdiff1d(draw.pool, answered)])
        vectors, n = draw.data.vectors[every], min(500, len(known) + BATCH)
        found = MiniBatchKMeans(n, n_init=1, random_state=draw.seed).fit_predict(vectors)
        sizes = np.bincount(found, minlength=n)
        sizes[np.unique(found[: len(known)])] = 0
        chosen = []
        for cluster in np.argsort(-sizes, kind="stable").tolist():
            own = np.flatnonzero(found == cluster)
            own = own[own >= len(known)]
            if sizes[cluster] and len(own):
                near = np.sort(vectors[own] @ vectors[own].T, axis=1)[:, -20:].mean(axis=1)
                chosen.append(int(every[own[near.argmax()]]))
        return [*chosen, *(i for i in every[len(known) :].tolist() if i not in set(chosen))]

    return order


ORDERS: dict[str, Callable[[Draw], Order]] = {
    OURS: ours,
    RANDOM: at_random,
    "smallest margin": by_margin,
    "TypiClust": by_typicality,
    "margin, k-means medoids": by_medoids,
}


def answered_in(draw: Draw, make: Callable[[Draw], Order]) -> tuple[Places, list[float]]:
    """Ask in an order; give the places in it, and the accuracy after every batch of answers."""
    order, answered = make(draw), np.zeros(0, dtype=np.int64)
    classifier = draw.classifier(draw.labelled)
    curve = [draw.accuracy(classifier)]
    while len(answered) < ANSWERS:
        batch = order(answered, classifier)[:BATCH]
        answered = np.append(answered, batch)
        classifier = draw.classifier(np.concatenate([draw.labelled, answered]))
        curve.append(draw.accuracy(classifier))
    return answered, curve


@cache
def _read(folder: Path, name: str) -> Headlines:
    return Headlines.read(folder, name, SETS[name])


def measured(task: tuple[Path, str, int]) -> dict[str, Any]:
    """Run every order in one draw."""
    folder, name, seed = task
    draw = _read(folder, name).draw(seed)
    runs = {order: answered_in(draw, make) for order, make in ORDERS.items()}
    some = [at_random(draw, i)(draw.pool[:0], None)[:ANSWERS] for i in range(RANDOM_ORDERS)]
    ends = [draw.accuracy(draw.classifier(np.append(draw.labelled, places))) for places in some]
    print(name, seed, {order: round(c[-1], 4) for order, (_, c) in runs.items()}, flush=True)
    return {
        "curves": {order: curve for order, (_, curve) in runs.items()},
        "level": float(np.mean(ends)),
    }


def whole(task: tuple[Path, str, int]) -> dict[str, list[float]]:
    """Give the accuracy of whole labelers after some of the answers of one draw."""
    folder, name, seed = task
    data = _read(folder, name)
    draw = data.draw(seed)
    texts = [data.headlines[i] for i in draw.test.tolist()]
    feed = [data.headlines[i] for i in draw.pool.tolist()]
    curves: dict[str, list[float]] = {}
    for order in (OURS, RANDOM):
        answered, _ = answered_in(draw, ORDERS[order])
        for n in WHOLE_POINTS:
            labeler = draw.labeler(np.concatenate([draw.labelled, answered[:n]]), feed)
            told = labeler.probabilities_of(texts).argmax(axis=1)
            number = np.array([data.topics.index(topic) for topic in labeler.topics])
            right = float((number[told] == data.y[draw.test]).mean())
            curves.setdefault(order, []).append(right)
    print(name, seed, curves, flush=True)
    return curves


def needed(curve: Floats, level: float, points: Sequence[int]) -> float | None:
    """Give where a curve, linear between points, first reaches a level; None where it doesn't."""
    for i, value in enumerate(curve.tolist()):
        if value >= level:
            before = curve[i - 1] if i else value
            share = (level - before) / (value - before) if value > before else 1.0
            return float(points[max(0, i - 1)] + share * (points[i] - points[max(0, i - 1)]))
    return None


def summed_up(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Give what each order needs, of each set and on average, with intervals."""
    points = range(0, ANSWERS + 1, BATCH)
    levels = {name: np.array([draw["level"] for draw in draws]) for name, draws in found.items()}
    rng = np.random.default_rng(0)
    n = min(map(len, found.values()))
    samples = rng.integers(0, n, (BOOTSTRAP_DRAWS, n))
    result: dict[str, Any] = {}
    for order in ORDERS:
        means, several = [], []
        sets: dict[str, Any] = {}
        for name, draws in found.items():
            curves = np.array([draw["curves"][order] for draw in draws])
            own = needed(curves.mean(axis=0), levels[name].mean(), points)
            each = [needed(curves[s].mean(axis=0), levels[name][s].mean(), points) for s in samples]
            several.append([ANSWERS if e is None else e for e in each])
            means.append(ANSWERS if own is None else own)
            sets[name] = {
                "needed": round(means[-1], 1),
                "reached": own is not None,
                "interval": np.quantile(several[-1], [0.025, 0.975]).round(1).tolist(),
                "curve": curves.mean(axis=0).round(4).tolist(),
            }
        interval = np.quantile(np.mean(several, axis=0), [0.025, 0.975]).round(1).tolist()
        result[order] = {
            "needed": round(float(np.mean(means)), 1),
            "interval": interval,
            "reached": all(own["reached"] for own in sets.values()),
            "sets": sets,
        }
    return {
        "level": {name: round(float(level.mean()), 4) for name, level in levels.items()},
        "orders": result,
    }


def main() -> None:
    """Run the benchmark, or the part with whole labelers."""
    parser = common.arguments(__doc__, "review.json")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="measure whole labelers")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in SETS)):
        return
    warnings.simplefilter("ignore")
    draws = WHOLE_DRAWS if options.whole else options.draws
    tasks = [(options.data, name, seed) for seed in range(draws) for name in SETS]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in SETS}
    with ProcessPoolExecutor(options.processes) as workers:
        results = workers.map(whole if options.whole else measured, tasks)
        for (_, name, _), result in zip(tasks, results, strict=True):
            found[name].append(result)
    content = common.known(options.output)
    if options.whole:
        content["whole"] = {
            name: {
                "answers": list(WHOLE_POINTS),
                **{o: np.mean([d[o] for d in own], axis=0).round(4).tolist() for o in own[0]},
            }
            for name, own in found.items()
        }
    else:
        used = {n: v for n, v in peers.versions_of_peers().items() if v != "not installed"}
        now = {"draws": options.draws, **summed_up(found)}
        content |= common.described("python -m benchmarks.review", now, used)
        for order, own in now["orders"].items():
            each = {name: s["needed"] for name, s in own["sets"].items()}
            print(order, own["needed"], own["interval"], each, flush=True)
    common.write(options.output, content)


if __name__ == "__main__":
    main()
