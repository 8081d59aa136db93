"""Pairs: the probability that two headlines tell one story."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headlines.clustering.whitening import Whitening
from headlines.copies.wordcounts import WordCounts
from headlines.embedding.embedder import Embedder
from headlines.embedding.vocabulary import tokenize
from headlines.errors import EmbedderError
from headlines.feeds.dates import day_of
from headlines.feeds.headline import Headline
from headlines.files import MODELS
from headlines.neighbours import STEPS, blocks, whole_vectors

RARITY_STEPS = 64
"""Steps of a word's inverse document frequency, whole numbers too."""

BLOCK = 8192
"""Pairs worked on at a time."""

MIN_PLAIN = 0.5
"""Long small words for each word with a capital; with fewer it is a title that sets them all."""

_SPELT = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_PARTS = re.compile(r"[^\W\d_]+|[.:;?!|\"“”‘()\[\]–—]|\d+|-")
_BREAKS = frozenset('.:;?!|"“”‘()[]–—')

Places = NDArray[np.int64]
Floats = NDArray[np.float64]
Lines = Mapping[str, tuple[Sequence[float], Sequence[float]]]


@dataclass(frozen=True)
class Bags:
    """Items of n headlines by number, no item twice, and a whole weight for each."""

    starts: Places  # of each headline's items, shape (n + 1,)
    items: Places  # ascending in each headline
    weights: Floats

    @classmethod
    def of(cls, bags: Sequence[Mapping[int, float]]) -> Bags:
        """Make them of an item's weight by its number, below 2**32, for each headline."""
        sizes = np.array([0, *map(len, bags)], dtype=np.int64)
        pairs = [pair for bag in bags for pair in sorted(bag.items())]
        items = np.array([item for item, _ in pairs], dtype=np.int64)
        return cls(np.cumsum(sizes), items, np.array([w for _, w in pairs], dtype=np.float64))

    @property
    def totals(self) -> Floats:
        """What the weights of each headline add up to."""
        sums = np.concatenate([[0.0], np.cumsum(self.weights)])  # exact: whole numbers
        return np.asarray(sums[self.starts[1:]] - sums[self.starts[:-1]])

    @functools.cached_property
    def keys(self) -> Places:
        """Every item with its headline, as one number; ascending."""
        return (np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)) << 32) | self.items

    def shared(self, left: Places, other: Bags, right: Places) -> Floats:
        """Add up the weights of what headlines share with others of m pairs, shape (m,)."""
        sizes = (self.starts[1:] - self.starts[:-1])[left]
        pair = np.repeat(np.arange(len(left)), sizes)
        place = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place += self.starts[left][pair]
        wanted = (right[pair] << 32) | self.items[place]
        keys = other.keys
        at = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        found = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
        sums = np.bincount(pair[found], self.weights[place[found]], minlength=len(left))
        return np.asarray(sums, dtype=np.float64)


@dataclass(frozen=True)
class Told:
    """What n headlines tell, as pairs of them are compared by it."""

    points: NDArray[np.float32]  # whole vectors of `STEPS`, whitened, shape (n, n_features)
    words: Bags  # every word by its squared rarity
    names: Bags  # words with a capital in mid-sentence, each 1
    numbers: Bags  # each 1
    days: Floats  # of the calendar, NaN where there is no date


@dataclass(frozen=True)
class PairScorer:
    """The probability that two headlines tell one story.

    Its logit is a sum: each trait of a pair adds what a broken line says, which only rises or
    only falls. The lines are those of a logistic regression (benchmarks/research/pairs.py). The
    traits are

    `cosine`
        Of the vectors, whitened where whitening was learned for the embedder.
    `words`
        Cosine of the words, each by its inverse document frequency in news (`WordCounts`).
    `shared`
        Length of the words that both have, in the same measure.
    `strangers`
        Names that one has and that aren't among the other's words (`names_of`).
    `numbers`
        How many numbers both have; -1 where each has some and none is the other's.
    `days`
        Between their dates. It adds nothing within a day, nor where a date is missing.

    A probability holds for a population. Here it is that of a day's feed: 120 to 1,000 headlines,
    half of them alone, half in stories of two to ten, each paired with the ten that are nearest
    by cosine. Two headlines that nothing brought near, or that stood in years of news, are less
    probably of one story than they are told to be.

    Examples
    --------
    >>> from headlines import Headline, StaticEmbedder
    >>> embedder = StaticEmbedder()
    >>> pairs = PairScorer.of(embedder.fingerprint)
    >>> texts = ["Floods hit Siberia", "Siberia floods spread", "Court jails poet"]
    >>> told = pairs.read(map(Headline.parse, texts), embedder)
    >>> pairs.probabilities(told, [0, 0], [1, 2]).round(1)
    array([1., 0.])
    """

    fingerprint: str
    base: float
    lines: Lines  # by the trait: points, ascending, and what is added at each
    whitening: Whitening | None = None  # mean and matrix, whole numbers

    @classmethod
    def of(cls, fingerprint: str) -> PairScorer:
        """Load what was learned for the embedder with this fingerprint.

        Raises
        ------
        EmbedderError
            When the package ships nothing for it.
        """
        return _loaded(fingerprint)

    @classmethod
    def load(cls, folder: Path) -> PairScorer:
        """Read ``pairs.json`` of a folder, and ``whitening.i32`` where there is one."""
        found = json.loads((folder / "pairs.json").read_text(encoding="utf-8"))
        lines = {
            name: (tuple(line["at"]), tuple(line["adds"])) for name, line in found["lines"].items()
        }
        return cls(found["embedder"], found["base"], lines, Whitening.read(folder))

    def told(
        self,
        vectors: NDArray[np.float32],
        words: Sequence[Sequence[str]],
        texts: Sequence[str] | None = None,
        dates: Sequence[str | None] | None = None,
    ) -> Told:
        """Read n headlines: vectors (n, n_features), words as `tokenize` gives them, texts, dates.

        Without texts no names are known, and without dates no days.
        """
        n = len(words)
        points = whole_vectors(vectors).astype(np.float32)  # holds 24 bits
        if self.whitening is not None:
            points = self.whitening(points)
        points[~vectors.any(axis=1)] = 0
        return Told(
            points=points,
            words=Bags.of([_rarities(some) for some in words]),
            names=Bags.of([_counted(names_of(text)) for text in texts or [""] * n]),
            numbers=Bags.of([_counted(numbers_of(some)) for some in words]),
            days=np.array([_day(one) for one in dates or [None] * n], dtype=np.float64),
        )

    def read(self, headlines: Iterable[Headline], embedder: Embedder) -> Told:
        """Do as `told` for headlines and the embedder that this was learned for."""
        some = list(headlines)
        texts = [headline.text for headline in some]
        words, dates = [tokenize(text) for text in texts], [headline.date for headline in some]
        return self.told(embedder.vectors(texts), words, texts, dates)

    def traits(self, told: Told, left: ArrayLike, right: ArrayLike) -> dict[str, Floats]:
        """Give the traits of m pairs by name, each of shape (m,)."""
        a, b = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
        parts: list[dict[str, Floats]] = [_traits(told, a[:0], b[:0])]
        for rows in blocks(len(a), BLOCK):
            parts.append(_traits(told, a[rows], b[rows]))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def probabilities(self, told: Told, left: ArrayLike, right: ArrayLike) -> Floats:
        """Give the probability that headlines tell one story, for m pairs of their places.

        Parameters
        ----------
        told : Told
            The headlines, as `told` read them.
        left, right : array-like of int, shape (m,)
            Places of the headlines of each pair; which one stands left doesn't matter.

        Returns
        -------
        ndarray of float64, shape (m,)
            Rounded to 6 digits; a pair's is the same alone and among others.
        """
        return self.of_traits(self.traits(told, left, right))

    def of_traits(self, traits: Mapping[str, Floats]) -> Floats:
        """Give the probability of m pairs by their traits, as `traits` gives them."""
        logits = np.full(len(traits["cosine"]), self.base)
        for name, (at, adds) in self.lines.items():
            trait = traits[name]
            logits += np.where(np.isnan(trait), 0.0, np.interp(trait, at, adds))
        return np.asarray(np.round(1 / (1 + np.exp(-logits)), 6))


@functools.cache
def _loaded(fingerprint: str) -> PairScorer:
    folder = MODELS / "stories" / fingerprint
    if not (folder / "pairs.json").is_file():
        known = sorted(path.parent.name for path in MODELS.glob("stories/*/pairs.json"))
        raise EmbedderError(
            f"nothing was learned of pairs of headlines for the embedder {fingerprint}; "
            f"take one of {', '.join(known)}"
        )
    return PairScorer.load(folder)


def _traits(told: Told, a: Places, b: Places) -> dict[str, Floats]:
    of, near = told.points[a].astype(np.float64), told.points[b].astype(np.float64)
    shared = told.words.shared(a, told.words, b)
    size = np.sqrt(told.words.totals)
    held = told.names.shared(a, told.words, b) + told.names.shared(b, told.words, a)
    same, counts = told.numbers.shared(a, told.numbers, b), told.numbers.totals
    return {
        "cosine": np.einsum("ij,ij->i", of, near) / STEPS**2,  # exact: products of whole numbers
        "words": shared / np.maximum(size[a] * size[b], 1.0),
        "shared": np.sqrt(shared) / RARITY_STEPS,
        "strangers": told.names.totals[a] + told.names.totals[b] - held,
        "numbers": np.where((same == 0) & (counts[a] > 0) & (counts[b] > 0), -1.0, same),
        "days": np.abs(told.days[a] - told.days[b]),
    }


def names_of(text: str) -> list[str]:
    """Give the words with a capital in mid-sentence, folded; none where a title sets them all.

    Examples
    --------
    >>> names_of("Storm hits Siberia: Moscow sends aid to Tomsk")
    ['siberia', 'tomsk']
    >>> names_of("Storm Hits Siberia")
    []
    """
    capital, small, begins = [], 0, True
    for part in _PARTS.findall(text):
        if part[0].isalpha():
            if not begins and part[0].isupper():
                capital.append(part)
            small += len(part) > 3 and part[0].islower()
            begins = False
        elif part in _BREAKS:
            begins = True
    plain = small >= MIN_PLAIN * max(1, len(capital))
    return [word for part in capital if plain and len(part) > 1 for word in tokenize(part)]


def numbers_of(words: Iterable[str]) -> list[str]:
    """Give the numbers among words, in digits.

    Examples
    --------
    >>> numbers_of(["two", "killed", ",", "22", "hurt"])
    ['2', '22']
    """
    spelt = (_SPELT.get(word, word) for word in words)
    return [word for word in spelt if word.isdecimal()]


def _rarities(words: Sequence[str]) -> dict[int, float]:
    said = sorted({word for word in words if word[:1].isalnum()})
    found = zip(said, WordCounts.shipped().idf(said), strict=True)
    return {crc32(w.encode()): float(round(rarity * RARITY_STEPS)) ** 2 for w, rarity in found}


def _counted(words: Iterable[str]) -> dict[int, float]:
    return {crc32(word.encode("utf-8", "replace")): 1.0 for word in words}


def _day(one: str | None) -> float:
    found = day_of(one)
    return np.nan if found is None else float(found.toordinal())
