"""Whether unlabelled samples help: two models compared on samples that neither was taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headlines.model.certainty import Calibration
from headlines.model.scorer import probabilities_of
from headlines.persistence.schema import TrialData

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """How well n held-out samples are told by models without and with unlabelled samples."""

    n: int
    right: tuple[float, float]  # shares of right answers: without, with
    loss: tuple[float, float]  # mean log losses of calibrated probabilities: without, with

    @property
    def helped(self) -> bool:
        """Whether labels are likelier with them; true where none can be held out.

        Of few labels a single one decides how many are right, so that it doesn't count.
        """
        return self.n == 0 or self.loss[1] < self.loss[0]

    def to_plain(self) -> TrialData:
        """Give it as plain data for a model file."""
        return {"n": self.n, "right": list(self.right), "loss": list(self.loss)}

    @classmethod
    def from_plain(cls, plain: TrialData) -> Self:
        """Read it from a file's data; raises KeyError or ValueError if malformed."""
        before, after = plain["right"]
        loss_before, loss_after = plain["loss"]
        return cls(plain["n"], (before, after), (loss_before, loss_after))

    @classmethod
    def of(cls, without: Floats, taught: Floats, y: NDArray[np.int64]) -> Self:
        """Compare held-out logits, shape (n, n_classes), NaN where a sample wasn't held out."""
        held = ~np.isnan(without[:, 0])
        if not held.any():
            return cls(0, (0.0, 0.0), (0.0, 0.0))
        scores = [_score(logits[held], y[held]) for logits in (without, taught)]
        right, loss = zip(*scores, strict=True)
        return cls(int(held.sum()), right, loss)

    @classmethod
    def whole(cls, rounds: Sequence[Self]) -> Self | None:
        """Compare the beginning with the last round that helped, or with the first."""
        if not rounds:
            return None
        last = [trial for trial in rounds if trial.helped] or rounds[:1]
        first, last_one = rounds[0], last[-1]
        return cls(first.n, (first.right[0], last_one.right[1]), (first.loss[0], last_one.loss[1]))


def _score(logits: Floats, y: NDArray[np.int64]) -> tuple[float, float]:
    shares = probabilities_of(Calibration.fit(logits, y)(logits))
    own = np.maximum(shares[np.arange(len(y)), y], 1e-300)
    return float((shares.argmax(axis=1) == y).mean()), float(-np.log(own).mean())
