"""Score models of people's own topics, with and without a feed to learn from, on read headlines.

Five taxonomies as somebody writes them in ten minutes, learned from their phrases alone, with 10
and with 50 labels a topic; beside each, the same with a feed. A feed is mixed of pool headlines:
the topics in equal shares, most of it (80 %) about something else, one topic ten times the others,
or as the pool comes. Which pool headlines are about a topic is told by logistic regression on the
read labels: feeds are mixed by it, nothing is scored by it. Settings were chosen on the taxonomies
in CHOSEN_ON; the others report.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from headlines.embedding.embedder import Embedder
from headlines.embedding.joined import load_embedder
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.topics.labels import GoldLabel, read_labels
from headlines.topics.taxonomy import Taxonomy

TAXONOMIES = common.HERE / "taxonomies"
CHOSEN_ON = ("technology", "health", "local")
REPORTED = ("sport", "world")
SHOTS = (0, 10, 50)
MIXES = ("equal", "off topic", "lopsided", "raw")
SIZES = (200, 1000, 4000)
DRAWS = 2
OFF_TOPIC = 0.8
TIMES_THE_OTHERS = 10
POOL = 150_000
"""Headlines of each pool that feeds are mixed of."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Pools:
    """Headlines without labels, and their vectors."""

    texts: dict[str, list[str]]
    vectors: dict[str, NDArray[Any]]
    headlines: list[Headline]  # of both, whole: where labels are looked up by hash

    @classmethod
    def read(cls, folder: Path, embedder: Embedder) -> Pools:
        """Read the two pools, and draw what feeds are mixed of."""
        texts, vectors, headlines = {}, {}, []
        for name in ("news", "tech"):
            read = [row[1] for row in common.rows(folder / f"pool_{name}.tsv.xz")]
            headlines += [Headline.parse(text) for text in read]
            drawn = np.random.default_rng(0).permutation(len(read))[:POOL].tolist()
            texts[name] = list(dict.fromkeys(read[i] for i in drawn))
            vectors[name] = np.asarray(embedder.transform(texts[name]))
        return cls(texts, vectors, headlines)


@dataclass(frozen=True)
class OwnTopics:
    """A taxonomy, read headlines, and what feeds are mixed of."""

    taxonomy: Taxonomy
    labels: list[GoldLabel]
    raw: list[str]  # a pool as it comes
    about: list[list[str]]  # pool headlines by topic
    other: list[str]  # pool headlines that are about something else

    @classmethod
    def read(cls, name: str, pools: Pools, embedder: Embedder) -> OwnTopics:
        """Read a taxonomy and sort the pool by its topics."""
        from sklearn.linear_model import LogisticRegression

        taxonomy = Taxonomy.load(TAXONOMIES / f"{name}.toml")
        labels = read_labels(TAXONOMIES / f"{name}.csv", taxonomy.names, pools.headlines)
        home, away = ("tech", "news") if name == "technology" else ("news", "tech")
        known = np.asarray(embedder.transform([label.headline.text for label in labels]))
        y = [taxonomy.names.index(label.topic) for label in labels]
        # Nothing in the news is about none of the world's topics.
        rest = pools.vectors[home][: 0 if name == "world" else 5 * len(y)]
        model = LogisticRegression(C=10, max_iter=1000).fit(
            np.vstack([known, rest]), [*y, *[-1] * len(rest)]
        )
        told = model.predict(pools.vectors[home])
        texts = pools.texts[home]
        read = {label.headline.id for label in labels}
        texts = [t if Headline.parse(t).id not in read else "" for t in texts]
        about = [
            [texts[i] for i in np.flatnonzero(told == k).tolist() if texts[i]]
            for k in range(len(taxonomy.names))
        ]
        own = name in ("technology", "world")
        other = [texts[i] for i in np.flatnonzero(told == -1).tolist() if texts[i]]
        return cls(
            taxonomy, labels, [t for t in texts if t], about, pools.texts[away] if own else other
        )

    def draw(self, shots: int, seed: int) -> tuple[list[GoldLabel], list[GoldLabel]]:
        """Draw so many labels of each topic, half of them at most, and test on the others."""
        rng = np.random.default_rng(seed)
        learned: set[int] = set()
        for topic in self.taxonomy.names:
            own = [i for i, label in enumerate(self.labels) if label.topic == topic]
            learned.update(rng.permutation(own)[: min(shots, len(own) // 2)].tolist())
        test = [label for i, label in enumerate(self.labels) if i not in learned]
        return [self.labels[i] for i in sorted(learned)], test

    def feed(self, mix: str, size: int, seed: int) -> list[str]:
        """Mix a feed."""
        rng = np.random.default_rng([seed, size])
        if mix == "raw":
            return _some(self.raw, size, rng)
        n = len(self.about)
        shares = np.ones(n)
        if mix == "lopsided":
            shares[rng.integers(n)] = TIMES_THE_OTHERS
        on_topic = size - round(OFF_TOPIC * size) if mix == "off topic" else size
        counts = np.rint(on_topic * shares / shares.sum()).astype(int).tolist()
        mixed = [t for own, k in zip(self.about, counts, strict=True) for t in _some(own, k, rng)]
        return [*mixed, *_some(self.other, size - on_topic, rng)]


def _some(texts: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    return [texts[i] for i in rng.permutation(len(texts))[:n].tolist()]


def plain(
    own: OwnTopics, labels: Sequence[GoldLabel], test: Sequence[GoldLabel], embedder: Embedder
) -> float:
    """Score logistic regression of scikit-learn on the same vectors, its defaults."""
    from sklearn.linear_model import LogisticRegression

    texts = [(t, topic.name) for topic in own.taxonomy.topics for t in topic.texts]
    texts += [(label.headline.text, label.topic) for label in labels]
    X = np.asarray(embedder.transform([t for t, _ in texts]))
    model = LogisticRegression(max_iter=1000).fit(X, [topic for _, topic in texts])
    told = model.predict(np.asarray(embedder.transform([t.headline.text for t in test])))
    return float(np.mean([a == b.topic for a, b in zip(told, test, strict=True)]))


def ours(
    own: OwnTopics,
    labels: Sequence[GoldLabel],
    test: Sequence[GoldLabel],
    embedder: Embedder,
    feed: Sequence[str] = (),
) -> tuple[float, bool]:
    """Score a labeler, and tell whether it learned from the feed."""
    labeler = HeadlineLabeler.train(own.taxonomy, labels, unlabelled=feed, embedder=embedder)
    state = labeler.state
    words = [label.headline.text for label in test]
    logits = state.logits_of_terms(embedder.terms(words), embedder.words(words))[:, :-1]
    best = logits.argmax(axis=1).tolist()
    right = [state.topics[k] == label.topic for k, label in zip(best, test, strict=True)]
    return float(np.mean(right)), state.trial is not None and state.trial.helped


def measure(own: OwnTopics, embedder: Embedder) -> dict[str, Any]:
    """Score a taxonomy with so many labels a topic, without and with each feed."""
    found: dict[str, Any] = {}
    for shots in SHOTS:
        drawn = [own.draw(shots, seed) for seed in range(DRAWS)]
        alone = [ours(own, *both, embedder)[0] for both in drawn]
        row: dict[str, Any] = {
            "labels": len(drawn[0][0]),
            "tested": len(drawn[0][1]),
            "logistic regression": _mean([plain(own, *both, embedder) for both in drawn]),
            "without a feed": _mean(alone),
        }
        for mix in MIXES:
            for size in SIZES:
                scores = [
                    ours(own, *both, embedder, own.feed(mix, size, seed))
                    for seed, both in enumerate(drawn)
                ]
                row[f"{mix}, {size}"] = {
                    "accuracy": _mean([score for score, _ in scores]),
                    "more": _mean([score - b for (score, _), b in zip(scores, alone, strict=True)]),
                    "learned": _mean([float(learned) for _, learned in scores]),
                }
        found[str(shots)] = row
    return found


def summary(taxonomies: dict[str, Any]) -> dict[str, Any]:
    """Tell how much a feed gives on average, and at worst."""
    cells = [
        cell["more"]
        for rows in taxonomies.values()
        for row in rows.values()
        for cell in row.values()
        if isinstance(cell, dict)
    ]
    return {
        "mean": _mean(cells),
        "worst": min(cells),
        "more_than_.01_below": sum(cell < -0.01 for cell in cells),
        "of": len(cells),
    }


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def main() -> None:
    """Run the benchmark."""
    parser = common.arguments(__doc__, "own_topics.json")
    parser.add_argument("--embedder", default="static")
    parser.add_argument("--taxonomies", nargs="+", default=[*CHOSEN_ON, *REPORTED])
    options = parser.parse_args()
    if not common.there(options.data, "pool_news.tsv.xz", "pool_tech.tsv.xz"):
        return
    warnings.simplefilter("ignore")
    embedder = load_embedder(options.embedder)
    started = time.perf_counter()
    pools = Pools.read(options.data, embedder)
    found: dict[str, Any] = {}
    for name in options.taxonomies:
        found[name] = measure(OwnTopics.read(name, pools, embedder), embedder)
        print(name, summary({name: found[name]}), round(time.perf_counter() - started), flush=True)
    content = {
        "chosen_on": CHOSEN_ON,
        "reported": REPORTED,
        "draws": DRAWS,
        "summary": {
            part: summary({name: found[name] for name in names if name in found})
            for part, names in (("chosen_on", CHOSEN_ON), ("reported", REPORTED))
            if set(names) <= set(found)
        },
        "taxonomies": found,
        "seconds": round(time.perf_counter() - started),
    }
    common.write(options.output, common.described("python -m benchmarks.own_topics", content))


if __name__ == "__main__":
    main()
