"""Stories of a day's headlines, most of them of one or two, beside the programs that people use.

- days: 120 and 300 headlines of a set, and 1,000 of it among 1,000 of the pools, each of which is
  a story of its own; 10 draws. A story has 1 to 9 headlines, half of the stories one or two: see
  `draw`. B-cubed F1, and how many stories are found for a true one; and the same for the
  headlines of stories of three or more, and the number of those.
- large: 1,000 and 3,000 headlines of a set at random, 3 draws: B-cubed F1, ACC, NMI.
- loners: twelve stories of five headlines and 60 headlines of the pools, 10 draws: how many of the
  pairs put together are of one story, how many of the true pairs are, how many of the 60 stay
  alone. And how many stories eight unrelated lines make.
- whole: all of a set, this package alone: ACC, NMI, and how many stories are found.

All get the same vectors of the built-in embedder. What a program throws out is a story of one, and
so is everything where it crashes, as UMAP does on a few lines; the JSON counts how often. Average
linkage is cut at a fixed cosine distance: at .5, and at the best of nine, which is chosen on what
is reported, an advantage for it. BERTopic takes no seed: its runs differ.

Report: GoogleNews-T and -TS, the last 500 stories of AllSides, a half of Wikipedia's stories (the
other half chooses, though earlier settings were chosen on both), AgNews, SearchSnippets,
StackOverflow. ``--select`` draws from what may choose: the other stories of AllSides and the other
half of Wikipedia's.

``python -m benchmarks.days --data DIR [--only PART] [--ours] [--select]``. Peers: ``pip install
'.[bench]'``; ``--ours`` keeps their figures as they are. Public origins: googlenews_t, _ts
jackyin12/GSDMM; allsides_stories HLTCHKUST/framing-bias-metric; wiki_events_to_2017
ianrastall/current-events-context; agnews8000 rashadulrakib/short-text-clustering-enhancement;
searchsnippets and stackoverflow jacoxu/STC2; the pools rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

import random
import statistics
import warnings
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import clusters, common
from benchmarks.clusters import OURS, Labels, rounded, scores
from headlines import HeadlineClusterer, StaticEmbedder
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.whitening import Whitening
from headlines.persistence.modelfile import versions

Stories = dict[str, list[str]]  # the headlines of each
Vectors = NDArray[np.float32]

DRAWS, LARGE_DRAWS = 10, 3
SIZES = range(1, 10)
WEIGHTS = [1 / size for size in SIZES]  # 53 % of the stories have one or two headlines
CUTS = [round(0.30 + 0.05 * step, 2) for step in range(9)]
REPORT_STORIES = 500  # of AllSides, the last
WHOLE = ("googlenews_t", "googlenews_ts", "agnews8000", "searchsnippets", "stackoverflow")
EIGHT = (
    "Volcano erupts on Icelandic peninsula after weeks of tremors",
    "Central bank keeps interest rates unchanged for a third month",
    "Striker signs four-year contract with Italian champions",
    "Researchers find new species of frog in cloud forest",
    "Orchestra cancels its tour as conductor falls ill",
    "Farmers block motorway in protest against milk prices",
    "Court clears former mayor of taking bribes",
    "Chip maker unveils processor for electric cars",
)
PEERS = ("bertopic", "umap-learn", "hdbscan", "evoc", "scikit-learn", "scipy", "scikit-network")


class Day(NamedTuple):
    """Headlines to be clustered, and the true story of each."""

    name: str  # of the set
    size: int  # headlines of the set; at SIZE_AMONG as many of the pools stand beside them
    texts: list[str]
    truth: list[str]


# ------------------------------------------------------------------ what is drawn

DAY_SIZES, SIZE_AMONG = (120, 300, 1000), 1000


def stories(name: str, select: bool, data: Path = common.DATA) -> Stories:
    """Give the headlines of each story of a set: those that may choose, or those to report."""
    found: Stories = defaultdict(list)
    if name == "wiki_stories":
        for _, _, story, text in common.rows(data / "wiki_events_to_2017.tsv.xz"):
            if story and (zlib.crc32(story.encode()) % 2 == 0) == select:
                found[story].append(text)
    elif name == "allsides":
        rows = common.rows(data / "allsides_stories.tsv.xz")
        first = int(rows[-1][0]) + 1 - REPORT_STORIES
        for story, _, headline, _ in rows:
            if (int(story) < first) == select:
                found[story].append(headline)
    else:
        for story, text in common.rows(data / f"{name}.tsv.xz"):
            found[story].append(text)
    return dict(found)


def sets(select: bool, data: Path, reported: tuple[str, ...]) -> dict[str, Stories]:
    """Give the stories of the reported sets, or of all that may choose."""
    names = ("allsides", "wiki_stories") if select else reported
    return {name: stories(name, select, data) for name in names}


@cache
def pool(data: Path = common.DATA) -> list[str]:
    """Give 20,000 headlines of the pools."""
    return clusters.pool(data, 20_000)


def draw(of: Stories, n: int, rng: random.Random) -> list[tuple[str, str]]:
    """Draw a day: n headlines, each with its story, in an order by lot.

    A story gets 1 to 9 headlines, s of them with a weight of 1 / s, and is one that has as many
    where there is one (AllSides has three at most). Where all stories are drawn, they are gone
    through again: GoogleNews-T has too few for 1,000 headlines, so that they are larger there.
    """
    left = {story: rng.sample(texts, len(texts)) for story, texts in sorted(of.items())}
    fresh: list[str] = []
    found: list[tuple[str, str]] = []
    while missing := n - len(found):
        fresh = fresh or [story for story, texts in left.items() if texts]
        size = min(rng.choices(SIZES, WEIGHTS)[0], missing)
        story = rng.choice([story for story in fresh if len(left[story]) >= size] or fresh)
        fresh.remove(story)
        found += [(text, story) for text in left[story][:size]]
        left[story] = left[story][size:]
    return rng.sample(found, n)


def draws(select: bool, data: Path = common.DATA) -> Iterator[Day]:
    """Draw the days: of each set and size ten, in turn."""
    for name, of in sets(select, data, ("googlenews_t", "wiki_stories", "allsides")).items():
        for size in DAY_SIZES:
            for number in range(DRAWS):
                rng = random.Random(f"{name} {size} {number}")
                found = draw(of, size, rng)
                if size == SIZE_AMONG:
                    others = rng.sample(pool(data), size)
                    found += [(text, f"pool {place}") for place, text in enumerate(others)]
                    rng.shuffle(found)
                yield Day(name, size, [text for text, _ in found], [story for _, story in found])


def samples(select: bool, data: Path = common.DATA) -> Iterator[Day]:
    """Draw 1,000 and 3,000 headlines of a set, each as likely as another."""
    for name, of in sets(select, data, ("googlenews_t", "googlenews_ts", "wiki_stories")).items():
        rows = [(text, story) for story, texts in of.items() for text in texts]
        for size in (1000, 3000):
            for number in range(LARGE_DRAWS):
                found = random.Random(f"{name} {size} {number}").sample(rows, size)
                yield Day(name, size, [text for text, _ in found], [story for _, story in found])


def among_loners(select: bool, data: Path = common.DATA) -> Iterator[Day]:
    """Draw twelve stories of five headlines, and 60 headlines of the pools."""
    name = "wiki_stories" if select else "googlenews_t"
    of = {story: texts for story, texts in stories(name, select, data).items() if len(texts) >= 5}
    for number in range(DRAWS):
        rng = random.Random(f"loners {number}")
        chosen = rng.sample(sorted(of), 12)
        found = [(text, story) for story in chosen for text in rng.sample(of[story], 5)]
        others = rng.sample(pool(data), 60)
        found += [(text, f"pool {place}") for place, text in enumerate(others)]
        rng.shuffle(found)
        yield Day(name, 120, [text for text, _ in found], [story for _, story in found])


# ------------------------------------------------------------------ programs

Program = Callable[[Vectors, list[str]], Labels]


def bertopic(X: Vectors, texts: list[str], smallest: int = 10) -> Labels:
    """BERTopic as it comes, or with a smallest topic."""
    from bertopic import BERTopic

    model = BERTopic(embedding_model=None, calculate_probabilities=False, min_topic_size=smallest)
    return np.array(model.fit_transform(texts, embeddings=X)[0])


def hdbscan(X: Vectors, texts: list[str]) -> Labels:
    """HDBSCAN of the unit vectors, two headlines being a story."""
    from hdbscan import HDBSCAN

    labels: Labels = HDBSCAN(min_cluster_size=2).fit_predict(X.astype(np.float64))
    return labels


def evoc(X: Vectors, texts: list[str]) -> Labels:
    """EVoC as it comes."""
    from evoc import EVoC

    return np.asarray(EVoC(random_state=0).fit_predict(X))


PROGRAMS: dict[str, Program] = {
    "BERTopic": bertopic,
    "BERTopic, min_topic_size=2": partial(bertopic, smallest=2),
    "HDBSCAN, min_cluster_size=2": hdbscan,
    "EVoC": evoc,
}


@cache
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


def ours(X: Vectors, words: list[list[str]]) -> Labels:
    """Find stories with this package."""
    whitening = Whitening.of_news(embedder().fingerprint)
    return HeadlineClusterer(whitening=whitening).fit(X, words=words).labels_


def cut(X: Vectors) -> dict[str, Labels]:
    """Average linkage by cosine, cut at each distance; a row of zeros is like nothing."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    points = X.astype(np.float64)
    points /= np.maximum(np.linalg.norm(points, axis=1), 1e-12)[:, None]
    far = np.maximum(1 - points @ points.T, 0)
    np.fill_diagonal(far, 0)
    tree = linkage(squareform(far, checks=False), "average")
    return {linked(at): fcluster(tree, at, "distance") for at in CUTS}


def linked(at: float) -> str:
    """Name average linkage cut at a distance."""
    return f"average linkage, cut at {at:.2f}"


def alone(labels: Labels) -> Labels:
    """Make a story of each headline that a program threw out."""
    out = labels == -1
    result = labels.copy()
    result[out] = labels.max(initial=-1) + 1 + np.arange(out.sum())
    return result


def found_by(texts: list[str], peers: bool) -> Iterator[tuple[str, Labels, bool]]:
    """Give what each program finds, and whether it crashed."""
    X, words = vectors_and_words(texts, embedder())
    yield OURS, ours(X, words), False
    for name, labels in cut(X).items():
        yield name, labels, False
    for name, program in PROGRAMS.items() if peers else ():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of small sets, which the peers warn of
            try:
                yield name, alone(program(X, texts)), False
            except Exception:  # whatever it raises: it found nothing
                yield name, np.arange(len(texts)), True


# ------------------------------------------------------------------ measures


def b_cubed(truth: list[str], labels: Labels, least: int = 1) -> float:
    """Give the B-cubed F1 over the headlines of stories of some size at least."""
    _, true, true_size = np.unique(truth, return_inverse=True, return_counts=True)
    _, told, told_size = np.unique(labels, return_inverse=True, return_counts=True)
    both = np.unique(true * len(told_size) + told, return_inverse=True, return_counts=True)
    shared = both[2][both[1]]
    some = true_size[true] >= least
    precision = float((shared / told_size[told])[some].mean())
    recall = float((shared / true_size[true])[some].mean())
    return 2 * precision * recall / (precision + recall)


def count(labels: Iterable[Any], least: int = 1) -> int:
    """Count the stories of some size at least."""
    return int((np.unique(list(labels), return_counts=True)[1] >= least).sum())


def of_day(day: Day, labels: Labels) -> dict[str, float]:
    return {
        "f1": b_cubed(day.truth, labels),
        "found": count(labels) / count(day.truth),
        "f1_of_three": b_cubed(day.truth, labels, 3),
        "found_of_three": count(labels, 3) / count(day.truth, 3),
    }


def of_sample(day: Day, labels: Labels) -> dict[str, float]:
    told = scores(day.truth, labels)
    return {
        "f1": b_cubed(day.truth, labels),
        "acc": told["acc"],
        "nmi": told["nmi"],
        "found": count(labels) / count(day.truth),
        "found_of_three": count(labels, 3) / count(day.truth, 3),
    }


def of_loners(day: Day, labels: Labels) -> dict[str, float]:
    told, true = (np.unique(of, return_inverse=True)[1] for of in (labels, day.truth))
    together = np.triu(told[:, None] == told, 1)
    same = np.triu(true[:, None] == true, 1)
    lonely = np.array([story.startswith("pool ") for story in day.truth])
    return {
        "pairs": float(together.sum()),
        "right_pairs": float((together & same).sum()),
        "true_pairs": float(same.sum()),
        "left_alone": float((np.bincount(told)[told][lonely] == 1).sum()),
    }


# ------------------------------------------------------------------ parts

Measure = Callable[[Day, Labels], dict[str, float]]


def measured(days: Iterable[Day], measure: Measure, peers: bool) -> dict[str, Any]:
    """Give the mean of each measure, of each program, for each set and size."""
    rows: dict[tuple[str, int], dict[str, list[dict[str, float]]]] = {}
    for day in days:
        of = rows.setdefault((day.name, day.size), defaultdict(list))
        for program, labels, crashed in found_by(day.texts, peers):
            of[program].append(measure(day, labels) | {"crashed": float(crashed)})
    found: dict[str, Any] = {}
    for (name, size), programs in rows.items():
        print(f"\n{name}, {size:,}", flush=True)
        for program, each in programs.items():
            row = {key: statistics.mean(one[key] for one in each) for key in each[0]}
            found.setdefault(name, {}).setdefault(str(size), {})[program] = rounded(row)
            print(f"{program:<30} {rounded(row)}", flush=True)
    return found


def best_cut(found: Mapping[str, Any]) -> str:
    """Name the cut that is best over all sets and sizes, by B-cubed F1."""
    cells = [cell for sizes in found.values() for cell in sizes.values()]
    return max(map(linked, CUTS), key=lambda name: sum(cell[name]["f1"] for cell in cells))


def days(select: bool, data: Path, peers: bool) -> dict[str, Any]:
    found = measured(draws(select, data), of_day, peers)
    return {"best_cut": best_cut(found), "sets": found}


def large(select: bool, data: Path, peers: bool) -> dict[str, Any]:
    found = measured(samples(select, data), of_sample, peers=False)
    return {"best_cut": best_cut(found), "sets": found}


def loners(select: bool, data: Path, peers: bool) -> dict[str, Any]:
    found = measured(among_loners(select, data), of_loners, peers)
    [programs] = [cell for sizes in found.values() for cell in sizes.values()]
    for row in programs.values():
        row["pair_precision"] = row["right_pairs"] / row["pairs"] if row["pairs"] else None
        row["pair_recall"] = row["right_pairs"] / row["true_pairs"]
    eight = {
        name: {"stories": count(labels), "crashed": crashed}
        for name, labels, crashed in found_by(list(EIGHT), peers)
    }
    print(f"\nstories of eight unrelated lines: {eight}")
    return {
        "programs": {name: rounded(row) for name, row in programs.items()},
        "of_eight_lines": eight,
    }


def whole(select: bool, data: Path, peers: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, of in sets(select, data, WHOLE).items():
        truth, texts = zip(*((s, text) for s, some in of.items() for text in some), strict=True)
        labels = ours(*vectors_and_words(texts, embedder()))
        told = scores(list(truth), labels)
        found[name] = rounded({
            "texts": len(texts), "true": len(of), "acc": told["acc"], "nmi": told["nmi"],
            "found": count(labels), "found_of_three": count(labels, 3),
        })  # fmt: skip
        print(f"{name:<16} {found[name]}", flush=True)
    return found


PARTS = {"days": days, "large": large, "loners": loners, "whole": whole}


def over(known: Any, found: Any) -> Any:
    """Put what was found over what was known, which keeps what wasn't measured again."""
    if not (isinstance(known, dict) and isinstance(found, dict)):
        return found
    return known | {key: over(known.get(key), value) for key, value in found.items()}


def installed(names: Iterable[str]) -> dict[str, str]:
    """Give the versions of what is installed."""
    result = {}
    for name in names:
        try:
            result[name] = version(name)
        except PackageNotFoundError:
            continue
    return result


def main() -> None:
    parser = common.arguments(__doc__, "days.json")
    parser.add_argument("--only", choices=PARTS, help="one part; what others found stays")
    parser.add_argument("--ours", action="store_true", help="the peers' figures stay as they are")
    parser.add_argument("--select", action="store_true", help="draw from sets that may choose")
    options = parser.parse_args()
    wanted = (*WHOLE, "allsides_stories", "wiki_events_to_2017", "pool_news", "pool_tech")
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in wanted)):
        return
    before = common.known(options.output)
    content = before | common.described(
        "python -m benchmarks.days",
        {"vectors": embedder().fingerprint},
        before.get("versions", {}) | versions() | installed(PEERS),
    )
    if options.ours and content["vectors"] != before.get("vectors", content["vectors"]):
        raise SystemExit("the embedder has changed since the peers ran: run them again too")
    top = content.setdefault("select", {}) if options.select else content
    for name, part in PARTS.items():
        if options.only in (None, name):
            found = part(options.select, options.data, not options.ours)
            top[name] = over(top.get(name), found) if options.ours else found
            common.write(options.output, content)


if __name__ == "__main__":
    main()
