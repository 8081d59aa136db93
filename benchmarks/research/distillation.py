"""What each part of the embedder's recipe is worth, on data that nothing is reported on.

The recipe is distilled from fewer headlines in fewer epochs, then again with one change at a
time. Each student is scored on the sections of Guardian headlines and on the categories and
stories of Wikipedia's events (to 2017, where the pools are of 2022 and 2023), and the score is
divided by MiniLM's: logistic regression on half of the rows, tested on the other half, C by a
hold-out of the first; 8 examples a class and the nearest centroid, mean of 20 draws; and the
share of the 10 nearest neighbours with the same label.

Run ``python -m benchmarks.research.distillation --data DIR --cache FILE``; DIR holds the pools
``pool_news.tsv.xz`` and ``pool_tech.tsv.xz`` (date, headline, source; from
rumca-js/RSS-Link-Database-2022 and -2023), ``guardian_sections.tsv.xz`` (section, headline) and
``wiki_events_to_2017.tsv.xz`` (date, category, story, text; from
ianrastall/current-events-context); FILE keeps the teachers' vectors. Takes some ten minutes
on a quiet machine once FILE has them, and hours before.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks import common
from headlines.embedding.distillation import Recipe, distill
from headlines.embedding.embedder import Embedder
from headlines.embedding.encoders import DenseEmbedder, TransformerEmbedder, UniversalEmbedder
from headlines.embedding.joined import JoinedEmbedder
from headlines.embedding.static import StaticEmbedder
from headlines.feeds.headline import Headline
from headlines.feeds.reader import read_feed

POOLS = ("pool_news.tsv.xz", "pool_tech.tsv.xz")
HEADLINES = 100_000
EPOCHS = 4
ROWS = 4000


class Remembered(DenseEmbedder):
    """An embedder whose vectors stay in memory, as every variant asks for the same ones."""

    cache = None

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self.name = getattr(inner, "name", type(inner).__name__)
        self._known: dict[str, NDArray[np.float16]] = {}

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    @property
    def n_features(self) -> int:
        return self.inner.n_features

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        missing = list(dict.fromkeys(t for t in texts if t not in self._known))
        for start in range(0, len(missing), 16_384):
            some = missing[start : start + 16_384]
            vectors = self.inner.vectors(some).astype(np.float16)
            self._known.update(zip(some, vectors, strict=True))
        result = np.empty((len(texts), self.n_features), dtype=np.float32)
        for row, text in zip(result, texts, strict=True):
            row[:] = self._known[text]
        return result


@dataclass(frozen=True)
class Labelled:
    """Texts of a set and the number of each one's label."""

    texts: list[str]
    y: NDArray[np.int64]

    @classmethod
    def read(cls, path: Path, label: int, text: int, least: int = 1) -> Labelled:
        """Draw `ROWS` rows whose labels have `least` rows or more."""
        cells = common.rows(path)
        rows = [(row[label], Headline.parse(row[text]).text) for row in cells if row[label]]
        random.Random(0).shuffle(rows)
        if least > 1:  # whole stories, so that a text has its neighbours among the rows
            counts = Counter(name for name, _ in rows)
            rows = sorted((r for r in rows if counts[r[0]] >= least), key=lambda r: r[0])
        names = sorted({name for name, _ in rows[:ROWS]})
        y = np.array([names.index(name) for name, _ in rows[:ROWS]])
        return cls([t for _, t in rows[:ROWS]], y)


def regression(X: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    def score(C: float, some: NDArray[np.int64], others: NDArray[np.int64]) -> float:
        model = LogisticRegression(C=C, max_iter=60, tol=2e-3).fit(X[some], y[some])
        return float(model.score(X[others], y[others]))

    train, test = np.split(np.random.default_rng(0).permutation(len(y)), 2)
    some, held = np.split(train, [3 * len(train) // 4])
    return score(max((3.0, 10.0), key=lambda C: score(C, some, held)), train, test)


def few_shot(X: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    scores = []
    for seed in range(20):
        random_rows = np.random.default_rng(seed).permutation(len(y))
        taught = np.concatenate([random_rows[y[random_rows] == c][:8] for c in range(y.max() + 1)])
        centroids = np.stack([X[taught[y[taught] == c]].mean(axis=0) for c in range(y.max() + 1)])
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
        rest = np.setdiff1d(np.arange(len(y)), taught)
        scores.append(((X[rest] @ centroids.T).argmax(axis=1) == y[rest]).mean())
    return float(np.mean(scores))


def purity(X: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    similarities = X @ X.T
    np.fill_diagonal(similarities, -2)
    nearest = np.argpartition(-similarities, 10, axis=1)[:, :10]
    return float((y[nearest] == y[:, None]).mean())


def scores_of(embedder: Embedder, sets: dict[str, Labelled]) -> dict[str, float]:
    result = {}
    for name, labelled in sets.items():
        X = embedder.transform(labelled.texts)
        measures = [purity] if name == "stories" else [regression, few_shot, purity]
        result |= {f"{name} {m.__name__}": m(X, labelled.y) for m in measures}
    return result


def variants(recipe: Recipe, cache: Path) -> Iterator[tuple[str, Embedder, Recipe]]:
    minilm = Remembered(TransformerEmbedder(cache=cache))
    usem3 = Remembered(UniversalEmbedder(cache=cache))
    best = JoinedEmbedder([minilm, usem3])
    yield "the recipe", best, recipe
    yield "the recipe, seed 1", best, replace(recipe, seed=1)
    yield "teacher minilm", minilm, recipe
    yield "teacher usem3", usem3, recipe
    for name, values in {
        "dropout": (0.0, 0.15),
        "words": (0.0,),
        "rate": (0.05, 0.2),
        "epochs": (2, 8),
        "dimension": (128, 384),
        "entries": (36_000,),
    }.items():
        for value in values:
            yield f"{name} {value}", best, replace(recipe, **{name: value})


def main() -> None:
    parser = common.arguments(__doc__, "research/distillation.json")
    parser.add_argument("--cache", type=Path, required=True, help="keeps the teachers' vectors")
    options = parser.parse_args()
    labelled = ("guardian_sections.tsv.xz", "wiki_events_to_2017.tsv.xz")
    if not common.there(options.data, *labelled, *POOLS):
        return
    guardian, wiki = (options.data / name for name in labelled)
    pool = sorted({h.text for name in POOLS for h in read_feed(options.data / name)})
    corpus = random.Random(0).sample(pool, HEADLINES)
    sets = {
        "sections": Labelled.read(guardian, 0, 1),
        "events": Labelled.read(wiki, 1, 3),
        "stories": Labelled.read(wiki, 2, 3, least=5),
    }
    minilm = scores_of(TransformerEmbedder(cache=options.cache), sets)
    print("minilm", {name: round(score, 3) for name, score in minilm.items()}, flush=True)
    recipe = Recipe(epochs=EPOCHS)
    table = {}

    def note(name: str, embedder: Embedder, seconds: float | None) -> None:
        share = {m: s / minilm[m] for m, s in scores_of(embedder, sets).items()}
        row = {m: round(s, 3) for m, s in share.items()}
        row["mean"] = round(float(np.mean(list(share.values()))), 4)
        table[name] = row if seconds is None else {**row, "seconds": round(seconds)}
        print(f"{name:<22}", *table[name].values(), flush=True)

    print(f"{'of MiniLM':<22}", *minilm, "mean", "seconds")
    note("the shipped weights", StaticEmbedder(), None)
    best = [TransformerEmbedder(cache=options.cache), UniversalEmbedder(cache=options.cache)]
    note("the teacher, best", JoinedEmbedder(best), None)
    for name, teacher, changed in variants(recipe, options.cache):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            student = distill(corpus, teacher, folder, recipe=changed)
            note(name, student, time.perf_counter() - start)
    content = {
        "headlines": HEADLINES,
        "recipe": asdict(recipe),
        "minilm": {name: round(score, 3) for name, score in minilm.items()},
        "of_minilm": table,
    }
    command = "python -m benchmarks.research.distillation --data DIR --cache FILE"
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
