"""How good the built-in embedder's vectors are, beside a transformer's and the peers'.

Three measures on up to 8,000 rows of each data set (a seeded sample; classes with fewer than 4
rows in it are left out):

- logistic regression: accuracy on one random half, taught by the other, 20 halves (5 for the
  peers, the same first ones); C of 1 to 100 by 3 folds of the teaching half. fastText, with its
  defaults and with settings chosen by the same folds, and TF-IDF with a linear classifier learn
  from the labels alone and are tested on the same halves;
- 10 neighbours: share of the 10 nearest by cosine that have the same label;
- 8-shot centroid: accuracy of the nearest centroid of 8 labelled headlines a class, 50 draws;
  classes of fewer than 16 rows are left out.

Near-duplicates, headlines that share 70 % of their words or that are linked through others that
do, never stand on both sides of a split, don't count as neighbours, and aren't tested where one
of them is a shot. *Report* sets are scored and choose nothing; *select* sets may have chosen
settings of the built-in embedder and stand apart. Intervals are 95 %: of the scores over splits,
draws or headlines; of ratios to MiniLM by bootstrap over the same, paired.

Run ``python -m benchmarks.embedder --data DIR [--cache FILE]``; a set that is missing is skipped.
Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

from benchmarks import peers  # first: it sets the threads  # isort: skip

import argparse
import lzma
import random
import re
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import GREY
from headlines import StaticEmbedder
from headlines.embedding.encoders import TransformerEmbedder

SETS = {  # columns of label and text; what the set is for
    "agnews_test": (0, 1, "report"),
    "huffpost41": (0, 1, "report"),
    "masakhanews_eng": (0, 1, "report"),
    "googlenews_t": (0, 1, "report"),
    "googlenews_ts": (0, 1, "report"),
    "guardian_sections": (0, 1, "select"),
    "wiki_events_to_2017": (1, 3, "select"),
}
REPORT = [name for name, (_, _, use) in SETS.items() if use == "report"]
GRID = (1.0, 3.0, 10.0, 30.0, 100.0)
SVC_GRID = (0.1, 0.3, 1.0, 3.0, 10.0)
FASTTEXT_GRID = tuple(
    {"lr": 0.5, "epoch": epoch, "wordNgrams": n, **({"bucket": 200_000} if n > 1 else {})}
    for epoch in (25, 100)
    for n in (1, 2)
)
LINEAR, NEIGHBOURS, SHOTS = "logistic regression", "10 neighbours", "8-shot centroid"
MEASURES = (LINEAR, NEIGHBOURS, SHOTS)
FASTTEXT, FASTTEXT_TUNED = "fastText, defaults", "fastText, settings by cross-validation"
TFIDF = "TF-IDF, linear"
AIM, AIM_HUFFPOST, AIM_MEAN, AIM_SHOTS = 0.985, 0.94, 1.0, 0.98

Places = NDArray[np.int64]
Scores = dict[str, NDArray[np.float64]]
"""Of each measure, the score of every split, headline or draw."""
Results = dict[str, dict[str, Scores]]
"""Scores by encoder and set."""


# ------------------------------------------------------------------ data


@dataclass(frozen=True)
class Labelled:
    """A data set: n texts, the class of each by number, and its near-duplicate group."""

    name: str
    texts: list[str]
    y: Places
    groups: Places
    left_out: int

    @classmethod
    def read(cls, path: Path, name: str, rows: int) -> Labelled:
        """Read a seeded sample; classes with fewer than 4 rows in it are left out."""
        label, text, _ = SETS[name]
        cells = [c for c in common.rows(path) if c[label] and c[text]]
        cells = random.Random(0).sample(cells, min(rows, len(cells)))
        counts = Counter(c[label] for c in cells)
        kept = [c for c in cells if counts[c[label]] >= 4]
        _, y = np.unique([c[label] for c in kept], return_inverse=True)
        texts = [c[text] for c in kept]
        left_out = sum(n < 4 for n in counts.values())
        return cls(name, texts, y, near_duplicates(texts), left_out)

    def halves(self, seed: int) -> tuple[Places, Places]:
        """Cut at random into two halves of whole groups: places to learn from and to test."""
        first, second = parts(np.arange(len(self.y)), self.groups, 2, seed)
        return first, second

    def folds(self, places: Places, seed: int) -> Iterator[tuple[Places, Places]]:
        """Give 3 times two thirds of some places, and the other third."""
        thirds = parts(places, self.groups, 3, seed)
        for i, held in enumerate(thirds):
            yield np.concatenate([third for j, third in enumerate(thirds) if j != i]), held


def near_duplicates(texts: Sequence[str], threshold: float = 0.7) -> Places:
    """Number the groups of texts whose sets of words have a Jaccard similarity of `threshold`.

    Words are ordered by how rare they are: two sets so similar share one of the rarest
    ``n - ceil(threshold * n) + 1`` of n words, so an index of these finds every pair (the
    prefix filter of Chaudhuri et al. 2006), and chains of pairs make a group.
    """
    sets = [set(re.findall(r"\w+", text.lower())) for text in texts]
    counts = Counter(word for found in sets for word in found)
    index: dict[str, list[int]] = defaultdict(list)
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, found in enumerate(sets):
        ordered = sorted(found, key=lambda word: (counts[word], word))
        rare = ordered[: len(found) - int(np.ceil(threshold * len(found) - 1e-9)) + 1]
        for j in sorted({j for word in rare for j in index[word]}):
            shared = len(found & sets[j])
            if shared >= threshold * (len(found) + len(sets[j]) - shared):
                parent[root(i)] = root(j)
        for word in rare:
            index[word].append(i)
    return np.unique([root(i) for i in range(len(texts))], return_inverse=True)[1]


def parts(places: Places, groups: Places, n: int, seed: int) -> list[Places]:
    """Cut places into n parts of about the same size, at random, groups kept whole."""
    names, inverse, sizes = np.unique(groups[places], return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    number = np.zeros(len(names), dtype=np.int64)
    number[order] = before * n // len(places)
    return [places[number[inverse] == i] for i in range(n)]


# ------------------------------------------------------------------ measures


def linear(X: NDArray[np.float32], data: Labelled, seed: int) -> float:
    """Accuracy on one half of logistic regression taught by the other."""
    from sklearn.linear_model import LogisticRegression

    teach, test = data.halves(seed)
    y = data.y
    right = np.zeros(len(GRID))
    for rows, held in data.folds(teach, seed):
        model = LogisticRegression(max_iter=500, warm_start=True)  # from one C to the next
        for i, C in enumerate(GRID):
            model.set_params(C=C).fit(X[rows], y[rows])
            right[i] += (model.predict(X[held]) == y[held]).sum()
    model = LogisticRegression(C=GRID[int(right.argmax())], max_iter=500)
    return float(model.fit(X[teach], y[teach]).score(X[test], y[test]))


def neighbours(X: NDArray[np.float32], data: Labelled) -> NDArray[np.float64]:
    """Give, for each headline, the share of its 10 nearest by cosine with the same label."""
    found = []
    for start in range(0, len(X), 1000):
        cosines = X[start : start + 1000] @ X.T
        rows = slice(start, start + len(cosines))
        cosines[data.groups[rows, None] == data.groups[None]] = -2  # itself and near-duplicates
        near = np.argpartition(-cosines, 10, axis=1)[:, :10]
        found.append((data.y[near] == data.y[rows, None]).mean(axis=1))
    return np.concatenate(found)


def few_shot(X: NDArray[np.float32], data: Labelled, seed: int) -> float:
    """Accuracy of the nearest centroid of 8 headlines a class; classes of fewer than 16 are out."""
    rng = np.random.default_rng(seed)
    classes = np.flatnonzero(np.bincount(data.y) >= 16)
    shots = [rng.choice(np.flatnonzero(data.y == c), 8, replace=False) for c in classes]
    centroids = peers.unit(np.array([X[rows].mean(axis=0) for rows in shots]))
    shown = np.isin(data.groups, data.groups[np.concatenate(shots)])
    test = np.flatnonzero(np.isin(data.y, classes) & ~shown)
    found = classes[(X[test] @ centroids.T).argmax(axis=1)]
    return float((found == data.y[test]).mean())


def encoder_scores(X: NDArray[np.float32], data: Labelled, splits: int, draws: int) -> Scores:
    """Give all measures of one encoder on one set."""
    return {
        LINEAR: np.array([linear(X, data, seed) for seed in range(splits)]),
        NEIGHBOURS: neighbours(X, data),
        SHOTS: np.array([few_shot(X, data, seed) for seed in range(draws)]),
    }


def learner_scores(name: str, data: Labelled, splits: int) -> Scores:
    """Give the accuracy of what learns from the labels alone, and the purity of TF-IDF's cosine."""
    scores = []
    for seed in range(splits):
        teach, test = data.halves(seed)
        if name == TFIDF:
            fits = [_svc(data, C) for C in SVC_GRID]
        elif name == FASTTEXT:
            fits = [_fasttext(data, {})]
        else:
            fits = [_fasttext(data, settings) for settings in FASTTEXT_GRID]
        best = fits[0]
        if len(fits) > 1:
            right = [
                sum(int((fit(a, b) == data.y[b]).sum()) for a, b in data.folds(teach, seed))
                for fit in fits
            ]
            best = fits[int(np.argmax(right))]
        scores.append(float((best(teach, test) == data.y[test]).mean()))
    found = {LINEAR: np.array(scores)}
    if name == TFIDF:
        X = peers.tfidf_vectorizer().fit_transform(data.texts)
        found[NEIGHBOURS] = _sparse_neighbours(X, data)
    return found


Fit = Callable[[Places, Places], Places]
"""Learn from some places, and predict the classes of others."""


def _svc(data: Labelled, C: float) -> Fit:
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    def fit(teach: Places, test: Places) -> Places:
        model = make_pipeline(peers.tfidf_vectorizer(), LinearSVC(C=C, random_state=0))
        model.fit([data.texts[i] for i in teach], data.y[teach])
        return np.asarray(model.predict([data.texts[i] for i in test]))

    return fit


def _fasttext(data: Labelled, settings: dict[str, Any]) -> Fit:
    def fit(teach: Places, test: Places) -> Places:
        pairs = ((peers.words(data.texts[i]), str(data.y[i])) for i in teach)
        model = peers.fasttext_supervised(pairs, **settings)
        labels, _ = model.predict([peers.words(data.texts[i]) for i in test])
        return np.array([int(found[0][9:]) for found in labels])

    return fit


def _sparse_neighbours(X: Any, data: Labelled) -> NDArray[np.float64]:
    """Do as `neighbours` for rows that are nearly all zeros."""
    found = []
    for start in range(0, X.shape[0], 1000):
        rows = slice(start, min(start + 1000, X.shape[0]))
        cosines = (X[rows] @ X.T).toarray()
        cosines[data.groups[rows, None] == data.groups[None]] = -2
        near = np.argpartition(-cosines, 10, axis=1)[:, :10]
        found.append((data.y[near] == data.y[rows, None]).mean(axis=1))
    return np.concatenate(found)


def speed(encode: peers.Encode, texts: Sequence[str]) -> float:
    """Headlines a second, the median of 3 runs."""
    encode(texts[:64])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        encode(texts)
        seconds.append(time.perf_counter() - start)
    return len(texts) / float(np.median(seconds))


# ------------------------------------------------------------------ what came out


def summary(results: Results) -> dict[str, Any]:
    """Mean, half the width of its interval, and number of splits, headlines or draws."""

    def told(scores: NDArray[np.float64]) -> dict[str, float]:
        n = len(scores)
        half = 1.96 * float(scores.std(ddof=1)) / n**0.5 if n > 1 else 0.0
        return {"mean": round(float(scores.mean()), 4), "plus_minus": round(half, 4), "n": n}

    return {
        name: {data: {m: told(s) for m, s in scores.items()} for data, scores in by_set.items()}
        for name, by_set in results.items()
    }


def _ratio(
    ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Ratio of the means, and 1,000 draws of it by bootstrap over the pairs."""
    theirs = theirs[: len(ours)]
    rng = np.random.default_rng(0)
    draws = np.empty(1000)
    for i in range(len(draws)):
        rows = rng.integers(0, len(ours), len(ours))
        draws[i] = ours[rows].mean() / theirs[rows].mean()
    return float(ours.mean() / theirs.mean()), draws


def _told(point: float, draws: NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {
        "ratio": round(point, 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def comparison(results: Results) -> dict[str, Any]:
    """Every score relative to MiniLM's on the same splits, and the means over the sets."""
    found: dict[str, Any] = {}
    base = results.get(peers.MINILM, {})
    for name, by_set in results.items():
        if not base or name == peers.MINILM:
            continue
        found[name] = {}
        for measure in MEASURES:
            ratios = {
                data: _ratio(scores[measure], base[data][measure])
                for data, scores in by_set.items()
                if measure in scores
            }
            told = {data: _told(*ratio) for data, ratio in ratios.items()}
            for use in ("report", "select"):
                some = [ratio for data, ratio in ratios.items() if SETS[data][2] == use]
                if some:
                    # Sets were drawn apart from each other, so their draws are mixed anew.
                    rng = np.random.default_rng(1)
                    draws = np.mean([rng.permutation(d) for _, d in some], axis=0)
                    told[f"mean of {use}"] = _told(float(np.mean([r for r, _ in some])), draws)
            if told:
                found[name][measure] = told
    return found


def aims(ours: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold the built-in embedder's ratios against what is aimed at."""
    lines: list[dict[str, Any]] = []

    def add(what: str, ratio: float, aim: float) -> None:
        lines.append({"what": what, "ratio": round(ratio, 4), "aim": aim, "met": ratio >= aim})

    for measure in (LINEAR, NEIGHBOURS):
        for data in REPORT:
            if data in ours.get(measure, {}):
                aim = AIM_HUFFPOST if data == "huffpost41" else AIM
                add(f"{measure}, {data}", ours[measure][data]["ratio"], aim)
    means = {m: r["mean of report"]["ratio"] for m, r in ours.items() if "mean of report" in r}
    for measure in (LINEAR, NEIGHBOURS):
        if measure in means:
            add(f"{measure}, average", means[measure], AIM_MEAN)
    if LINEAR in means and NEIGHBOURS in means:
        add("average of the two", (means[LINEAR] + means[NEIGHBOURS]) / 2, AIM_MEAN)
    if SHOTS in means:
        add(f"{SHOTS}, average", means[SHOTS], AIM_SHOTS)
    return lines


def report(content: dict[str, Any]) -> None:
    """Print the scores, what they are of MiniLM's, and which aims are met."""
    sets = list(content["sets"])
    head = [f"{s} ({content['sets'][s]['use']})" for s in sets]
    for measure in MEASURES:
        print(f"\n**{measure}**\n\n| | n | {' | '.join(head)} |\n|---|--:|{'--:|' * len(sets)}")
        for name, by_set in content["scores"].items():
            cells = [by_set[s].get(measure) for s in sets]
            if any(cells):
                # Splits or draws, of which all sets have the same number; else the headlines.
                ns = sorted({c["n"] for c in cells if c})
                n = str(ns[0]) if len(ns) == 1 else "headlines"
                shown = [f"{c['mean']:.3f} ± {c['plus_minus']:.3f}" if c else "" for c in cells]
                print(f"| {name} | {n} | {' | '.join(shown)} |")
    relative = content["relative_to_MiniLM"]
    columns = [*sets, "mean of report", "mean of select"]
    for measure in MEASURES:
        print(f"\n**{measure}, of MiniLM's**\n\n| | {' | '.join(columns)} |")
        print(f"|---|{'--:|' * len(columns)}")
        for name, ratios in relative.items():
            if measure in ratios:
                found = [ratios[measure].get(c) for c in columns]
                shown = [f"{r['ratio']:.3f} ({r['low']:.3f}-{r['high']:.3f})" if r else ""
                         for r in found]  # fmt: skip
                print(f"| {name} | {' | '.join(shown)} |")
    print("\n| encoder | headlines a second |\n|---|--:|")
    for name, rate in content["headlines_per_second"].items():
        print(f"| {name} | {rate:,} |")
    print("\n| the built-in embedder, of MiniLM's | ratio | aim | |\n|---|--:|--:|---|")
    for line in content["aims"]:
        met = "met" if line["met"] else "missed"
        print(f"| {line['what']} | {line['ratio']:.4f} | {line['aim']} | {met} |")


def plot(content: dict[str, Any], path: Path) -> None:
    """Draw quality (mean over measures and report sets, of MiniLM's) against speed."""
    rates = content["headlines_per_second"]
    points = {name: 1.0 for name in (peers.MINILM, peers.MINILM_ONNX) if name in rates}
    for name, scores in content["relative_to_MiniLM"].items():
        means = [r["mean of report"]["ratio"] for r in scores.values() if "mean of report" in r]
        if name in rates and len(means) == len(MEASURES):
            points[name] = float(np.mean(means))
    with common.picture(path, 7, 4) as axes:
        for name, quality in points.items():
            ours = name == peers.OURS
            colour = common.OURS if ours else GREY
            axes.scatter(rates[name], 100 * quality, s=70 if ours else 40, color=colour)
            below = name == peers.MINILM_ONNX  # which lies beside the same model's other point
            axes.annotate(
                name,
                (rates[name], 100 * quality),
                xytext=(0, -14 if below else 8),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=colour,
            )
        axes.set_xscale("log")
        axes.margins(x=0.18, y=0.2)
        axes.set_xlabel("headlines a second, one thread")
        axes.set_ylabel("quality, % of MiniLM's\n(mean of measures and report sets)")


# ------------------------------------------------------------------ the program


def read_sets(folder: Path, rows: int) -> list[Labelled]:
    """Read the sets that are there, and say what is left out."""
    sets = []
    for name in SETS:
        if not common.there(folder, f"{name}.tsv.xz"):
            continue
        data = Labelled.read(folder / f"{name}.tsv.xz", name, rows)
        print(
            f"{name}: {len(data.y):,} rows, {data.y.max() + 1} classes ({data.left_out} with "
            f"fewer than 4 rows left out), {len(set(data.groups.tolist())):,} groups"
        )
        sets.append(data)
    return sets


def _timed_on(folder: Path, sets: Sequence[Labelled], n: int) -> list[str]:
    """Headlines to time the encoders on: of the pool where it is, else of the sets."""
    path = folder / "pool_news.tsv.xz"
    if not path.is_file():
        print(f"{path.name} is missing; the encoders are timed on the sets' headlines")
        return [text for data in sets for text in data.texts][:n]
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t")[1] for line in islice(file, 1, n + 1)]


def measure(
    options: argparse.Namespace, sets: Sequence[Labelled]
) -> tuple[Results, dict[str, int], dict[str, str]]:
    """Give the scores, the encoders' headlines a second, and what was skipped and why."""
    splits, few, draws = (2, 1, 5) if options.quick else (20, 5, 50)
    texts = _timed_on(options.data, sets, 200 if options.quick else 5000)
    wanted = list(peers.ENCODERS) if options.only is None else [options.only, peers.MINILM]
    speeds, skipped, jobs = {}, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, load in peers.ENCODERS.items():
            if name not in wanted:
                continue
            try:
                encode = load(Path(folder))
                if name == peers.OURS and options.static:
                    encode = StaticEmbedder(options.static).transform
                speeds[name] = round(speed(encode, texts))
            except peers.UNAVAILABLE as error:
                skipped[name] = peers.reason(error)
                print(f"skipped: {name}: {skipped[name]}")
                continue
            print(f"{name}: {speeds[name]:,} headlines a second", flush=True)
            if name == peers.MINILM_ONNX:
                continue  # the same vectors: for its speed alone
            if name == peers.MINILM and options.cache:
                encode = TransformerEmbedder(cache=options.cache).transform
            n = splits if name in (peers.OURS, peers.MINILM) else few
            jobs += [
                (name, data.name, delayed(encoder_scores)(encode(data.texts), data, n, draws))
                for data in sets
            ]
    learners = [n for n in (TFIDF, FASTTEXT, FASTTEXT_TUNED) if options.only in (None, n)]
    try:
        import fasttext  # noqa: F401 - to know that it is there
    except ImportError as error:
        for name in [n for n in learners if n != TFIDF]:
            skipped[name] = peers.reason(error)
            print(f"skipped: {name}: {skipped[name]}")
            learners.remove(name)
    for name in learners:
        jobs += [(name, data.name, delayed(learner_scores)(name, data, few)) for data in sets]
    found = Parallel(n_jobs=2, verbose=2)(job for *_, job in jobs)
    results: Results = {}
    for (name, data, _), scores in zip(jobs, found, strict=True):
        results.setdefault(name, {})[data] = scores
    return results, speeds, skipped


def main() -> None:
    names = [*peers.ENCODERS, TFIDF, FASTTEXT, FASTTEXT_TUNED]
    parser = common.arguments(__doc__, "embedder.json")
    parser.add_argument("--cache", type=Path, help="keeps MiniLM's vectors between runs")
    parser.add_argument("--static", type=Path, help="other weights of the built-in embedder")
    parser.add_argument("--only", choices=names, metavar="NAME", help="one of: " + "; ".join(names))
    parser.add_argument("--quick", action="store_true", help="400 rows, 2 splits: a trial")
    options = parser.parse_args()
    whole = not options.quick and options.only is None and options.static is None
    started = time.perf_counter()
    sets = read_sets(options.data, 400 if options.quick else 8000)
    if not sets:
        return
    results, speeds, skipped = measure(options, sets)
    relative = comparison(results)
    found = {
        "threads": "one a process, two processes; speeds on one thread",
        "sets": {
            d.name: {
                "use": SETS[d.name][2],
                "rows": len(d.y),
                "classes": int(d.y.max()) + 1,
                "classes_left_out": d.left_out,
                "groups": len(set(d.groups.tolist())),
            }
            for d in sets
        },
        "skipped": skipped,
        "headlines_per_second": speeds,
        "scores": summary(results),
        "relative_to_MiniLM": relative,
        "aims": aims(relative.get(peers.OURS, {})),
    }
    content = common.described("python -m benchmarks.embedder", found, peers.versions_of_peers())
    report(content)
    print(f"\ntook {(time.perf_counter() - started) / 60:.1f} minutes")
    if whole:  # a trial doesn't overwrite the results
        common.write(options.output, content)
        plot(content, options.output.with_suffix(".svg"))


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning)
    main()
