"""Copies: samples that are one text, told by their vectors."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headlines.neighbours import blocks, whole_vectors

COPIES = 0.97
"""Cosine from which two samples are copies of one text."""

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


def copies(near: Labels, cosine: NDArray[np.float64]) -> tuple[Labels, Labels]:
    """Number the texts that points are copies of; give the first point of each too."""
    n = len(near)
    rows, columns = np.nonzero(cosine >= COPIES)
    graph = sparse.csr_matrix((np.ones(len(rows)), (rows, near[rows, columns])), shape=(n, n))
    found = sparse.csgraph.connected_components(graph, directed=False)[1]
    _, kept, copy_of = np.unique(found, return_index=True, return_inverse=True)
    return copy_of.reshape(-1), kept
