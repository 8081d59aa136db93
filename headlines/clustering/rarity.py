"""The words of a feed, each by how rare it is in the feed and in news in general."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from headlines.copies.wordcounts import UNLISTED, WordCounts

if TYPE_CHECKING:
    from scipy import sparse

NEWS = 300
"""Headlines of news in general that stand beside those of a feed, where words are weighed."""


@dataclass(frozen=True)
class FeedWords:
    """The words of a feed, each by how rare it is in the feed and in news.

    A word that all of a feed has, as `Russia` in news of Russia, says little in it; one that is
    rare in news says much, though a small feed has it in every headline of a story.
    """

    rarity: Mapping[str, float]  # of every word of the feed
    column: Mapping[str, int]  # of the words that two of its texts have

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> FeedWords:
        """Learn them from the words of each text."""
        held = Counter(word for words in texts for word in _said(words))
        n = len(texts) + NEWS
        news = WordCounts.shipped()
        rarity = {word: _rarity(news, word, count, n) for word, count in held.items()}
        shared = sorted(word for word, count in held.items() if count > 1)
        return cls(rarity, {word: place for place, word in enumerate(shared)})

    def vectors(self, texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """Give unit vectors over the words that two of the feed's texts have, (n, n_words).

        What only one has makes a vector shorter: a word that is told nowhere else.
        """
        from scipy import sparse

        news = WordCounts.shipped()
        numbers: dict[str, int] = {}  # a word is looked up once, however often it is said
        places, ends = array("q"), [0]
        for words in texts:
            places.extend([numbers.setdefault(word, len(numbers)) for word in _said(words)])
            ends.append(len(places))
        found = (self.rarity.get(word) or _rarity(news, word, 0, NEWS) for word in numbers)
        rarity = np.fromiter(found, np.float64, len(numbers))[np.array(places)]
        column = np.fromiter((self.column.get(word, -1) for word in numbers), np.int64)
        squares = rarity * rarity
        lengths = [math.sqrt(math.fsum(squares[i:j].tolist())) for i, j in pairwise(ends)]
        values, columns = rarity / np.repeat(lengths, np.diff(ends)), column[np.array(places)]
        shared = columns >= 0
        starts = np.concatenate([[0], np.cumsum(shared)])[ends]
        shape = (len(texts), max(1, len(self.column)))
        result = sparse.csr_matrix((values[shared], columns[shared], starts), shape=shape)
        result.sort_indices()
        return result


def _said(words: Sequence[str]) -> set[str]:
    """Give what is more than a mark."""
    return {word for word in words if word[:1].isalnum()}


def _rarity(news: WordCounts, word: str, count: int, n: int) -> float:
    return -math.log((count + NEWS * (news.of(word) or UNLISTED) / news.headlines) / n)
