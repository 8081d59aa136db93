"""Quality: how good the stories of a feed are by what its pairs tell, where nobody says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headlines.clustering.pairs import PairScorer
from headlines.embedding.vocabulary import tokenize
from headlines.errors import EmbedderError
from headlines.feeds.headline import Headline
from headlines.neighbours import blocks

if TYPE_CHECKING:
    from scipy import sparse

logger = logging.getLogger(__name__)

MAX_WITHIN = 200
"""Pairs that a story is judged by."""

MAX_EACH = 7
"""Headlines of each of two stories that are held against each other."""

CANDIDATES = 3
"""Stories of which the nearest to another one is found, by the weight of the edges between."""

EVEN = 0.5
"""Probability below which a story is doubtful, and from which on two stories may be one."""

PAIRS_AT_ONCE = 32_768
"""Pairs whose headlines are read at a time: those of a large feed would fill the memory."""

Places = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StoryQuality:
    """How surely a story of two or more headlines is one, and no part of another one."""

    story: int  #: its number
    headlines: int  #: headlines in it
    cohesion: float  #: mean probability that two of its headlines tell one story
    nearest: int | None  #: number of the other story that is most probably the same one
    across: float | None  #: mean probability that a headline of each tell one story
    medoid: str  #: the headline that is nearest to all of its headlines


@dataclass(frozen=True)
class FeedQuality:
    """How good the stories of a feed are, as the probabilities of its pairs tell (`PairScorer`).

    What they are worth is measured (benchmarks/quality.py): they compare stories of one feed
    better than feeds of different kinds.
    """

    expected_precision: float | None  #: share of the pairs put together that tell one story
    stories: tuple[StoryQuality, ...]  #: of two headlines and more, the largest first

    @property
    def doubtful(self) -> tuple[StoryQuality, ...]:
        """Stories of which most pairs probably tell two, the most doubtful first."""
        some = [one for one in self.stories if one.cohesion < EVEN]
        return tuple(sorted(some, key=lambda one: (one.cohesion, one.story)))

    @property
    def perhaps_one(self) -> tuple[StoryQuality, ...]:
        """Stories that are probably one with their `nearest`, the most probable first.

        Of two that are nearest to each other the larger one stands for both.
        """
        found: dict[frozenset[int], StoryQuality] = {}
        for one in self.stories:
            if one.nearest is not None and one.across is not None and one.across >= EVEN:
                found.setdefault(frozenset((one.story, one.nearest)), one)
        return tuple(sorted(found.values(), key=lambda one: (-(one.across or 0), one.story)))

    def to_row(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "expected_precision": self.expected_precision,
            "doubtful": [one.story for one in self.doubtful],
            "perhaps_one": [[one.story, one.nearest] for one in self.perhaps_one],
            "stories": [vars(one) for one in self.stories],
        }


def quality_of(
    headlines: Sequence[Headline],
    stories: Places,
    points: Floats,
    edges: tuple[Places, sparse.csr_matrix],
    fingerprint: str,
) -> FeedQuality | None:
    """Judge the stories of n headlines; None where nothing was learned for the embedder's pairs.

    `stories` has the number of each headline's story, -1 for none, and `points`, (n, n_features),
    its vector. `edges` has the text of each headline, as a number, and the weights of the edges
    between texts.

    A story of more than twenty headlines is judged by `MAX_WITHIN` pairs of those that stand
    beside each other in the order of their ids, which are hashes; two stories by all pairs of the
    first `MAX_EACH` of each in that order.
    """
    try:
        scorer = PairScorer.of(fingerprint)
    except EmbedderError:
        return None
    of, numbers = _members(headlines, stories)
    within = [_within(members) for members in of if len(members) > 1]
    links = _links(edges, stories, numbers, np.array([len(members) for members in of]))
    between = [_between(of[a], of[b]) for a, b in links.tolist()]
    logger.info("judging %d stories, %d in all", len(within), len(of))
    means = _means(scorer, headlines, points, [*within, *between])
    cohesion, nearest = iter(means), _nearest(links, means[len(within) :])
    found: list[StoryQuality] = []
    right, pairs = 0.0, 0
    for place, members in enumerate(of):
        if (n := len(members)) < 2:
            continue
        other, across = nearest.get(place, (None, None))
        one = StoryQuality(
            story=int(numbers[place]),
            headlines=n,
            cohesion=next(cohesion),
            nearest=None if other is None else int(numbers[other]),
            across=across,
            medoid=headlines[members[central(points[members])]].headline,
        )
        right, pairs = right + one.cohesion * n * (n - 1), pairs + n * (n - 1)
        found.append(one)
    found.sort(key=lambda one: (-one.headlines, one.story))
    return FeedQuality(round(right / pairs, 3) if pairs else None, tuple(found))


def central(points: Floats) -> int:
    """Give the place of the point that is nearest to all of some points."""
    return int(np.argmax(np.round(points @ points.sum(axis=0), 9)))


def _members(headlines: Sequence[Headline], stories: Places) -> tuple[list[Places], Places]:
    """Give the places of each story's headlines in the order of their ids, and the numbers."""
    ids = np.array([headline.id for headline in headlines])
    order = np.lexsort((ids, stories))
    order = order[stories[order] >= 0]
    numbers, starts = np.unique(stories[order], return_index=True)
    return np.split(order, starts[1:]) if len(order) else [], numbers


def _within(members: Places) -> Places:
    """Give pairs of a story's headlines, shape (2, m): all, or as many of each as of the others."""
    n = len(members)
    if n * (n - 1) // 2 <= MAX_WITHIN:
        return members[np.stack(np.triu_indices(n, 1))]
    pair = np.arange(MAX_WITHIN)
    return members[np.stack([pair % n, (pair % n + pair // n + 1) % n])]


def _between(one: Places, other: Places) -> Places:
    """Give pairs of a headline of each of two stories, shape (2, m)."""
    some, others = one[:MAX_EACH], other[:MAX_EACH]
    return np.stack([np.repeat(some, len(others)), np.tile(others, len(some))])


def _links(
    edges: tuple[Places, sparse.csr_matrix], stories: Places, numbers: Places, sizes: Places
) -> Places:
    """Give pairs of stories that may be one, the lower place first, shape (m, 2)."""
    texts, graph = edges
    of_text = np.full(max(graph.shape[0], texts.max(initial=-1) + 1), -1)
    of_text[texts] = np.where(stories >= 0, np.searchsorted(numbers, stories), -1)
    known = graph.tocoo()
    row, column = of_text[known.row], of_text[known.col]
    apart = (row != column) & (row >= 0) & (column >= 0)
    n = max(1, len(numbers))
    keys, at = np.unique(row[apart] * n + column[apart], return_inverse=True)
    a, b = keys // n, keys % n
    weight = np.bincount(at, known.data[apart], minlength=len(keys)) / (sizes[a] * sizes[b])
    order = np.lexsort((b, -weight, a))
    order = order[sizes[a[order]] > 1]
    first = np.searchsorted(a[order], a[order])  # of the links of the same story
    order = order[np.arange(len(order)) - first < CANDIDATES]
    return np.unique(np.sort(np.stack([a[order], b[order]], axis=1), axis=1), axis=0)


def _nearest(
    links: Places, across: Sequence[float]
) -> Mapping[int, tuple[int | None, float | None]]:
    """Give for each story of a pair the other one that is most probably the same."""
    found: dict[int, tuple[float, int]] = {}
    for (a, b), probability in zip(links.tolist(), across, strict=True):
        for one, other in ((a, b), (b, a)):  # of two that are as near, the lower number
            found[one] = max(found.get(one, (-1.0, 0)), (probability, -other))
    return {one: (-other, probability) for one, (probability, other) in found.items()}


def _means(
    scorer: PairScorer, headlines: Sequence[Headline], points: Floats, groups: Sequence[Places]
) -> list[float]:
    """Give the mean probability of the pairs of each group."""
    if not groups:
        return []
    pairs = np.concatenate(groups, axis=1)
    found = np.concatenate(list(_probabilities(scorer, headlines, points, pairs)))
    sizes = np.array([group.shape[1] for group in groups])
    sums = np.add.reduceat(np.rint(found * 1e6), np.cumsum(sizes) - sizes)  # exact: whole numbers
    return [round(float(mean), 3) for mean in sums / sizes / 1e6]


def _probabilities(
    scorer: PairScorer, headlines: Sequence[Headline], points: Floats, pairs: Places
) -> Iterator[Floats]:
    """Give the probabilities of pairs, block by block."""
    for block in blocks(pairs.shape[1], PAIRS_AT_ONCE):
        read, ends = np.unique(pairs[:, block], return_inverse=True)
        left, right = ends.reshape(2, -1)
        some = [headlines[place] for place in read.tolist()]
        texts = [headline.text for headline in some]
        dates = [headline.date for headline in some]
        vectors = points[read].astype(np.float32)
        told = scorer.told(vectors, [tokenize(text) for text in texts], texts, dates)
        yield scorer.probabilities(told, left, right)
