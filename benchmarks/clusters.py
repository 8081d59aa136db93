"""Stories found without being told how many, beside the programs that people use for it.

- quality: the stories of GoogleNews-T and -TS (152 true ones), the classes of AgNews (4),
  SearchSnippets (8) and StackOverflow (20), and the stories of Wikipedia's events (those with 8
  events or more), from the same vectors of the built-in embedder and of MiniLM; each program
  twice, with seeds 0 and 1. ACC counts the best one-to-one match of clusters and stories; texts
  that a program throws out count as one more cluster. Settings of `headlines`
  were chosen on Wikipedia's events, which are *select*; the others chose nothing.
- identity: a tenth of the feed leaves, a tenth comes, and so do 20 stories held back whole;
  10 draws. And: what `predict` says of a tenth that was left out, beside a refit with it.
- names: whether a cluster's name has a word of the true story's title, clusters of five or more
  of Wikipedia's events.
- scale: 10,000 to 600,000 headlines of the pools with the built-in embedder; BERTopic on the
  same vectors up to 100,000.

``python -m benchmarks.clusters --data DIR [--cache FILE] [--only PART]``. Peers: ``pip install
'.[bench]'``. Public origins: googlenews_t, _ts jackyin12/GSDMM; agnews8000
rashadulrakib/short-text-clustering-enhancement; searchsnippets and stackoverflow jacoxu/STC2;
wiki_events_to_2017 ianrastall/current-events-context; the pools rumca-js/RSS-Link-Database-2022
and -2023.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import GREY, ROOT

SETS = (
    "googlenews_t", "googlenews_ts", "agnews8000", "searchsnippets", "stackoverflow", "wiki_stories"
)  # fmt: skip
OURS, BERTOPIC = "headlines", "BERTopic"
REDUCED = "BERTopic, outliers reduced"  # by its own default strategy, in the same run
PUBLISHED = {  # as their authors report them, told the true number; ACC and NMI
    "SCCL (2021)": {"googlenews_t": (0.758, 0.883), "googlenews_ts": (0.898, 0.949)},
    "RSTC (2023)": {"googlenews_t": (0.723, 0.874), "googlenews_ts": (0.833, 0.932)},
    "COTC (2024)": {"googlenews_t": (0.835, 0.921), "googlenews_ts": (0.905, 0.963)},
}
PEERS = ("bertopic", "umap-learn", "hdbscan", "evoc", "faiss-cpu", "scikit-learn", "scikit-network")
Labels = NDArray[np.int64]
Keep = Callable[[dict[str, Any]], None]


def read(data: Path, name: str) -> tuple[list[str], list[str]]:
    """Give texts and true stories of a set."""
    wiki = name == "wiki_stories"
    file = "wiki_events_to_2017" if wiki else name
    rows = common.rows(data / f"{file}.tsv.xz")
    if not wiki:
        return [row[1] for row in rows], [row[0] for row in rows]
    counts = Counter(row[2] for row in rows if row[2])
    rows = [row for row in rows if counts[row[2]] >= 8]
    return [row[3] for row in rows], [row[2] for row in rows]


def pool(data: Path, n: int) -> list[str]:
    """Give n headlines of the pools, as they come."""
    found: dict[str, None] = {}
    for name in ("pool_news", "pool_tech"):
        found |= dict.fromkeys(row[1] for row in common.rows(data / f"{name}.tsv.xz"))
    return random.Random(0).sample(list(found), n)


# ------------------------------------------------------------------ programs


def whitening_of(X: Any) -> Any:
    """Give what news taught of the built-in embedder's vectors; of others nothing is known."""
    from headlines import StaticEmbedder
    from headlines.clustering.whitening import Whitening

    embedder = StaticEmbedder()
    return Whitening.of_news(embedder.fingerprint) if X.shape[1] == embedder.n_features else None


def headlines(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """Find stories with this package."""
    from headlines import HeadlineClusterer
    from headlines.embedding.vocabulary import tokenize

    clusterer = HeadlineClusterer(whitening=whitening_of(X), random_state=seed)
    return clusterer.fit(X, words=[tokenize(text) for text in texts]).labels_


def headlines_vectors(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """Find stories with this package from vectors alone."""
    from headlines import HeadlineClusterer

    return HeadlineClusterer(whitening=whitening_of(X), random_state=seed).fit(X).labels_


def _bertopic(X: Any, texts: list[str]) -> tuple[Any, Labels]:
    from bertopic import BERTopic

    model = BERTopic(embedding_model=None, calculate_probabilities=False)
    topics, _ = model.fit_transform(texts, embeddings=X)
    return model, np.array(topics)


def bertopic(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """BERTopic as it comes (it takes no seed: its runs differ); see REDUCED too."""
    return _bertopic(X, texts)[1]


def umap_hdbscan(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """UMAP and HDBSCAN with what UMAP's documentation recommends for clustering."""
    import hdbscan
    import umap

    found = umap.UMAP(n_neighbors=30, min_dist=0.0, n_components=2, metric="cosine",
                      random_state=seed).fit_transform(X)  # fmt: skip
    return hdbscan.HDBSCAN(min_samples=10, min_cluster_size=15).fit_predict(found)


def evoc(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """EVoC as it comes."""
    import evoc

    return evoc.EVoC(random_state=seed).fit_predict(np.asarray(X, dtype=np.float32))


def kmeans(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """k-means, told the true number."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=3, random_state=seed).fit_predict(X)


def agglomerative(X: Any, texts: list[str], k: int, seed: int) -> Labels:
    """Average linkage by cosine, told the true number."""
    from sklearn.cluster import AgglomerativeClustering

    X = X.copy()
    X[~X.any(axis=1), 0] = 1  # it wants no zero vectors, which texts of unknown words have
    return AgglomerativeClustering(k, metric="cosine", linkage="average").fit_predict(X)


PROGRAMS: dict[str, Callable[[Any, list[str], int, int], Labels]] = {
    OURS: headlines,
    f"{OURS}, vectors alone": headlines_vectors,
    BERTOPIC: bertopic,
    "UMAP and HDBSCAN": umap_hdbscan,
    "EVoC": evoc,
    "k-means, true k": kmeans,
    "agglomerative, true k": agglomerative,
}


def peak_mb() -> float:
    """Give this process's peak memory; `getrusage` would count that of the one that began it."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [row for row in status.read_text().splitlines() if row.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(name: str, folder: Path, k: int, seed: int) -> None:
    """Run one program in a process of its own; leave labels, seconds and peak memory."""
    X = np.load(folder / "X.npy")
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    if name.startswith("BERTopic") or name in ("UMAP and HDBSCAN", "EVoC"):
        few = X[:500]  # compiles what these compile, once
        PROGRAMS["EVoC" if name == "EVoC" else "UMAP and HDBSCAN"](few, texts[:500], 5, 0)
    start, busy = time.perf_counter(), time.process_time()
    labels = PROGRAMS[name](X, texts, k, seed)
    record = {"seconds": time.perf_counter() - start, "peak_mb": peak_mb()}
    record["cpu_seconds"] = time.process_time() - busy
    np.save(folder / "labels.npy", np.asarray(labels, dtype=np.int64))
    (folder / "record.json").write_text(json.dumps(record))


class Run(NamedTuple):
    """What a program found, how long it took, and its peak memory."""

    labels: Labels
    seconds: float
    peak_mb: float
    cpu_seconds: float  # of all its threads: on a machine that is shared they tell more


def run(name: str, X: Any, texts: list[str], k: int, seed: int) -> Run:
    """Run a program in a process of its own."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        np.save(folder / "X.npy", X)
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.clusters", "--one", name, made]
        command += [str(k), str(seed)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        record = json.loads((folder / "record.json").read_text())
        return Run(np.load(folder / "labels.npy"), **record)


# ------------------------------------------------------------------ measures


def scores(truth: list[str], labels: Labels) -> dict[str, float]:
    """Hold clusters against true stories."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import (
        adjusted_mutual_info_score,
        adjusted_rand_score,
        normalized_mutual_info_score,
    )
    from sklearn.metrics.cluster import contingency_matrix

    table = contingency_matrix(truth, labels)
    i, j = linear_sum_assignment(-table)
    return {
        "acc": float(table[i, j].sum() / len(labels)),
        "nmi": float(normalized_mutual_info_score(truth, labels)),
        "ami": float(adjusted_mutual_info_score(truth, labels)),
        "ari": float(adjusted_rand_score(truth, labels)),
    }


def rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}


def embedders(cache: Path | None) -> dict[str, Any]:
    from headlines import StaticEmbedder
    from headlines.embedding.encoders import TransformerEmbedder

    return {"built-in": StaticEmbedder(), "MiniLM": TransformerEmbedder(cache=cache)}


def quality(data: Path, cache: Path | None, keep: Keep) -> None:
    """Score every program on every set, from the same vectors."""
    found: dict[str, Any] = {}
    for tier, embedder in embedders(cache).items():
        for name in SETS:
            texts, truth = read(data, name)
            X = np.asarray(embedder.transform(texts), dtype=np.float32)
            k = len(set(truth))
            rows = found.setdefault(name, {}).setdefault(tier, {})
            print(f"\n{name}, {tier}: {len(texts):,} texts, {k} stories", flush=True)
            for program in PROGRAMS:
                runs = [run(program, X, texts, k, seed) for seed in (0, 1)]
                rows[program] = told(truth, runs)
                if program == OURS:
                    again = run(program, X, texts, k, 0)[0]
                    rows[program]["same_again"] = bool((again == runs[0][0]).all())
                if program == BERTOPIC:
                    runs = [reduced(X, texts, one) for one in runs]
                    rows[REDUCED] = told(truth, runs)
                    print(f"{REDUCED:<28} {rows[REDUCED]}", flush=True)
                print(f"{program:<28} {rows[program]}", flush=True)
            keep(found)


def told(truth: list[str], runs: list[Run]) -> dict[str, Any]:
    """Sum up the runs of a program."""
    from sklearn.metrics import adjusted_rand_score

    each = [scores(truth, labels) for labels, *_ in runs]
    labels = runs[0][0]
    row: dict[str, Any] = {m: statistics.mean(s[m] for s in each) for m in each[0]}
    row |= {
        "clusters": len(set(labels.tolist()) - {-1}),
        "thrown_out": float((labels == -1).mean()),
        "seconds": statistics.median(one.seconds for one in runs),
        "peak_mb": round(max(one.peak_mb for one in runs)),
        "seeds_agree": float(adjusted_rand_score(labels, runs[1][0])),
    }
    return rounded(row)


def reduced(X: Any, texts: list[str], found: Run) -> Run:
    """Put the outliers of a run of BERTopic into topics by its own default strategy."""
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    start, busy = time.perf_counter(), time.process_time()
    model = BERTopic(
        embedding_model=None,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
    )  # its manual mode: topics from given labels, so that UMAP need not run once more
    topics, _ = model.fit_transform(texts, embeddings=X, y=found.labels)
    result = np.array(model.reduce_outliers(texts, topics))
    seconds = found.seconds + time.perf_counter() - start
    return Run(result, seconds, found.peak_mb, found.cpu_seconds + time.process_time() - busy)


def _fit(X: Any, words: list[Any], some: Labels, was: Labels | None = None) -> Any:
    from headlines import HeadlineClusterer

    known = None if was is None else was[some]
    chosen = [words[i] for i in some.tolist()]
    clusterer = HeadlineClusterer(whitening=whitening_of(X))
    return clusterer.fit(X[some], words=chosen, previous=known)


def identity(data: Path, cache: Path | None, keep: Keep, draws: int = 10) -> None:
    """Let a feed change by a tenth and 20 stories; and predict a tenth that was left out."""
    from sklearn.metrics import adjusted_rand_score

    from headlines.clustering.settlement import settled
    from headlines.embedding.vocabulary import tokenize

    found: dict[str, Any] = {}
    for tier, embedder in embedders(cache).items():
        for name in SETS[:2]:
            texts, stories = read(data, name)
            truth, n = np.array(stories), len(texts)
            X = np.asarray(embedder.transform(texts), dtype=np.float64)
            points = X / np.maximum(np.linalg.norm(X, axis=1), 1e-12)[:, None]
            words = [tokenize(text) for text in texts]

            fit = partial(_fit, X, words)
            rows = []
            for seed in range(draws):
                rng = np.random.default_rng(seed)
                sizes = Counter(stories)
                large = sorted(story for story in sizes if sizes[story] >= 10)
                held = rng.choice(large, 20, replace=False).tolist()
                rest = rng.permutation(np.flatnonzero(~np.isin(truth, held)))
                tenth = len(rest) // 11
                first, come = np.sort(rest[tenth:]), rest[:tenth]
                gone = rng.choice(first, tenth, replace=False)
                second = np.sort(np.concatenate(
                    [np.setdiff1d(first, gone), come, np.flatnonzero(np.isin(truth, held))]
                ))  # fmt: skip
                was = np.full(n, -1)
                was[first] = fit(first).labels_
                after = fit(second, was)
                fresh = fit(second)
                earlier = was[second]
                stand = settled(after.labels_, after.texts_, earlier >= 0, earlier, points[second])
                kept = np.full(n, -1)
                kept[second] = np.where(stand < 0, was.max() + 1 + after.labels_, stand)
                both = np.intersect1d(first, second)
                own = 0
                for story in held:
                    label, count = Counter(kept[truth == story].tolist()).most_common(1)[0]
                    pure = count / int((kept == label).sum()) > 0.5
                    own += bool(pure and label > was.max())
                left = np.sort(rng.permutation(n)[: n // 10])
                stay = np.setdiff1d(np.arange(n), left)
                told = fit(stay).predict(X[left], words=[words[i] for i in left.tolist()])
                refit = fit(np.arange(n))
                ours = scores(truth[second].tolist(), kept[second])
                anew = scores(truth[second].tolist(), fresh.labels_)
                again = refit.predict(X, words=words)
                rows.append({
                    "kept": float((kept[both] == was[both]).mean()),
                    "own_clusters": own / 20,
                    "acc_to_fresh": ours["acc"] - anew["acc"],
                    "nmi_to_fresh": ours["nmi"] - anew["nmi"],
                    "predict_left_out_ari": float(adjusted_rand_score(refit.labels_[left], told)),
                    "predict_of_training": float((again == refit.labels_).mean()),
                })  # fmt: skip
            table = {k: statistics.median(row[k] for row in rows) for k in rows[0]}
            found.setdefault(name, {})[tier] = rounded(table)
            print(name, tier, rounded(table), flush=True)
            keep(found)


def names(data: Path, cache: Path | None, keep: Keep) -> None:
    """Look for the words of true titles in the names of clusters."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from headlines import StaticEmbedder
    from headlines.clustering.names import name_clusters
    from headlines.embedding.vocabulary import tokenize

    def content(text: str) -> set[str]:
        return {w for w in tokenize(text) if len(w) > 2 and w.isalpha()} - ENGLISH_STOP_WORDS

    texts, truth = read(data, "wiki_stories")
    X = np.asarray(StaticEmbedder().transform(texts), dtype=np.float32)
    model, topics = _bertopic(X, texts)
    ours = headlines(X, texts, 0, 0)
    found: dict[str, Any] = {}
    words_of = {t: [w for w, _ in model.get_topic(t)] for t in set(topics.tolist())}
    for program, labels, named in (
        (OURS, ours, name_clusters(texts, ours.tolist())),
        (BERTOPIC, topics, {t: " ".join(words[:4]) for t, words in words_of.items()}),
        ("BERTopic, all ten words", topics, {t: " ".join(w) for t, w in words_of.items()}),
    ):
        exact = alike = possible = total = 0
        for label in sorted(set(labels.tolist()) - {-1}):
            members = np.flatnonzero(labels == label)
            if len(members) < 5:
                continue
            title = content(Counter(truth[i] for i in members).most_common(1)[0][0])
            words = content(named[label])
            common = Counter(w for i in members for w in content(texts[i]))
            total += 1
            exact += bool(title & words)
            alike += bool({w[:5] for w in title} & {w[:5] for w in words})
            possible += any(common[w] >= len(members) / 5 for w in title)
        found[program] = rounded({
            "clusters": total, "a_word": exact / total, "a_word_or_its_form": alike / total,
            "title_word_in_a_fifth_of_its_texts": possible / total,
            "words_a_name": statistics.mean(len(named[x].split()) for x in named),
        })  # fmt: skip
        print(program, found[program], flush=True)
    keep(found)


def scale(data: Path, cache: Path | None, keep: Keep) -> None:
    """Cluster ever more headlines."""
    from headlines import StaticEmbedder
    from headlines.neighbours import nearest, whole_vectors

    found: dict[str, Any] = {}
    texts = pool(data, 600_000)
    X = np.asarray(StaticEmbedder().transform(texts), dtype=np.float32)
    for n in (10_000, 30_000, 100_000, 300_000, 600_000):
        row = found.setdefault(f"{n:,}", {})
        for program in (OURS, "BERTopic") if n <= 100_000 and n != 30_000 else (OURS,):
            done = run(program, X[:n], texts[:n], 0, 0)
            row[program] = rounded({
                "seconds": round(done.seconds, 1), "cpu_seconds": round(done.cpu_seconds, 1),
                "peak_mb": round(done.peak_mb),
                "clusters": len(set(done.labels.tolist()) - {-1}),
                "thrown_out": float((done.labels == -1).mean()),
            })  # fmt: skip
            print(f"{n:,}", program, row[program], flush=True)
            keep(found)
    few = 100_000
    points = whole_vectors(X[:few]).astype(np.float32)
    near = nearest(points, 10)[0]
    rows = np.random.default_rng(0).choice(few, 1000, replace=False)
    exact = points[rows].astype(np.float64) @ points.astype(np.float64).T
    exact[np.arange(1000), rows] = -np.inf
    best = np.argpartition(-exact, 10, axis=1)[:, :10]
    shared = [
        len(set(a) & set(b)) / 10 for a, b in zip(near[rows].tolist(), best.tolist(), strict=True)
    ]
    found["recall_of_10_neighbours_at_100,000"] = round(statistics.mean(shared), 3)
    print(found["recall_of_10_neighbours_at_100,000"])
    keep(found)


PARTS = {"quality": quality, "identity": identity, "names": names, "scale": scale}


def plot(found: dict[str, Any], path: Path) -> None:
    """Draw seconds against headlines."""
    with common.picture(path, 6, 3) as axes:
        for program, colour in ((OURS, common.OURS), (BERTOPIC, common.OTHER)):
            rows = [
                (int(n.replace(",", "")), row[program]["seconds"])
                for n, row in found.items()
                if isinstance(row, dict) and program in row
            ]
            axes.plot([n for n, _ in rows], [s for _, s in rows], "o-", color=colour, label=program)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("headlines")
        axes.set_ylabel("seconds")
        axes.legend(frameon=False, labelcolor=GREY)


def main() -> None:
    parser = common.arguments(__doc__, "clusters.json")
    parser.add_argument("--cache", type=Path, help="keeps MiniLM's vectors between runs")
    parser.add_argument("--only", choices=PARTS, help="one part; what others found stays")
    options = parser.parse_args()
    sets = (*SETS[:-1], "wiki_events_to_2017")
    wanted = [f"{name}.tsv.xz" for name in (*sets, "pool_news", "pool_tech")]
    if not common.there(options.data, *wanted):
        return
    content = common.known(options.output) | common.described(
        "python -m benchmarks.clusters",
        {"published": PUBLISHED},
        {name: version(name) for name in PEERS},
    )

    def keep(name: str, found: dict[str, Any]) -> None:
        content[name] = found
        common.write(options.output, content)

    for name, part in PARTS.items():
        if options.only in (None, name):
            part(options.data, options.cache, partial(keep, name))
    if "scale" in content:
        plot(content["scale"], options.output.with_suffix(".svg"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
