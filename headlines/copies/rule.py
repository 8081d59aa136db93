"""The rule of a pair: whether a headline is another one published again."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.copies.wording import Wording

SLOPE = 2.9
"""How much the cosine counts beside the words that one of two headlines alone has."""

LIMIT = 0.2496
"""How far apart copies are at most; both are of benchmarks/research/copy_rules.py."""

LEAST_COSINE = 1 - LIMIT / SLOPE
"""Below it a pair needn't be read."""

MAX_ALONE = 16
"""With more words of its own a headline is no copy, whatever their forms: they aren't compared."""

MAX_PARTS = 4
"""Words that one may be told as."""

NEVER = 9.0
"""How far apart a pair is that isn't copies whatever else."""

Floats = NDArray[np.float64]


def are_copies(a: Wording, b: Wording, cosine: float) -> bool:
    """Tell whether two headlines are copies, by their wordings and the cosine of their vectors.

    Examples
    --------
    >>> a, b = (Wording.of(f"Storm kills {n} in Manila") for n in (2, 22))
    >>> are_copies(a, a, 1.0), are_copies(a, b, 1.0)
    (True, False)
    """
    return how_far(a, b, cosine) <= LIMIT


def how_far(a: Wording, b: Wording, cosine: float) -> float:
    """Give how far apart two headlines are, 0 for the same, `NEVER` where they can't be copies.

    They can't where a number, a date or a negation is one's alone, nor where a name stands in the
    place of another. Else it is the share of words that one alone has, each by its rarity, and
    `SLOPE` times what the cosine lacks of 1.
    """
    if a.numbers != b.numbers:
        return NEVER
    share, exchanged = share_alone(a, b)
    return NEVER if exchanged else share + SLOPE * (1 - cosine)


def share_alone(a: Wording, b: Wording) -> tuple[float, bool]:
    """Give the share of words, by rarity, that one alone has, and whether names are exchanged."""
    rest = alone(a, b)
    total = sum(one.rarity[i] for one, some in zip((a, b), rest, strict=True) for i in some)
    names = [any(one.is_name[i] for i in some) for one, some in zip((a, b), rest, strict=True)]
    return total / max(sum(a.rarity) + sum(b.rarity), 1e-9), all(names)


def alone(a: Wording, b: Wording) -> tuple[list[int], list[int]]:
    """Give the places of the words of each that the other hasn't got, in any order."""
    found = []
    for one, other in ((a, b), (b, a)):
        had = Counter(other.words)
        rest = []
        for i, word in enumerate(one.words):
            had[word] -= 1
            if had[word] < 0:
                rest.append(i)
        found.append(rest)
    rest_a, rest_b = found
    if max(map(len, found)) <= MAX_ALONE:
        _pair_off(a, b, rest_a, rest_b)
        _join(a, b, rest_a, rest_b)
        _join(b, a, rest_b, rest_a)
    return rest_a, rest_b


def alike(a: str, b: str) -> bool:
    """Tell whether two words are one in two forms, or one the beginning of the other."""
    if a == b or 1 in (len(a), len(b)):
        return a[:1] == b[:1]
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    return same >= 4 and same >= min(max(len(a), len(b)) - 3, len(a), len(b))


def _pair_off(a: Wording, b: Wording, rest_a: list[int], rest_b: list[int]) -> None:
    """Take away words that are two forms of one."""
    for i in list(rest_a):
        for j in rest_b:
            if alike(a.words[i], b.words[j]):
                rest_a.remove(i)
                rest_b.remove(j)
                break


def _join(one: Wording, other: Wording, some: list[int], others: list[int]) -> None:
    """Take away words that are several of the other's: "website", or "ny" of "new york"."""
    for i in list(some):
        word = one.words[i]
        starts = [k for k, j in enumerate(others[:-1]) if other.words[j][0] == word[0]]
        for start, size in product(starts, range(2, MAX_PARTS + 1)):
            parts = [other.words[j] for j in others[start : start + size]]
            if len(parts) > 1 and word in ("".join(parts), "".join(part[0] for part in parts)):
                some.remove(i)
                del others[start : start + size]
                break


# ------------------------------------------------------------------ vectors


def in_bytes(vectors: NDArray[Any]) -> NDArray[np.int8]:
    """Round unit vectors (n, n_features) to whole numbers of a byte, whose products are exact."""
    return np.asarray(np.rint(vectors * 127), dtype=np.int8)


def cosines(some: NDArray[np.int8], one: NDArray[np.int8]) -> Floats:
    """Give the cosine of each of n vectors with another one; 0 where one is nothing, (n,)."""
    many, single = some.astype(np.float32), one.astype(np.float32)
    lengths = np.einsum("ij,ij->i", many, many).astype(np.float64) * float(single @ single)
    return np.asarray((many @ single) / np.sqrt(np.maximum(lengths, 1)))
