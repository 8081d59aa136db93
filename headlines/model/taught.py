"""What a stronger classifier said of unlabelled headlines: a model learns from it, and keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headlines.errors import ModelError, short
from headlines.persistence.plaindata import pack, pack_rows, unpack, unpack_rows
from headlines.persistence.schema import TaughtData

MAX_TAUGHT = 10_000
"""Headlines that are taught at most: more bring little, and a model file keeps them."""

MAX_TAUGHT_TERMS = 16_000_000
"""Words and terms of all of them together: of 20,000 with a transformer's vectors."""

_STEPS = 255


@dataclass(frozen=True)
class Taught:
    """Headlines as numbers, and the share of each topic in each, as a teacher saw it.

    `terms` and `words` are what `Embedder.terms` and `Embedder.words` give, of the embedder that
    the model was trained for; `steps`, uint8 of shape (n, n_topics), are shares of 255.
    """

    terms: tuple[tuple[int, ...], ...]
    words: tuple[tuple[int, ...], ...]
    steps: NDArray[np.uint8]

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each topic, shape (n, n_topics): 1 in each row."""
        shares = self.steps.astype(np.float64)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    @classmethod
    def of(
        cls,
        terms: Sequence[Sequence[int]],
        words: Sequence[Sequence[int]],
        shares: NDArray[np.float64],
    ) -> Taught:
        """Keep what a teacher said, its shares in 255 steps as a file keeps them."""
        steps = np.rint(shares * _STEPS).astype(np.uint8)
        return cls(tuple(map(tuple, terms)), tuple(map(tuple, words)), steps)

    def for_topics(self, own: Sequence[str], topics: Sequence[str]) -> Taught | None:
        """Give it in another order of topics; None where these aren't the same topics."""
        if sorted(own) != sorted(topics):
            return None
        place = {topic: i for i, topic in enumerate(own)}
        return Taught(self.terms, self.words, self.steps[:, [place[t] for t in topics]])

    def to_plain(self) -> TaughtData:
        """Give it as plain data for a model file; words that are the terms are left out."""
        words = () if self.words == self.terms else self.words
        return {
            "terms": pack_rows(self.terms, np.int32),
            "words": pack_rows(words, np.int64),
            "shares": pack(self.steps),
        }

    @classmethod
    def from_plain(cls, plain: TaughtData, n_topics: int) -> Taught:
        """Read it from a model file's data; raises ModelError when it is malformed."""
        try:
            both = [plain["terms"], plain["words"]]
            terms, words = map(tuple, unpack_rows(both, "taught", MAX_TAUGHT_TERMS))
            steps = unpack(plain["shares"], "taught")
            if steps.dtype != np.uint8 or steps.shape != (len(terms), n_topics):
                raise ValueError(f"shares {steps.dtype} of shape {steps.shape}")
            if len(words) not in (0, len(terms)) or not steps.any(axis=1).all():
                raise ValueError(f"{len(words)} rows of words for {len(terms)} of terms")
            return cls(terms, words or terms, steps)
        except (KeyError, TypeError, ValueError) as error:
            said = f"malformed ({short(str(error))}); train the model again"
            raise ModelError(f"taught: {said}") from None
