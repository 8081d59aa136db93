"""How well the probability that two headlines tell one story is calibrated, and tells pairs apart.

    python -m benchmarks.pairs [--data DIR]

Pairs are those of `PairScorer`: of feeds of 120, 300 and 1,000 headlines, half of which tell
stories and half of which stand alone, each headline with the ten nearest to it by cosine. Stories
are the last 500 of AllSides (left, centre, right: three headlines at most), half of the affairs of
Wikipedia's current events (feeds of successive days; pairs of one affair that are more than a week
apart are left out: they tell one story neither surely nor surely not), and those of GoogleNews-T.
What stands alone is from other stories where a set has them, the rest from the pool of news.
Same-story pairs are weighed so that a headline of a story has as many mates as in stories of two
to ten; AllSides gives it two at most. STS headlines (4 or more of 5 are the same story, 1 or less
others) and MSR's paraphrases are pairs as they were given: other populations, which nothing was
calibrated for. None of these was learned from (benchmarks/research/pairs.py), but their
figures were seen while traits were dropped that brought nothing to the others, and while it was
settled which pairs make up the population: the weight of same-story pairs, and the week.

Measured: the area under the ROC curve, and the calibration error (mean distance between the
probability and the share of pairs that are of one story, in ten bins of equal count), of all pairs
and of those with a probability of .1 and more, as most of all are plain. Beside it stand a logistic
regression on the cosine alone, learned from the same pairs, and the cosine of TF-IDF; `undated` is
ours without dates.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import HERE, arguments, described, rows, there, write
from headlines.clustering.pairs import PairScorer
from headlines.embedding.embedder import Embedder
from headlines.embedding.static import StaticEmbedder
from headlines.embedding.vocabulary import tokenize

NEAREST = 10
SIZES = (120, 300, 1000)
STORY_SIZES = {2: 20, 3: 15, 4: 12, 5: 9, 6: 7, 7: 6, 8: 5, 9: 4, 10: 3}  # and how often
MATES = sum(n * k * (k - 1) for k, n in STORY_SIZES.items()) / sum(
    n * k for k, n in STORY_SIZES.items()
)
LAST_STORIES = 500
LONERS = 60_000
PLAIN = 0.1
BINS = 10
AFFAIR_DAYS = 7
FITTED = HERE / "research" / "pairs.json"
SETS = ("allsides_last", "wiki_report", "googlenews_t", "sts_headlines", "msr_paraphrase")
FILES = (
    "allsides_stories.tsv.xz", "wiki_events_to_2017.tsv.xz", "googlenews_t.tsv.xz",
    "sts_headlines.tsv.xz", "msr_paraphrase.tsv.xz", "pool_news.tsv.xz",
)  # fmt: skip

Told = tuple[str, str | None, str]
"""A text, its date, and its story."""


@dataclass(frozen=True)
class Pairs:
    """Headlines, and m pairs of which it is known whether they tell one story."""

    texts: list[str]
    dates: list[str | None]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    same: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def traits(self, scorer: PairScorer, embedder: Embedder) -> dict[str, NDArray[np.float64]]:
        words = [tokenize(text) for text in self.texts]
        told = scorer.told(embedder.vectors(self.texts), words, self.texts, self.dates)
        return scorer.traits(told, self.left, self.right)


def pool(data: Path) -> list[str]:
    texts = sorted({cells[1] for cells in rows(data / "pool_news.tsv.xz")})
    return random.Random(0).sample(texts, LONERS)


def stories(data: Path, name: str) -> dict[str, list[tuple[str, str | None]]]:
    """Give the headlines of each story of a set, with their dates."""
    found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    if name.startswith("allsides"):
        cells = rows(data / "allsides_stories.tsv.xz")
        last = set(list(dict.fromkeys(cell[0] for cell in cells))[-LAST_STORIES:])
        for story, _, headline, _ in cells:
            if (story in last) == (name == "allsides_last"):
                found[story].append((headline, None))
    elif name.startswith("wiki"):
        for day, _, story, text in rows(data / "wiki_events_to_2017.tsv.xz"):
            half = int(sha256(story.encode()).hexdigest(), 16) % 2
            if story and half == (name == "wiki_report"):
                found[story].append((text, day))
    else:
        for story, text in rows(data / f"{name}.tsv.xz"):
            found[story].append((text, None))
    return {story: list(dict.fromkeys(told)) for story, told in found.items()}


def _of_days(told: dict[str, list[tuple[str, str | None]]], half: int) -> Iterator[list[Told]]:
    """Cut events in the order of their days into parts of feeds."""
    events = sorted((day or "", text, story) for story, of in told.items() for text, day in of)
    for start in range(0, len(events) - half // 2, half):
        count: dict[str, int] = defaultdict(int)
        some: list[Told] = []
        for day, text, story in events[start : start + half]:
            count[story] += 1
            if count[story] <= max(STORY_SIZES):
                some.append((text, day, story))
        yield some


def _of_stories(
    told: dict[str, list[tuple[str, str | None]]], half: int, rng: random.Random
) -> Iterator[list[Told]]:
    """Draw stories, a fifth of them for one headline that stands alone, into parts of feeds."""
    order = sorted(told)
    rng.shuffle(order)
    some: list[Told] = []
    alone: list[Told] = []
    for story in order:
        if len(told[story]) < 2 or rng.random() < 0.2:
            alone.append((*rng.choice(told[story]), story))
            continue
        [size] = rng.choices(list(STORY_SIZES), weights=list(STORY_SIZES.values()))
        members = rng.sample(told[story], min(size, len(told[story])))
        some += [(text, day, story) for text, day in members]
        if len(some) >= half:
            yield some + alone[: half // 2]
            some, alone = [], []
    if len(some) > half // 3:
        yield some + alone[: half // 2]


def feeds(
    told: dict[str, list[tuple[str, str | None]]], loners: list[str], size: int, rng: random.Random
) -> Iterator[list[Told]]:
    """Make feeds of about so many headlines, until the stories are through."""
    dated = any(day for some in told.values() for _, day in some)
    for some in _of_days(told, size // 2) if dated else _of_stories(told, size // 2, rng):
        texts = rng.sample(loners, len(some) if dated else max(0, size - len(some)))
        days = [day for _, day, _ in some]
        feed = some + [(text, rng.choice(days), f"alone {i}") for i, text in enumerate(texts)]
        rng.shuffle(feed)
        yield feed


def joined(drawn: list[list[Told]], embedder: Embedder) -> Pairs:
    """Pair the headlines of feeds with their nearest ones."""
    texts: list[str] = []
    dates: list[str | None] = []
    parts: list[NDArray[np.int64]] = []
    told = mates = 0
    for feed in drawn:
        a, b = nearest_pairs(embedder.vectors([text for text, _, _ in feed]))
        story = np.unique([story for _, _, story in feed], return_inverse=True)[1]
        days = np.array([date.fromisoformat(day).toordinal() if day else 0 for _, day, _ in feed])
        same = story[a] == story[b]
        kept = ~(same & (np.abs(days[a] - days[b]) > AFFAIR_DAYS))
        parts.append(np.stack([a + len(texts), b + len(texts), same])[:, kept])
        near = np.abs(days[:, None] - days) <= AFFAIR_DAYS
        of_each = ((story[:, None] == story) & near).sum(axis=1) - 1
        told, mates = told + (of_each > 0).sum(), mates + of_each.sum()
        texts += [text for text, _, _ in feed]
        dates += [day for _, day, _ in feed]
    left, right, one = np.concatenate(parts, axis=1)
    weight = np.where(one > 0, MATES / (mates / told), 1.0)
    return Pairs(texts, dates, left, right, one > 0, weight)


def nearest_pairs(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    cosine = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(cosine, -2)
    near = np.argsort(-cosine, axis=1, kind="stable")[:, :NEAREST]
    of = np.repeat(np.arange(len(near)), near.shape[1])
    ends = np.sort(np.stack([of, near.ravel()], axis=1), axis=1)
    left, right = np.unique(ends, axis=0).T
    return left, right


def given(data: Path, name: str) -> Pairs:
    """Give the pairs of a set of pairs."""
    cells = rows(data / f"{name}.tsv.xz")
    if name == "sts_headlines":
        some = [(a, b, float(s) >= 4) for _, s, a, b in cells if not 1 < float(s) < 4]
    else:
        some = [(a, b, label == "1") for _, label, a, b in cells]
    texts = [text for a, b, _ in some for text in (a, b)]
    left = np.arange(0, len(texts), 2)
    same = np.array([same for _, _, same in some])
    return Pairs(texts, [None] * len(texts), left, left + 1, same, np.ones(len(same)))


def pairs_of(data: Path, name: str, embedder: Embedder, loners: list[str]) -> Pairs:
    if name in ("sts_headlines", "msr_paraphrase"):
        return given(data, name)
    told = stories(data, name)
    drawn = [feed for n in SIZES for feed in feeds(told, loners, n, random.Random(f"{name} {n}"))]
    return joined(drawn, embedder)


def calibration_error(pairs: Pairs, probability: NDArray[np.float64], least: float = 0) -> float:
    some = np.flatnonzero(probability >= least)
    order = some[np.argsort(probability[some], kind="stable")]
    apart = pairs.weight * (pairs.same - probability)
    gaps = [abs(apart[part].sum()) for part in np.array_split(order, BINS)]
    return float(sum(gaps) / pairs.weight[some].sum())


def measured(pairs: Pairs, probability: NDArray[np.float64]) -> dict[str, float]:
    return {
        "auc": area(pairs, probability),
        "calibration_error": round(calibration_error(pairs, probability), 3),
        "calibration_error_of_likely": round(calibration_error(pairs, probability, PLAIN), 3),
    }


def area(pairs: Pairs, score: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    return round(float(roc_auc_score(pairs.same, score)), 3)


def main() -> None:
    options = arguments(__doc__, "pairs.json").parse_args()
    if not there(options.data, *FILES):
        return
    embedder = StaticEmbedder()
    scorer = PairScorer.of(embedder.fingerprint)
    alone = json.loads(FITTED.read_text(encoding="utf-8"))["embedders"]
    alone = alone[embedder.fingerprint]["cosine_alone"]
    slope = alone["slope"]
    plain = PairScorer(embedder.fingerprint, alone["base"], {"cosine": ((-1, 1), (-slope, slope))})
    loners = pool(options.data)
    found: dict[str, Any] = {}
    for name in SETS:
        pairs = pairs_of(options.data, name, embedder, loners)
        traits = pairs.traits(scorer, embedder)
        undated = np.full(len(pairs.same), np.nan)
        found[name] = {
            "pairs": len(pairs.same),
            "same": round(float((pairs.weight * pairs.same).sum() / pairs.weight.sum()), 3),
            "ours": measured(pairs, scorer.of_traits(traits)),
            "undated": measured(pairs, scorer.of_traits(traits | {"days": undated})),
            "cosine": measured(pairs, plain.of_traits(pairs.traits(plain, embedder))),
            "tfidf": {"auc": area(pairs, traits["words"])},
        }
        print(name, found[name], flush=True)
    write(options.output, described("python -m benchmarks.pairs", {"sets": found}))


if __name__ == "__main__":
    main()
