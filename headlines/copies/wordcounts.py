"""How many headlines of news in general have a word: what a small feed can't tell by itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from headlines.files import MODELS

UNLISTED = 2
"""Headlines that a word is taken to stand in where the list hasn't got it."""


@dataclass(frozen=True)
class WordCounts:
    """In how many of many headlines each word stands; words as `tokenize` gives them.

    Attributes
    ----------
    headlines : int
        Headlines that were counted, no text twice.
    counts : mapping of str to int
        Headlines that have a word, at least once; rare words are left out.

    Examples
    --------
    >>> counts = WordCounts.shipped()
    >>> counts.of("russia") > counts.of("kremlin") > counts.of("no such word")
    True
    >>> [round(rarity, 1) for rarity in counts.idf(["the", "russia", "kremlin"])]
    [1.6, 4.2, 7.1]
    """

    headlines: int
    counts: Mapping[str, int] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> WordCounts:
        """Read a list: how many headlines it is of, then a count and all words that have it.

        A line that begins with ``#`` and a blank says something about the list.
        """
        lines = path.read_text(encoding="utf-8").splitlines()
        first, *others = (line.split() for line in lines if not line.startswith("# "))
        return cls(int(first[0]), {word: int(n) for n, *words in others for word in words})

    @classmethod
    @functools.cache
    def shipped(cls) -> WordCounts:
        """Give the list that the package ships, read once."""
        return cls.read(MODELS / "words.txt")

    def of(self, word: str) -> int:
        """Give how many headlines have a word, 0 for one that isn't listed."""
        return self.counts.get(word, 0)

    def idf(self, words: Iterable[str]) -> list[float]:
        """Give the inverse document frequency of words, as natural logarithms, 0 or more."""
        return [math.log(self.headlines / (self.of(word) or UNLISTED)) for word in words]
