"""Copies: samples that are one text, told by their vectors, and by what these hardly show."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.copies.wording import Wording
from headlines.neighbours import blocks, whole_vectors

COPIES = 0.97
"""Cosine from which two samples are one text to the clusters."""

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


def one_texts(near: Labels, cosine: NDArray[np.float64]) -> tuple[Labels, Labels]:
    """Number the texts that points are; give the first point of each too."""
    n = len(near)
    rows, columns = np.nonzero(cosine >= COPIES)
    graph = sparse.csr_matrix((np.ones(len(rows)), (rows, near[rows, columns])), shape=(n, n))
    found = sparse.csgraph.connected_components(graph, directed=False)[1]
    _, kept, text_of = np.unique(found, return_index=True, return_inverse=True)
    return text_of.reshape(-1), kept


def copies(texts: Labels, words: Sequence[Sequence[str]] | None) -> Labels:
    """Number samples, those that are copies of one another alike.

    They are one text, and their numbers and negations are the same: "kills 2" and "kills 22" tell
    one story, whose vectors are all but one, and are two headlines.
    """
    if words is None:
        return texts
    shared = np.bincount(texts)[texts] > 1
    numbers: dict[tuple[int, tuple[str, ...]], int] = {}
    found = np.empty(len(texts), dtype=np.int64)
    for place, (text, several) in enumerate(zip(texts.tolist(), shared.tolist(), strict=True)):
        said = Wording.of(" ".join(words[place])).numbers if several else ()
        found[place] = numbers.setdefault((text, said), len(numbers))
    return found
