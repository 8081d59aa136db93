"""Two implementations of Leiden: scikit-network, which is used, and graspologic-native.

scikit-network draws from the C library's `rand`, which `communities.leiden` has to seed under a
lock; graspologic-native takes a seed and lets other threads run. Each finds the stories and themes
of the same feeds with three seeds, everything else as `HeadlineClusterer` does it; the sets are
those that its settings are chosen on, and nothing is reported on them.

- stories: of Wikipedia's events (those with 8 events or more), and of AllSides without its last
  500; ACC counts the best one-to-one match.
- themes: adjusted mutual information with the Guardian's sections, two draws of 3,000 headlines.
- seconds: of Leiden alone, on the graph of Wikipedia's events (those with 8 or more).
- modularity: what Leiden maximises, on that graph at the resolution of its stories; and on a graph
  of four nodes with heavy loops of their own, as the graph of stories has, of which themes are
  made: .702 is right, each node for itself.
- agree: adjusted Rand index between the stories of two seeds.

Needs the extra ``bench``: ``python -m benchmarks.research.leiden --data DIR``. Takes
some ten minutes.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import graspologic_native
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_mutual_info_score as ami
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

import headlines.clustering.clusterer as clusterer_room
from benchmarks import common
from headlines import HeadlineClusterer, StaticEmbedder
from headlines.clustering.communities import leiden as by_scikit_network
from headlines.embedding.vocabulary import tokenize

SETS = ("wiki_events_to_2017.tsv.xz", "allsides_stories.tsv.xz", "guardian_sections.tsv.xz")
SEEDS = range(3)
Labels = NDArray[np.int64]
Leiden = Callable[[sparse.csr_matrix, float, int], Labels]
Rows = list[tuple[str, str]]


def by_graspologic(graph: sparse.csr_matrix, resolution: float, seed: int) -> Labels:
    """Leiden communities by graspologic-native."""
    if graph.nnz == 0:
        return np.arange(graph.shape[0], dtype=np.int64)
    graph.sort_indices()
    _, found = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data,
        graph.shape[0],
        resolution=resolution,
        seed=seed,
    )
    return np.array([found[node] for node in range(graph.shape[0])], dtype=np.int64)


def by_graspologic_without_loops(graph: sparse.csr_matrix, resolution: float, seed: int) -> Labels:
    """Leiden communities by graspologic-native, loops left out: it doesn't count them as inside."""
    graph = graph.copy()
    graph.setdiag(0)
    graph.eliminate_zeros()
    return by_graspologic(graph, resolution, seed)


PROGRAMS: dict[str, Leiden] = {
    "scikit-network": by_scikit_network,
    "graspologic-native": by_graspologic,
    "graspologic-native, loops left out": by_graspologic_without_loops,
}


def story_sets(data: Path) -> dict[str, list[Rows]]:
    """Give sets of stories and texts."""
    rows = [row for row in common.rows(data / "wiki_events_to_2017.tsv.xz") if row[2]]
    counts = Counter(row[2] for row in rows)
    large = {story for story in counts if counts[story] >= 8}
    wiki = [[(row[2], row[3]) for row in rows if row[2] in large]]
    allsides = common.rows(data / "allsides_stories.tsv.xz")
    last = set(list(dict.fromkeys(row[0] for row in allsides))[-500:])
    return {
        "wiki_events": wiki,
        "allsides": [[(row[0], row[2]) for row in allsides if row[0] not in last]],
    }


def theme_sets(data: Path) -> list[Rows]:
    """Give sets of sections and headlines."""
    rows = [(row[0], row[1]) for row in common.rows(data / "guardian_sections.tsv.xz") if row[0]]
    return [random.Random(seed).sample(rows, 3000) for seed in range(2)]


def encoded(rows: Rows) -> tuple[list[str], Any, list[list[str]]]:
    """Give truth, vectors and words."""
    texts = [text for _, text in rows]
    return (
        [truth for truth, _ in rows],
        StaticEmbedder().transform(texts),
        list(map(tokenize, texts)),
    )


def stories(leiden: Leiden, sets: list[Any]) -> dict[str, float]:
    """Score the stories of several sets, mean over sets and seeds."""
    scores = []
    for truth, X, words in sets:
        labels = []
        for seed in SEEDS:
            found = _fit(leiden, X, words, seed).labels_
            table = contingency_matrix(truth, found)
            scores.append({
                "acc": table[linear_sum_assignment(-table)].sum() / len(truth),
                "nmi": normalized_mutual_info_score(truth, found),
                "ari": adjusted_rand_score(truth, found),
                "found, of true": len(set(found.tolist())) / len(set(truth)),
            })  # fmt: skip
            labels.append(found)
        for row, found in zip(scores[-len(labels) :], labels, strict=True):
            row["agree"] = adjusted_rand_score(found, labels[0 if found is not labels[0] else 1])
    return {k: round(float(np.mean([s[k] for s in scores])), 4) for k in scores[0]}


def _fit(leiden: Leiden, X: Any, words: Any, seed: int) -> HeadlineClusterer:
    clusterer_room.leiden = leiden
    try:
        return HeadlineClusterer(random_state=seed).fit(X, words=words)
    finally:
        clusterer_room.leiden = by_scikit_network


def caught_graph(rows: Rows) -> tuple[sparse.csr_matrix, float]:
    """Give the graph of a feed's headlines, and the resolution that its stories start from."""
    caught: list[tuple[sparse.csr_matrix, float]] = []

    def catch(graph: sparse.csr_matrix, resolution: float, seed: int) -> Labels:
        caught.append((graph.copy(), resolution))
        return by_scikit_network(graph, resolution, seed)

    _, X, words = encoded(rows)
    _fit(catch, X, words, 0)
    return caught[0]


def modularity(graph: sparse.csr_matrix, labels: Labels, resolution: float) -> float:
    """Give the modularity of communities."""
    total = graph.sum()
    edges = graph.tocoo()
    inside = edges.data[labels[edges.row] == labels[edges.col]].sum() / total
    shares = np.bincount(labels, np.asarray(graph.sum(axis=1)).ravel()) / total
    return float(inside - resolution * (shares**2).sum())


def speed(leiden: Leiden, graph: sparse.csr_matrix, resolution: float) -> dict[str, float]:
    """Time Leiden alone."""
    seconds, quality = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        labels = leiden(graph, resolution, seed)
        seconds.append(time.perf_counter() - start)
        quality.append(modularity(graph, labels, resolution))
    again = leiden(graph, resolution, SEEDS[-1])
    pairs = sparse.csr_matrix(np.kron(np.eye(2), [[0, 5], [5, 0]]) + 100 * np.eye(4) + 0.01)
    return {
        "seconds": round(statistics.median(seconds), 3),
        "modularity": round(statistics.mean(quality), 5),
        "modularity with loops": round(modularity(pairs, leiden(pairs, 1.0, 0), 1.0), 3),
        "same_again": bool((again == labels).all()),
    }


def main() -> None:
    """Run the benchmark."""
    options = common.arguments(__doc__, "research/leiden.json").parse_args()
    if not common.there(options.data, *SETS):
        return
    sets = {n: [encoded(r) for r in some] for n, some in story_sets(options.data).items()}
    sections = [encoded(rows) for rows in theme_sets(options.data)]
    graph, resolution = caught_graph(story_sets(options.data)["wiki_events"][0])
    results: dict[str, Any] = {}
    for name, leiden in PROGRAMS.items():
        found: dict[str, Any] = {n: stories(leiden, some) for n, some in sets.items()}
        themes = [
            ami(truth, _fit(leiden, X, words, seed).themes_)
            for truth, X, words in sections
            for seed in SEEDS
        ]
        found["guardian_sections"] = {"ami of themes": round(float(np.mean(themes)), 4)}
        found["graph"] = speed(leiden, graph, resolution)
        results[name] = found
        print(name, json.dumps(found, indent=1), flush=True)
    found = {
        "graph": {"nodes": graph.shape[0], "edges": graph.nnz // 2, "resolution": resolution},
        "results": results,
    }
    measured_with = {name: version(name) for name in ("scikit-network", "graspologic-native")}
    content = common.described("python -m benchmarks.research.leiden", found, measured_with)
    common.write(options.output, content)


if __name__ == "__main__":
    main()
