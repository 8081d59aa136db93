"""Arguments: what is told of n samples beside their vectors, checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = Sequence[Sequence[str]]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


def checked_words(words: Words | None, n: int) -> Words | None:
    """Refuse words that aren't a sequence of strings for each of n samples."""
    if words is None:
        return None
    if len(words) != n:
        raise ValueError(f"words of {len(words)} samples for {n} samples")
    for place, some in enumerate(words):
        listed = isinstance(some, Sequence | np.ndarray) and not isinstance(some, str)
        if not (listed and all(issubclass(kind, str) for kind in set(map(type, some)))):
            raise ValueError(f"words of sample {place} are {some!r}, expected a list of strings")
    return words


def checked_days(days: ArrayLike | None, n: int) -> Floats | None:
    """Refuse days that aren't a number, or NaN, for each of n samples."""
    if days is None:
        return None
    found = np.asarray(days)
    if found.shape != (n,) or found.dtype.kind not in "iuf" or np.isinf(found).any():
        raise ValueError(
            f"days is {found.dtype} of shape {found.shape}, expected a number or NaN for each of "
            f"{n} samples"
        )
    return found.astype(np.float64)


def checked_previous(previous: ArrayLike | None, n: int) -> Labels:
    """Give the story and theme that each of n samples was in, shape (n, 2); -1 for none."""
    result = np.full((n, 2), -1, dtype=np.int64)
    if previous is None:
        return result
    earlier = np.asarray(previous)
    if earlier.shape not in ((n,), (n, 2)) or not np.issubdtype(earlier.dtype, np.integer):
        raise ValueError(
            f"previous is {earlier.dtype} of shape {earlier.shape}, expected whole numbers, "
            f"one for each of {n} samples, or story and theme"
        )
    if earlier.min() < -1:
        raise ValueError(f"previous is {earlier.min()} for a sample, expected -1 or more")
    result[:, : earlier.size // n] = earlier.reshape(n, -1)
    return result


def checked_topics(topics: ArrayLike | None, n: int) -> Floats | None:
    """Refuse topics that aren't probabilities, (n, n_topics), for n samples."""
    if topics is None:
        return None
    found = np.asarray(topics)
    if found.ndim != 2 or len(found) != n or found.dtype.kind not in "iuf":
        raise ValueError(
            f"topics is {found.dtype} of shape {found.shape}, expected a probability of every "
            f"topic for each of {n} samples"
        )
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError("topics has values that aren't from 0 to 1")
    return found.astype(np.float64)
