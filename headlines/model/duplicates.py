"""Near-duplicates: headlines that share most of their words, found without comparing all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_SIMILARITY = 0.6
"""Jaccard similarity of their words from which two headlines are near-duplicates."""

MIN_SHARED = 0.75
"""Share of the shorter one's words that two near-duplicates share at least: 2 s / (1 + s)."""

PAIRS_AT_A_TIME = 2_000_000
"""Pairs that are compared at a time, about: what bounds memory."""

Places = NDArray[np.int64]


def near_duplicate_groups(words: Sequence[Sequence[int]]) -> Places:
    """Number the groups of headlines whose sets of words overlap, directly or through others.

    Examples
    --------
    >>> near_duplicate_groups([[1, 2, 3], [4, 5], [1, 2, 3, 6]]).tolist()
    [0, 1, 0]
    """
    from scipy import sparse

    number: dict[tuple[int, ...], int] = {}  # copies count once
    keys = [tuple(sorted(set(w))) for w in words]
    place = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    sets = _by_rarity(list(number))
    sizes = np.diff(sets.indptr)
    group = np.arange(len(number))
    for left, right in _candidates(sets):
        apart = group[left] != group[right]
        left, right = left[apart], right[apart]
        shared = np.asarray(sets[left].multiply(sets[right]).sum(axis=1)).ravel()
        close = shared >= MIN_SIMILARITY * (sizes[left] + sizes[right] - shared)
        edges = (np.ones(int(close.sum())), (group[left[close]], group[right[close]]))
        joined = sparse.csr_matrix(edges, shape=(len(group), len(group)))
        group = sparse.csgraph.connected_components(joined)[1][group]
    found = group[place]
    alone = np.flatnonzero(sizes[place] == 0)  # without a word a headline is like no other
    found[alone] = len(group) + np.arange(len(alone))
    _, first, numbers = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbers.reshape(-1)].astype(np.int64)


def _by_rarity(sets: Sequence[Sequence[int]]) -> Any:
    """Give a csr_matrix of ones, a row a set and a column a word, the rarest word first."""
    from scipy import sparse

    flat = np.array([w for s in sets for w in s], dtype=np.int64)
    _, word, counts = np.unique(flat, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(counts, kind="stable"))
    bounds = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    values = (np.ones(len(flat)), rank[word.reshape(-1)], bounds)
    matrix = sparse.csr_matrix(values, shape=(len(sets), len(counts)))
    matrix.sort_indices()
    return matrix


def _candidates(sets: Any) -> Iterator[tuple[Places, Places]]:
    """Give pairs of rows, among them all near-duplicates; a pair may come again.

    Prefix filtering (Bayardo, Ma, Srikant 2007, Scaling up all pairs similarity search): sets
    that share so many words share one of the rarest few, so many of the longer one as it may
    lack and one more, and of the shorter one likewise; by what follows it the pair can be judged
    (Xiao, Wang, Lin, Yu 2008, Efficient similarity joins for near duplicate detection).
    """
    sizes = np.diff(sets.indptr).astype(np.int64)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    size = sizes[rows]
    left_over = size - (np.arange(len(rows)) - sets.indptr[rows])  # this word and the next ones
    rare = np.flatnonzero(left_over >= np.ceil(MIN_SIMILARITY * size))
    largest = int(sizes.max(initial=0))
    key = sets.indices[rare].astype(np.int64) * (largest + 1) + size[rare]
    order = np.argsort(key, kind="stable")  # by word, the shorter set first
    rare, key = rare[order], key[order]
    rows, size, left_over = rows[rare], size[rare], left_over[rare]
    longest = np.floor(size / MIN_SIMILARITY + 1e-9).astype(np.int64).clip(max=largest)
    end = np.searchsorted(key, key - size + longest, side="right")
    first = np.flatnonzero(left_over >= np.ceil(MIN_SHARED * size))
    counts = end[first] - first - 1
    parts = np.cumsum(counts) // PAIRS_AT_A_TIME
    for some in np.split(np.arange(len(first)), np.flatnonzero(np.diff(parts)) + 1):
        left = np.repeat(first[some], counts[some])
        before = np.cumsum(counts[some]) - counts[some]
        right = left + 1 + np.arange(len(left)) - np.repeat(before, counts[some])
        # Of words in this order, the first that is shared tells how many more there can be.
        most = np.minimum(left_over[left], left_over[right])
        able = most >= MIN_SIMILARITY * (size[left] + size[right] - most)
        yield rows[left[able]], rows[right[able]]
