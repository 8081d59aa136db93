"""How good the vectors are, beside a transformer's and the peers'.

Three measures on up to 8,000 rows of each data set: accuracy of logistic regression taught by one
half and tested on the other (20 random halves, 3 for the peers, no near-duplicates on both sides,
C chosen on a third of the teaching half), the share of the 10 nearest neighbours that have the
same label, and accuracy of the nearest centroid of 8 labelled headlines a class (50 draws).
fastText and TF-IDF, which learn from the labels alone, are tested on the same halves. *Report*
sets are scored and nothing else; the recipe of the built-in embedder was chosen on the *select*
sets.

Run ``python benchmarks/embedder.py --data DIR [--cache FILE]``; a set that is missing is skipped.
Public origins: agnews_test mhjabreel/CharCnn_Keras; huffpost41 ws-jiang/MetaPrompter_public;
masakhanews_eng masakhane-io/masakhane-news; googlenews_t, _ts jackyin12/GSDMM; guardian_sections
rumca-js/RSS-Link-Database-2022 and -2023; wiki_events ianrastall/current-events-context.
"""

from __future__ import annotations

import peers  # first: it sets the threads  # isort: skip

import argparse
import json
import lzma
import platform
import random
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from headlines.evaluation import near_duplicate_groups
from headlines.transformer import TransformerEmbedder
from headlines.vocabulary import tokenize

ROOT = Path(__file__).parent.parent
SETS = {  # columns of label and text; what the set is for
    "agnews_test": (0, 1, "report"),
    "huffpost41": (0, 1, "report"),
    "masakhanews_eng": (0, 1, "report"),
    "googlenews_t": (0, 1, "report"),
    "googlenews_ts": (0, 1, "report"),
    "guardian_sections": (0, 1, "select"),
    "wiki_events_to_2017": (1, 3, "select"),
}
GRID = (1.0, 3.0, 10.0, 30.0, 100.0)
OURS, TEACHER = "headlines static", "MiniLM, sentence-transformers"
SCORES = ("logistic regression", "10 neighbours", "8-shot centroid")


@dataclass(frozen=True)
class Labelled:
    """A data set: n texts, the class of each by number, and its near-duplicate group."""

    name: str
    texts: list[str]
    y: NDArray[np.int64]
    groups: NDArray[np.int64]

    @classmethod
    def read(cls, path: Path, name: str, rows: int) -> Labelled:
        """Read a seeded sample; classes with fewer than 4 rows in it are left out."""
        label, text, _ = SETS[name]
        with lzma.open(path, "rt", encoding="utf-8") as file:
            cells = [line.rstrip("\n").split("\t") for line in file][1:]
        cells = [c for c in cells if c[label] and c[text]]
        cells = random.Random(0).sample(cells, min(rows, len(cells)))
        counts = Counter(c[label] for c in cells)
        cells = [c for c in cells if counts[c[label]] >= 4]
        words = [[zlib.crc32(w.encode()) for w in tokenize(c[text])] for c in cells]
        _, y = np.unique([c[label] for c in cells], return_inverse=True)
        return cls(name, [c[text] for c in cells], y, near_duplicate_groups(words, 0.7))

    def halves(self, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cut at random into two halves of whole groups: places to learn from and to test."""
        return cut(np.arange(len(self.y)), self.groups, 0.5, seed)


def cut(
    places: NDArray[np.int64], groups: NDArray[np.int64], share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut places into a part of about `share` and the rest, groups kept whole."""
    names, inverse, sizes = np.unique(groups[places], return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    first = np.zeros(len(names), dtype=np.bool_)
    first[order[np.cumsum(sizes[order]) <= share * len(places)]] = True
    return places[first[inverse]], places[~first[inverse]]


def logistic(X: NDArray[np.float32], data: Labelled, seed: int) -> float:
    """Accuracy on one half of logistic regression taught by the other."""
    from sklearn.linear_model import LogisticRegression

    teach, test = data.halves(seed)
    inner, held = cut(teach, data.groups, 2 / 3, seed)
    y = data.y

    def taught(C: float, rows: NDArray[np.int64]) -> LogisticRegression:
        return LogisticRegression(C=C, tol=1e-3, max_iter=300).fit(X[rows], y[rows])

    scores = [taught(C, inner).score(X[held], y[held]) for C in GRID]
    return float(taught(GRID[int(np.argmax(scores))], teach).score(X[test], y[test]))


def neighbours(X: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    """Share of the 10 nearest by cosine that have the same label."""
    right = 0.0
    for start in range(0, len(X), 1000):
        cosines = X[start : start + 1000] @ X.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -2
        near = np.argpartition(-cosines, 10, axis=1)[:, :10]
        right += float((y[near] == y[start + rows, None]).sum())
    return right / (10 * len(X))


def few_shot(X: NDArray[np.float32], data: Labelled, seed: int) -> float:
    """Accuracy of the nearest centroid of 8 headlines a class; classes of fewer than 16 are out."""
    rng = np.random.default_rng(seed)
    counts = np.bincount(data.y)
    classes = np.flatnonzero(counts >= 16)
    shots = [rng.choice(np.flatnonzero(data.y == c), 8, replace=False) for c in classes]
    centroids = np.array([X[rows].mean(axis=0) for rows in shots])
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    shown = np.isin(data.groups, data.groups[np.concatenate(shots)])
    test = np.flatnonzero(np.isin(data.y, classes) & ~shown)
    found = classes[(X[test] @ centroids.T).argmax(axis=1)]
    return float((found == data.y[test]).mean())


def encoder_scores(X: NDArray[np.float32], data: Labelled, splits: int) -> dict[str, list[float]]:
    """All three measures of one encoder on one set."""
    return {
        SCORES[0]: [logistic(X, data, seed) for seed in range(splits)],
        SCORES[1]: [neighbours(X, data.y)],
        SCORES[2]: [few_shot(X, data, seed) for seed in range(50)],
    }


def learner_scores(name: str, data: Labelled, splits: int) -> dict[str, list[float]]:
    """Accuracy of what learns from the labels alone."""
    scores = []
    y = data.y.astype(str)
    for seed in range(splits):
        teach, test = data.halves(seed)
        texts = [data.texts[i] for i in test]
        if name == "fastText supervised":
            found = _fasttext(data, teach, seed, texts)
            if found is None:
                continue
        else:
            found = peers.tfidf().fit([data.texts[i] for i in teach], y[teach]).predict(texts)
        scores.append(float((np.asarray(found) == y[test]).mean()))
    return {SCORES[0]: scores} if scores else {}


def _fasttext(
    data: Labelled, teach: NDArray[np.int64], seed: int, texts: Sequence[str]
) -> list[str] | None:
    """Train fastText (None where it can't be), settings chosen on a third of the half."""
    inner, held = cut(teach, data.groups, 2 / 3, seed)
    best: tuple[float, dict[str, Any]] = (-1.0, {})

    def predicted(
        rows: NDArray[np.int64], texts: Sequence[str], settings: dict[str, Any]
    ) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            pairs = [(peers.words(data.texts[i]), str(data.y[i])) for i in rows]
            model = peers.fasttext_supervised(pairs, Path(folder), **settings)
        return [labels[0][9:] for labels in model.predict([peers.words(t) for t in texts])[0]]

    for epoch in (25, 100):
        for pairs in (1, 2):
            settings = {"lr": 0.5, "epoch": epoch, "wordNgrams": pairs, "bucket": 200_000}
            try:
                found = predicted(inner, [data.texts[i] for i in held], settings)
            except RuntimeError:  # it gives NaN on some data whatever the seed
                continue
            score = float(np.mean([f == str(data.y[i]) for f, i in zip(found, held, strict=True)]))
            best = max(best, (score, settings), key=lambda b: b[0])
    try:
        return predicted(teach, texts, best[1]) if best[1] else None
    except RuntimeError:
        return None


def relative(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Ratio of the means and its 95 % interval by bootstrap over the splits."""
    a, b = np.array(ours), np.array(theirs)
    rows = np.random.default_rng(0).integers(0, len(a), (2000, len(a)))
    low, high = np.quantile(a[rows].mean(axis=1) / b[rows].mean(axis=1), [0.025, 0.975])
    return float(a.mean() / b.mean()), float(low), float(high)


def speed(encode: peers.Encode, texts: Sequence[str]) -> float:
    """Headlines a second, the median of 3 runs."""
    encode(texts[:64])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        encode(texts)
        seconds.append(time.perf_counter() - start)
    return len(texts) / float(np.median(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, help="JSON (benchmarks/embedder.json)")
    parser.add_argument("--cache", type=Path, help="keeps MiniLM's vectors between runs")
    parser.add_argument("--quick", action="store_true", help="600 rows, 2 splits: a trial")
    options = parser.parse_args()
    rows, splits, few = (600, 2, 1) if options.quick else (8000, 20, 3)
    sets = []
    for name in SETS:
        path = options.data / f"{name}.tsv.xz"
        if path.is_file():
            sets.append(Labelled.read(path, name, rows))
        else:
            print(f"skipped: {path.name} is missing; name its folder with --data")
    if not sets:
        return
    results: dict[str, dict[str, dict[str, list[float]]]] = {}
    speeds: dict[str, float] = {}
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for name, load in peers.encoders(Path(folder)).items():
            try:
                encode = load()
                speeds[name] = speed(encode, _sample(options.data, 200 if options.quick else 2000))
            except (ImportError, OSError, RuntimeError, ValueError) as error:
                skipped[name] = str(error).splitlines()[0]
                print(f"skipped: {name}: {skipped[name]}")
                continue
            if name == "MiniLM, onnxruntime":
                continue  # the same vectors; `speed.py` and the plot want its speed
            if name == TEACHER and options.cache:
                encode = TransformerEmbedder(cache=options.cache).transform
            for data in sets:
                started = time.perf_counter()
                X = encode(data.texts)
                print(f"{name}: {data.name}, {len(X)} rows, {time.perf_counter() - started:.0f} s")
                n = splits if name in (OURS, TEACHER) else few
                jobs.append((name, data, delayed(encoder_scores)(X, data, n)))
    for name in ("fastText supervised", "TF-IDF, logistic regression"):
        jobs += [(name, data, delayed(learner_scores)(name, data, few)) for data in sets]
    found = Parallel(n_jobs=2, verbose=5)(job for *_, job in jobs)
    for (name, data, _), scores in zip(jobs, found, strict=True):
        results.setdefault(name, {})[data.name] = scores
    content = {
        "command": "python benchmarks/embedder.py",
        "machine": f"{platform.machine()}, {platform.system()}, one thread a process",
        "versions": peers.versions_of_peers(),
        "sets": {
            d.name: {"rows": len(d.y), "classes": int(d.y.max()) + 1, "use": SETS[d.name][2]}
            for d in sets
        },
        "headlines_per_second": {name: round(value) for name, value in speeds.items()},
        "skipped": skipped,
        "scores": summary(results),
        "relative_to_MiniLM": comparison(results),
    }
    report(content)
    if options.quick and options.output is None:
        return
    output = options.output or ROOT / "benchmarks" / "embedder.json"
    output.write_text(json.dumps(content, indent=1) + "\n")
    plot(content, output.with_suffix(".svg"))


def _sample(data: Path, n: int) -> list[str]:
    """Headlines to time the encoders on: of the pools where they are, else made of the sets."""
    path = data / "pool_news.tsv.xz"
    if not path.is_file():
        path = next(data / f"{name}.tsv.xz" for name in SETS if (data / f"{name}.tsv.xz").is_file())
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t")[1] for line in islice(file, 1, n + 1)]


def summary(results: dict[str, dict[str, dict[str, list[float]]]]) -> dict[str, Any]:
    """Mean, and half the width of its 95 % interval over the splits, of every score."""

    def told(scores: list[float]) -> dict[str, float]:
        half = 1.96 * float(np.std(scores, ddof=1)) / len(scores) ** 0.5 if len(scores) > 1 else 0.0
        return {
            "mean": round(float(np.mean(scores)), 4),
            "plus_minus": round(half, 4),
            "n": len(scores),
        }

    return {
        name: {data: {s: told(v) for s, v in scores.items()} for data, scores in by_set.items()}
        for name, by_set in results.items()
    }


def comparison(results: dict[str, dict[str, dict[str, list[float]]]]) -> dict[str, Any]:
    """Every encoder's scores relative to MiniLM's on the same splits, and the means over sets."""
    told: dict[str, Any] = {}
    for name, by_set in results.items():
        if name == TEACHER or TEACHER not in results:
            continue
        told[name] = {}
        for score in SCORES:
            ratios: dict[str, Any] = {}
            for data, scores in by_set.items():
                if score in scores:
                    n = len(scores[score])
                    theirs = results[TEACHER][data][score][:n]
                    ratio, low, high = relative(scores[score], theirs)
                    ratios[data] = {
                        "ratio": round(ratio, 4),
                        "low": round(low, 4),
                        "high": round(high, 4),
                    }
            for use in ("report", "select"):
                some = [ratios[d]["ratio"] for d in by_set if d in ratios and SETS[d][2] == use]
                if some:
                    ratios[f"mean of {use}"] = {"ratio": round(float(np.mean(some)), 4)}
            if ratios:
                told[name][score] = ratios
    return told


def report(content: dict[str, Any]) -> None:
    """Print the scores, what they are of MiniLM's, and which aims are met."""
    sets = list(content["sets"])
    for score in SCORES:
        print(
            f"\n**{score}**\n\n| vectors | " + " | ".join(sets) + " |\n|---|" + "--:|" * len(sets)
        )
        for name, by_set in content["scores"].items():
            cells = [by_set[s][score]["mean"] if score in by_set[s] else None for s in sets]
            if any(c is not None for c in cells):
                print(
                    f"| {name} | "
                    + " | ".join("" if c is None else f"{c:.3f}" for c in cells)
                    + " |"
                )
    ours = content["relative_to_MiniLM"].get(OURS, {})
    print("\n**the built-in embedder, of MiniLM's score**\n")
    for score, ratios in ours.items():
        print(
            f"| {score} | " + " | ".join(f"{k} {v['ratio']:.3f}" for k, v in ratios.items()) + " |"
        )
    for line in aims(ours):
        print(line)


def aims(ours: dict[str, Any]) -> list[str]:
    """Hold the ratios against the aims: .985 on each report set (huffpost41 .94), 1 on average."""
    lines = []
    both = []
    for score in SCORES[:2]:
        ratios = ours.get(score, {})
        both += [
            r["ratio"] for data, r in ratios.items() if data in SETS and SETS[data][2] == "report"
        ]
        for data, r in ratios.items():
            if data in SETS and SETS[data][2] == "report":
                aim = 0.94 if data == "huffpost41" else 0.985
                lines.append(
                    f"{score}, {data}: {r['ratio']:.3f}, aim {aim}: {_met(r['ratio'] >= aim)}"
                )
    if both:
        mean = float(np.mean(both))
        lines.append(f"average of both over the report sets: {mean:.4f}, aim 1: {_met(mean >= 1)}")
    shot = ours.get(SCORES[2], {}).get("mean of report")
    if shot:
        lines.append(
            f"8-shot, average: {shot['ratio']:.4f}, aim .98: {_met(shot['ratio'] >= 0.98)}"
        )
    return lines


def _met(yes: bool | np.bool_) -> str:
    return "met" if yes else "missed"


def plot(content: dict[str, Any], path: Path) -> None:
    """Draw quality (mean over the report sets, of MiniLM's) against speed."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "headlines"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    points = {TEACHER: 1.0, "MiniLM, onnxruntime": 1.0}
    for name, scores in content["relative_to_MiniLM"].items():
        means = [r["mean of report"]["ratio"] for r in scores.values() if "mean of report" in r]
        if name in content["headlines_per_second"] and len(means) == len(SCORES):
            points[name] = float(np.mean(means))
    for name, quality in points.items():
        x = content["headlines_per_second"].get(name)
        if x is None:
            continue
        ours = name == OURS
        axes.scatter(x, 100 * quality, s=70 if ours else 40, color="#c0392b" if ours else "#5b7083")
        axes.annotate(
            name,
            (x, 100 * quality),
            xytext=(0, -14 if name == "MiniLM, onnxruntime" else 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.set_xlim(80, 2_000_000)
    axes.margins(y=0.2)
    axes.set_xlabel("headlines a second, one thread")
    axes.set_ylabel("quality, % of MiniLM\n(mean of 3 measures, 5 data sets)")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)
    main()
