"""The register of headlines: whether a copy of this one came before, and who carried it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.copies.keys import KEPT, Keys, SharedKeys, keys_of_pairs
from headlines.copies.rule import LEAST_COSINE, LIMIT, cosines, how_far, in_bytes
from headlines.copies.wording import Wording, checksum
from headlines.embedding.embedder import Embedder
from headlines.feeds.block import HeadlineBlock

MOST = 1_000_000
"""Headlines, none a copy of another, of which the older half is forgotten: a bound on memory."""

RAREST = 5
"""Copies share two of so many of their rarest words (benchmarks/research/near_candidates.py)."""

WORDINGS = 1 << 14
"""Wordings that are kept for a while."""

WORDS = 1 << 17


@dataclass(slots=True)
class First:
    """The first headline of a group of copies, and what came of it since.

    Attributes
    ----------
    id, source, line, headline
        Of the headline, as rows have them; the source and the line may be an earlier run's.
    text : str
        Its title, `Headline.text`.
    feed : str
        Its publisher, or the input where none is told.
    headlines : int
        It and its copies.
    others : set of str
        Further feeds that carried a copy.
    copies : int
        Copies in this run.
    """

    id: str
    source: str
    line: int
    headline: str
    text: str
    feed: str
    headlines: int = 1
    others: set[str] | None = None
    copies: int = 0

    @property
    def feeds(self) -> list[str]:
        """All feeds that carried it, the first one's first."""
        return [self.feed, *sorted(self.others or ())]

    def carried(self, feed: str) -> None:
        """Count a copy."""
        self.headlines += 1
        self.copies += 1
        if feed != self.feed:
            self.others = self.others or set()
            self.others.add(feed)

    def to_row(self) -> dict[str, Any]:
        """Give the group as a row."""
        where = {"id": self.id, "source": self.source, "line": self.line}
        counts = {"headlines": self.headlines, "copies": self.copies}
        return {**where, "headline": self.headline, **counts, "feeds": self.feeds}


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a headline when it comes: its group's first, and how many had it by then.

    Attributes
    ----------
    first : First
        Itself, where it is no copy.
    is_copy : bool
    feeds : int
        Feeds that carried it so far, this one's among them.
    """

    first: First
    is_copy: bool
    feeds: int


@dataclass
class _Candidates:
    """What a block's headlines share with those that don't wait, by place in the block."""

    wordings: dict[int, Wording] = field(default_factory=dict)
    keys: dict[int, list[int]] = field(default_factory=dict)  # the whole wording's first
    found: dict[int, list[list[int]]] = field(default_factory=dict)  # for each key
    vectors: dict[int, NDArray[np.int8]] = field(default_factory=dict)


class CopyRegister:
    r"""Holds each headline that is no copy, and tells copies of them, in the order they come.

    A headline is a copy of one that has the same id or the same wording, else of the nearest by
    the rule of a pair (`how_far`), the earlier one of two. Only the first of a group is compared:
    no chain of small changes leads from one headline to another. What is told of a headline
    depends on those before it alone, not on how they are cut into blocks.

    Parameters
    ----------
    embedder : Embedder
        The built-in one, which the rule was measured with.
    firsts : iterable of First, optional
        Those of earlier runs, with the `keys` that they have.
    done : callable, optional
        Gets every group that had a copy in this run when no more can come, in their order.
    most : int, default `MOST`

    Examples
    --------
    >>> from io import BytesIO
    >>> from headlines import StaticEmbedder
    >>> from headlines.feeds.reader import FeedReader
    >>> feed = b"Storm kills two in Manila\nStorm Kills 2 in Manila\nStorm kills 22 in Manila"
    >>> register = CopyRegister(StaticEmbedder())
    >>> blocks = FeedReader(BytesIO(feed)).blocks()
    >>> [mark.is_copy for block in blocks for mark in register.mark(block)]
    [False, True, False]
    """

    def __init__(
        self,
        embedder: Embedder,
        firsts: Iterable[First] = (),
        keys: SharedKeys | None = None,
        *,
        done: Callable[[First], object] = lambda first: None,
        most: int = MOST,
    ) -> None:
        self.embedder = embedder
        self.firsts = list(firsts)
        self.keys = keys or SharedKeys()
        self.most = most
        self._done = done
        self._oldest = 0  # place of the first that isn't forgotten
        room = max(1024, len(self.firsts))
        self._vectors = np.zeros((room, embedder.n_features), dtype=np.int8)
        self._known = np.zeros(room, dtype=np.bool_)
        self._read: Callable[[str], Wording] = lru_cache(WORDINGS)(Wording.of)
        self._checksum = lru_cache(WORDS)(checksum)

    def mark(self, block: HeadlineBlock) -> list[Mark]:
        """Tell of each headline of a block what came before, and hold those that are new."""
        ids = [int(i, 16) for i in block.ids]
        bounds, places = self.keys.sorted_places(np.array(ids, dtype=np.uint64))
        by_id = [self._last(places[i:j]) for i, j in pairwise(bounds)]
        candidates = self._look(block, [i for i, place in enumerate(by_id) if place is None])
        marks = []
        for i, known in enumerate(by_id):
            feed = block.others.get(i, {}).get("publisher") or block.source
            place = self._last(self.keys.waiting(ids[i])) if known is None else known
            if place is None:
                place, own = self._copied(candidates, i)
                self.keys.add([ids[i], *own], len(self.firsts) if place is None else place)
            if place is None:
                first = First(
                    block.ids[i], block.source, block.lines[i], block.headlines[i], block.texts[i],
                    feed,
                )  # fmt: skip
                self._hold(first, candidates.vectors[i])
            else:
                first = self.firsts[place]
                first.carried(feed)
            marks.append(Mark(first, place is not None, 1 + len(first.others or ())))
        self.keys.settle()
        self._forget()
        return marks

    def close(self) -> None:
        """Tell of the groups that had a copy and were not told of yet."""
        for first in self.firsts:
            if first.copies:
                self._done(first)

    def find_keys(self) -> None:
        """Find the keys of the firsts anew."""
        self.keys = SharedKeys()
        for start in range(0, len(self.firsts), WORDINGS):
            some = self.firsts[start : start + WORDINGS]
            keys = self._keys_of([self._read(first.text) for first in some])
            for place, (first, own) in enumerate(zip(some, keys, strict=True), start):
                self.keys.add([int(first.id, 16), *own], place)
        self.keys.settle(all=True)  # what waits is taken for this run's, and embedded

    def _last(self, places: Sequence[int]) -> int | None:
        """Give the last of some places, if it isn't forgotten."""
        return places[-1] if places and places[-1] >= self._oldest else None

    def _look(self, block: HeadlineBlock, new: Sequence[int]) -> _Candidates:
        """Read headlines, and find those that share a key with them."""
        found = _Candidates()
        for i in new:
            found.wordings[i] = self._read(block.texts[i])
        keys = self._keys_of(list(found.wordings.values()))
        flat = np.array([key for some in keys for key in some], dtype=np.uint64)
        bounds, places = self.keys.sorted_places(flat)
        start = 0
        for i, some in zip(new, keys, strict=True):
            found.keys[i] = some
            found.found[i] = [
                places[bounds[k] : bounds[k + 1]] for k in range(start, start + len(some))
            ]
            start += len(some)
        vectors = self.embedder.vectors([wording.text for wording in found.wordings.values()])
        found.vectors = dict(zip(new, in_bytes(vectors), strict=True))
        self._embed(places)
        return found

    def _keys_of(self, wordings: Sequence[Wording]) -> list[list[int]]:
        """Give the keys of headlines: of the whole wording, and of pairs of their rarest words."""
        keys = [
            [wording.checksum] if wording.words or wording.numbers else [] for wording in wordings
        ]
        numbers, first, second, owner = [], [], [], []
        for i, wording in enumerate(wordings):
            number = self._checksum(repr(wording.numbers))
            words = [self._checksum(word) for word in wording.rarest(RAREST)]
            for one, other in combinations(words, 2):
                numbers.append(number)
                first.append(one)
                second.append(other)
                owner.append(i)
        arrays: list[Keys] = [np.array(c, dtype=np.uint64) for c in (numbers, first, second)]
        for i, key in zip(owner, keys_of_pairs(*arrays).tolist(), strict=True):
            keys[i].append(key)
        return keys

    def _copied(self, candidates: _Candidates, i: int) -> tuple[int | None, list[int]]:
        """Give the place of what a headline is a copy of, and the keys to find it by."""
        keys, found = candidates.keys[i], candidates.found[i]
        if not keys:
            return None, []
        same = self._last(found[0])
        if same is None:
            same = self._last(self.keys.waiting(keys[0]))
        if same is not None:
            return same, []
        near: set[int] = set()
        for key, settled in zip(keys[1:], found[1:], strict=True):
            waiting = self.keys.waiting(key)
            near.update((settled + waiting)[-KEPT:] if waiting else settled)
        places = np.array(sorted(near), dtype=np.int64)
        places = places[places >= self._oldest]
        if not len(places):
            return None, keys
        cosine = cosines(self._vectors[places], candidates.vectors[i])
        best, nearest = LIMIT, None
        for k in np.flatnonzero(cosine >= LEAST_COSINE).tolist():
            other = self._read(self.firsts[places[k]].text)
            far = how_far(candidates.wordings[i], other, float(cosine[k]))
            if far < best or (far == best and nearest is None):
                best, nearest = far, int(places[k])
        return nearest, keys if nearest is None else keys[:1]

    def _hold(self, first: First, vector: NDArray[np.int8]) -> None:
        """Keep a headline that is no copy."""
        place = len(self.firsts)
        if place == len(self._known):
            self._vectors, self._known = _longer(self._vectors), _longer(self._known)
        self.firsts.append(first)
        self._vectors[place], self._known[place] = vector, True
        if place + 1 - self._oldest >= self.most:
            self._oldest = place + 1 - self.most // 2

    def _embed(self, places: Sequence[int]) -> None:
        """Embed headlines of earlier runs that are to be compared."""
        some = np.unique(np.array(places, dtype=np.int64))
        some = some[~self._known[some]]
        for start in range(0, len(some), WORDINGS):
            part = some[start : start + WORDINGS]
            texts = [self._read(self.firsts[place].text).text for place in part.tolist()]
            self._vectors[part] = in_bytes(self.embedder.vectors(texts))
        self._known[some] = True

    def _forget(self) -> None:
        """Give back the room of what is forgotten; the others' places move."""
        oldest, self._oldest = self._oldest, 0
        if not oldest:
            return
        for first in self.firsts[:oldest]:
            if first.copies:
                self._done(first)
        kept = len(self.firsts) - oldest
        del self.firsts[:oldest]
        for held in (self._vectors, self._known):
            held[:kept] = held[oldest : oldest + kept].copy()
            held[kept:] = 0
        self.keys.forget(oldest)


def _longer(values: NDArray[Any]) -> NDArray[Any]:
    """Give room for half as many again; what is not used yet takes no memory."""
    found = np.zeros((len(values) * 3 // 2, *values.shape[1:]), dtype=values.dtype)
    found[: len(values)] = values
    return found
