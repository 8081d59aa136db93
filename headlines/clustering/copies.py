"""Copies: samples that are one text, told by their vectors and words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.copies.rule import exchanges
from headlines.copies.wording import Wording
from headlines.neighbours import blocks, whole_vectors

COPIES = 0.97
"""Cosine from which two samples are copies of one text, unless their words tell otherwise."""

WORDINGS = 1 << 16
"""Wordings that are kept for a while."""

Labels = NDArray[np.int64]


def in_half(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Give whole vectors in half the space: their numbers fit."""
    result = np.empty(vectors.shape, dtype=np.float32)
    for rows in blocks(len(vectors), 8192):
        result[rows] = whole_vectors(vectors[rows])
    return result


def digests(whole: NDArray[np.float32]) -> NDArray[np.bytes_]:
    """Give 16 bytes for each point."""
    found = b"".join(blake2b(row.tobytes(), digest_size=16).digest() for row in whole)
    return np.frombuffer(found, dtype="V16").view(">u8").reshape(-1, 2).view("V16").reshape(-1)


def copies(
    near: Labels, cosine: NDArray[np.float64], words: Sequence[Sequence[str]] | None
) -> tuple[Labels, Labels]:
    """Number the texts that points are copies of; give the first point of each too.

    With words, points are no copies where a number or a negation differs ("kills 2", "kills 22"),
    nor where each has a word of its own: another editor's, or of another part of a series.
    """
    n = len(near)
    rows, columns = np.nonzero(cosine >= COPIES)
    others = near[rows, columns]
    if words is not None:
        one_text = _by_words(words)
        kept = [one_text(a, b) for a, b in zip(rows.tolist(), others.tolist(), strict=True)]
        rows, others = rows[kept], others[kept]
    graph = sparse.csr_matrix((np.ones(len(rows)), (rows, others)), shape=(n, n))
    found = sparse.csgraph.connected_components(graph, directed=False)[1]
    _, first, copy_of = np.unique(found, return_index=True, return_inverse=True)
    return copy_of.reshape(-1), first


def _by_words(words: Sequence[Sequence[str]]) -> Callable[[int, int], bool]:
    """Give what tells by their words whether two points may be one text."""

    @lru_cache(WORDINGS)
    def wording(place: int) -> Wording:
        return Wording.of(" ".join(words[place]))

    @lru_cache(WORDINGS)
    def are_one(a: int, b: int) -> bool:
        one, other = wording(a), wording(b)
        return one.numbers == other.numbers and not exchanges(one, other)

    return lambda a, b: are_one(min(a, b), max(a, b))
