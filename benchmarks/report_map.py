"""The map of the report: whether what belongs together lies together, beside other layouts.

Feeds: the seed feed with the stories that a reader saw in it (`feed_stories.tsv`), days of 300 and
1,000 headlines of AllSides (its last 500 stories) and of GoogleNews-T with their true stories
(drawn as in days.py), and 10,000 headlines of pool_news in the order of their dates, without.

Peers get the same: `Spring` and `ForceAtlas` of scikit-network the graph of the headlines that
clusters were found in, t-SNE and PCA of scikit-learn and UMAP the headlines' vectors of the
built-in embedder, by cosine; all as they come, with a seed. Clustering is left out of the time:
a map without stories would have no names. Each is a process of its own on one thread: seconds of
the processor in the layout alone (UMAP's without the time in which numba compiles it), peak memory
with libraries and input.

- trustworthiness: of the five nearest on the map, by the cosine of the vectors (scikit-learn's
  measure: 1 where they are the nearest there too, about .5 by lot).
- neighbours: of the five nearest on the map, how many are a headline's own in the graph, copies, or
  of its story, of as many as could be.
- tied: mean distance on the map between ends of edges that join two stories, for that of any two.
- stories: of the m - 1 nearest of a headline whose story has m, how many are of the story, by the
  stories that were found, and by the true ones. By those found it is what circles are made for.
- hidden: headlines whose dot overlaps another, in a map 900 by 600 pixels, dots being 9 pixels wide
  for up to 300 headlines, 4.5 for 1,000 and 2.25 for 10,000.
- same: whether a second run gives the same bytes, and one with the lines of the feed shuffled the
  same places, copies aside. Of this package the shuffled feed is clustered anew. Peers lay out the
  10,000 only once, and the two of scikit-network don't: their time grows with the square.

The layout was chosen on the seed feed, other stories of AllSides and the pool. ``python -m
benchmarks.report_map --data DIR [--only FEED]``, on Linux. Peers: ``pip install '.[bench]'``
(umap-learn comes with bertopic). Public origins: allsides_stories HLTCHKUST/framing-bias-metric;
googlenews_t jackyin12/GSDMM; pool_news rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks import common, days
from benchmarks.common import SEEDS
from benchmarks.feed_stories import true_stories
from headlines import HeadlineLabeler, read_feed
from headlines.clustering.clustered_feed import ClusteredFeed
from headlines.clustering.clusterer import vectors_and_words
from headlines.persistence.modelfile import versions
from headlines.report.layout import layout_of

Floats = NDArray[np.float64]

OURS = "headlines"
NEAREST = 5
WIDE, HIGH = 900, 600
DOTS = {300: 9.0, 1000: 4.5, 10_000: 2.25}  # up to so many headlines, their width in pixels
SETS = ("allsides", "googlenews_t")
POOL = "pool_news.tsv.xz"
FILES = ("allsides_stories.tsv.xz", "googlenews_t.tsv.xz", POOL)
LARGE = 10_000
COMMAND = "python -m benchmarks.report_map --data DIR"
PEERS = ("umap-learn", "scikit-network", "scikit-learn")
SLOW = ("ForceAtlas", "Spring")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


class Case(NamedTuple):
    """A feed to be laid out."""

    found: ClusteredFeed
    vectors: NDArray[np.float32]
    truth: list[str] | None  # the true story of each headline

    @property
    def edges(self) -> sparse.csr_matrix:
        """The graph of the headlines; copies are tied to each other as firmly as can be."""
        graph = self.found.graph
        assert graph is not None
        texts = sparse.csr_matrix(
            (np.ones(len(graph.texts)), (np.arange(len(graph.texts)), graph.texts)),
            shape=(len(graph.texts), graph.weights.shape[0]),
        )
        every = texts @ graph.weights @ texts.T + texts @ texts.T
        every.setdiag(0)
        every.eliminate_zeros()
        return every.tocsr()

    @property
    def stories(self) -> NDArray[np.int64]:
        return np.array([headline.story for headline in self.found])


# ------------------------------------------------------------------ layouts


def ours(case: Case) -> Floats:
    """The layout of the report."""
    return layout_of(case.found).points


def spring(case: Case) -> Floats:
    """Force-directed, of Fruchterman and Reingold."""
    from sknetwork.embedding import Spring

    np.random.seed(0)  # which scikit-network draws from
    return np.asarray(Spring(2).fit_transform(case.edges))


def force_atlas(case: Case) -> Floats:
    """Force-directed, of Jacomy and others."""
    from sknetwork.embedding import ForceAtlas

    np.random.seed(0)
    return np.asarray(ForceAtlas(2).fit_transform(case.edges))


def tsne(case: Case) -> Floats:
    """t-SNE."""
    from sklearn.manifold import TSNE

    few = min(30.0, (len(case.found) - 1) / 3)
    model = TSNE(metric="cosine", init="random", perplexity=few, random_state=0)
    return np.asarray(model.fit_transform(case.vectors), dtype=np.float64)


def pca(case: Case) -> Floats:
    """Principal components."""
    from sklearn.decomposition import PCA

    return np.asarray(PCA(2, random_state=0).fit_transform(case.vectors), dtype=np.float64)


def umap(case: Case) -> Floats:
    """UMAP."""
    import warnings

    from umap import UMAP

    warnings.simplefilter("ignore")
    model = UMAP(metric="cosine", random_state=0)
    return np.asarray(model.fit_transform(case.vectors), dtype=np.float64)


LAYOUTS: dict[str, Callable[[Case], Floats]] = {
    OURS: ours,
    "PCA": pca,
    "UMAP": umap,
    "t-SNE": tsne,
    "ForceAtlas": force_atlas,
    "Spring": spring,
}


# ------------------------------------------------------------------ what they are worth


def trustworthiness(points: Floats, vectors: NDArray[np.float32]) -> float:
    """Give scikit-learn's measure, by cosine, some rows at a time."""
    n = len(points)
    near = cKDTree(points).query(points, k=NEAREST + 1)[1]
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    lost = 0
    for first in range(0, n, 500):
        rows = np.arange(first, min(first + 500, n))
        like = unit[rows] @ unit.T
        like[np.arange(len(rows)), rows] = np.inf
        for row, place in enumerate(rows.tolist()):
            others = near[place][near[place] != place][:NEAREST]
            ranks = (like[row] > like[row, others][:, None]).sum(axis=1)
            lost += int(np.maximum(ranks - NEAREST, 0).sum())
    return 1 - 2 * lost / (n * NEAREST * (2 * n - 3 * NEAREST - 1))


def neighbours(points: Floats, case: Case) -> float:
    """Give the share of the nearest on the map that are a headline's own."""
    edges, stories = case.edges, case.stories
    near = cKDTree(points).query(points, k=NEAREST + 1)[1].tolist()
    _, of, sizes = np.unique(stories, return_inverse=True, return_counts=True)
    shares = []
    for place, some in enumerate(near):
        tied = set(edges.indices[edges.indptr[place] : edges.indptr[place + 1]].tolist())
        could = (
            len(tied)
            if sizes[of[place]] == 1
            else len(tied | set(np.flatnonzero(stories == stories[place]).tolist()) - {place})
        )
        others = [other for other in some if other != place][:NEAREST]
        own = sum(other in tied or stories[other] == stories[place] for other in others)
        if could:
            shares.append(own / min(NEAREST, could))
    return float(np.mean(shares))


def tied(points: Floats, case: Case) -> float:
    """Give the distance of tied headlines of two stories for that of any two."""
    edges, stories = case.edges.tocoo(), case.stories
    across = stories[edges.row] != stories[edges.col]
    ends = points[edges.row[across]] - points[edges.col[across]]
    one, other = np.random.default_rng(0).integers(0, len(points), (2, 100_000))
    any_two = points[one[one != other]] - points[other[one != other]]
    return float(np.hypot(*ends.T).mean() / np.hypot(*any_two.T).mean())


def together(points: Floats, stories: Sequence[Any]) -> float:
    """Give the share of a headline's m - 1 nearest that are of its story of m."""
    _, of, sizes = np.unique(np.array(stories), return_inverse=True, return_counts=True)
    tree, shares = cKDTree(points), []
    for place in np.flatnonzero(sizes[of] > 1).tolist():
        m = int(sizes[of[place]])
        near = [other for other in tree.query(points[place], k=m)[1] if other != place][: m - 1]
        shares.append(float(np.mean(of[near] == of[place])))
    return float(np.mean(shares))


def hidden(points: Floats) -> float:
    """Give the share of headlines whose dot overlaps another in a map of the page's size."""
    dot = next(dot for most, dot in DOTS.items() if len(points) <= most)
    room = points.max(axis=0) - points.min(axis=0)
    scale = min(WIDE / room[0], HIGH / room[1])
    away = cKDTree(points * scale).query(points * scale, k=2)[0][:, 1]
    return float((away < dot).mean())


def measured(points: Floats, case: Case) -> dict[str, Any]:
    """Give all measures of a map."""
    found = {
        "trustworthiness": trustworthiness(points, case.vectors),
        "neighbours": neighbours(points, case),
        "tied": tied(points, case),
        "stories": together(points, case.stories.tolist()),
        "true_stories": together(points, case.truth) if case.truth else None,
        "hidden": hidden(points),
    }
    return {name: None if value is None else round(value, 3) for name, value in found.items()}


# ------------------------------------------------------------------ feeds and runs


def clustered(labeler: HeadlineLabeler, some: Sequence[Any], truth: list[str] | None) -> Case:
    """Cluster a feed."""
    found = labeler.cluster(some)
    vectors, _ = vectors_and_words([headline.item for headline in found], labeler.embedder)
    return Case(found, vectors, truth)


def feeds(data: Path) -> dict[str, tuple[list[Any], list[str] | None]]:
    """Give the feeds to be laid out, and the true stories."""
    seed = list(read_feed(SEEDS / "feed.txt").headlines)
    found: dict[str, Any] = {"seeds": (seed, true_stories([one.text for one in seed]))}
    for name in SETS:
        of = days.stories(name, False, data)
        for size in (300, 1000):
            drawn = days.draw(of, size, random.Random(f"{name} {size} 0"))
            found[f"{name} {size}"] = [text for text, _ in drawn], [story for _, story in drawn]
    found[f"pool {LARGE}"] = [row[1] for row in common.rows(data / POOL)[:LARGE]], None
    return found


def spots(case: Case, points: Floats) -> list[tuple[str, list[float]]]:
    """Give titles with their places; two of one title may change theirs."""
    titles = [headline.item.headline for headline in case.found]
    return sorted(zip(titles, points.tolist(), strict=True))


def one(name: str, first: Path, shuffled: Path, large: bool) -> None:
    """Lay out a feed in this process, again, and its lines shuffled."""
    case, layout = pickle.loads(first.read_bytes()), LAYOUTS[name]
    if name == "UMAP":
        layout(case._replace(vectors=np.random.default_rng(0).normal(size=(100, 8))))
    started = time.process_time()
    points = layout(case)
    told: dict[str, Any] = {"seconds": round(time.process_time() - started, 2)}
    status = Path("/proc/self/status").read_text()  # getrusage tells the parent's peak, if larger
    told["peak_mb"] = int(status.split("VmHWM:")[1].split()[0]) // 1024
    told |= measured(points, case)
    if not large or name == OURS:
        other = pickle.loads(shuffled.read_bytes())
        told["same"] = bool(layout(case).tobytes() == points.tobytes())
        told["same_shuffled"] = spots(other, layout(other)) == spots(case, points)
    print(json.dumps(told))


def run(name: str, first: Path, shuffled: Path, large: bool) -> dict[str, Any]:
    """Lay out a feed in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.report_map", "--one", name]
    command += ["--first", str(first), "--shuffled", str(shuffled), *["--large"] * large]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = common.arguments(__doc__, "report_map.json")
    parser.add_argument("--one", choices=list(LAYOUTS), help="lay out one feed in this process")
    parser.add_argument("--first", type=Path, help="of --one: the feed")
    parser.add_argument("--shuffled", type=Path, help="of --one: the feed, shuffled")
    parser.add_argument("--large", action="store_true", help="of --one: don't repeat a peer")
    parser.add_argument("--only", help="lay out this feed, and keep the others")
    options = parser.parse_args()
    if options.one:
        one(options.one, options.first, options.shuffled, options.large)
        return
    if not common.there(options.data, *FILES):
        return
    labeler = HeadlineLabeler.load()
    made = versions() | {name: version(name) for name in PEERS}
    content: dict[str, Any] = {"feeds": common.known(options.output).get("feeds", {})}
    for feed, (texts, truth) in feeds(options.data).items():
        if options.only not in (None, feed):
            continue
        case = clustered(labeler, texts, truth)
        order = random.Random(feed).sample(range(len(texts)), len(texts))
        moved = clustered(labeler, [texts[place] for place in order], None)
        themes = len({headline.theme for headline in case.found})
        found = content["feeds"][feed] = {"headlines": len(texts), "themes": themes, "layouts": {}}
        large = len(texts) >= LARGE
        with tempfile.TemporaryDirectory() as folder:
            first, shuffled = Path(folder, "first"), Path(folder, "shuffled")
            first.write_bytes(pickle.dumps(case))
            shuffled.write_bytes(pickle.dumps(moved))
            for name in LAYOUTS:
                if large and name in SLOW:
                    continue
                found["layouts"][name] = run(name, first, shuffled, large)
                print(feed, name, found["layouts"][name], flush=True)
                common.write(options.output, common.described(COMMAND, content, made))


if __name__ == "__main__":
    main()
