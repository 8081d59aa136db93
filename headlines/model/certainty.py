"""Certainty: probabilities that mean what they say, and thresholds that hold an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from headlines.model.scorer import LARGEST, probabilities_of
from headlines.persistence.plaindata import pack, unpack
from headlines.persistence.schema import ApplyingData, CertaintyData

Floats = NDArray[np.float64]

CONFIDENCE = 0.8
"""Confidence with which a threshold holds its target error."""

MIN_LABELS_FOR_A_SHIFT = 200
"""Labels a topic from which each topic has a bias of its own: what fewer tell of it is how common
it is among them. With 64 labels a class biases cost accuracy on both sets that choose."""


@dataclass(frozen=True)
class Calibration:
    """Scales and shifts logits so that their softmax is a probability one can trust.

    `scale`, one for all topics, is the inverse of a temperature; `shift`, shape (n_classes,), is
    then added to each topic's logit; n labels were learned from.
    """

    scale: float
    shift: Floats
    n: int

    @property
    def method(self) -> str:
        """``none``, ``temperature``, or ``temperature and bias``."""
        if self.n == 0:
            return "none"
        return "temperature and bias" if self.shift.any() else "temperature"

    @classmethod
    def fit(cls, logits: Floats, y: NDArray[np.int64]) -> Self:
        """Learn from logits, shape (n, n_classes), of samples that the model wasn't trained on.

        y are their classes by number. Method: Guo, Pleiss, Sun, Weinberger 2017, On calibration of
        modern neural networks.
        """
        from scipy.optimize import minimize

        n, n_classes = logits.shape
        if n == 0:
            return cls(1.0, np.zeros(n_classes), 0)
        several = n >= MIN_LABELS_FOR_A_SHIFT * n_classes
        own = np.eye(n_classes)[y]

        def objective(flat: Floats) -> tuple[float, Floats]:
            scale, shift = float(np.exp(flat[0])), flat[1:]
            z = logits * scale + shift
            shares = probabilities_of(z)
            loss = -float(np.log(np.maximum(shares[np.arange(n), y], 1e-300)).sum())
            left = shares - own
            # A log-normal prior at 1 on the scale, a normal one at 0 on the shifts.
            gradient = np.concatenate([[scale * (left * logits).sum()], left.sum(axis=0)])
            gradient += flat * np.concatenate([[2.0], np.full(n_classes, 1.0)])
            if not several:
                gradient[1:] = 0
            return loss + float(flat[0] ** 2 + 0.5 * (shift @ shift)), gradient

        found = minimize(objective, np.zeros(n_classes + 1), jac=True, method="L-BFGS-B").x
        return cls(float(np.exp(found[0])), found[1:], n)

    def __call__(self, logits: Floats) -> Floats:
        """Give calibrated logits, shape (n, n_classes)."""
        return np.asarray(logits * self.scale + self.shift)


@dataclass(frozen=True)
class Applying:
    """How likely each topic applies to a headline, be it the first topic or a further one.

    The odds of a topic are exp(own * logit - every * total + bias), where total is the logarithm
    of the sum of exp(logit) over all topics. With ``every = 0`` topics don't compete, with
    ``every = own`` they compete as they do to be the first; what labels say lies between.
    """

    own: float
    every: float
    bias: Floats  # (n_topics,)

    @classmethod
    def fit(cls, logits: Floats, applies: NDArray[np.bool_]) -> Self:
        """Learn from logits of samples that the model wasn't trained on, and what applies to them.

        Both have the shape (n, n_topics). Method: Platt 1999, Probabilistic outputs for support
        vector machines; slopes are shared by the topics, whose biases are drawn to a common one.
        """
        from scipy.optimize import minimize

        total = _total(logits, probabilities_of(logits))

        def objective(flat: Floats) -> tuple[float, Floats]:
            odds = flat[0] * logits - flat[1] * total + (flat[2] + flat[3:])
            loss = float(np.logaddexp(0, odds).sum() - odds[applies].sum())
            left = _chance(odds) - applies
            off = np.concatenate([flat[:2] - 1, [0.0], flat[3:]])  # from normal priors
            each = left.sum(axis=0)
            own, every = (left * logits).sum(), -(left * total).sum()
            gradient = np.concatenate([[own, every, each.sum()], each])
            return loss + 0.5 * float(off @ off), gradient + off

        start = np.concatenate([[1.0, 1.0], np.zeros(1 + logits.shape[1])])
        found = minimize(objective, start, jac=True, method="L-BFGS-B").x
        return cls(float(found[0]), float(found[1]), found[2] + found[3:])

    def __call__(self, logits: Floats, shares: Floats) -> Floats:
        """Give the probability that each topic applies, shape (n, n_topics).

        Logits and shares, which are their softmax, have that shape too.
        """
        return _chance(self.own * logits - self.every * _total(logits, shares) + self.bias)

    def to_plain(self) -> ApplyingData:
        """Give it as plain data for a model file."""
        return {"own": self.own, "every": self.every, "bias": pack(self.bias)}

    @classmethod
    def from_plain(cls, plain: ApplyingData) -> Self:
        """Read it from a file's data; raises ModelError, KeyError or ValueError if malformed."""
        own, every, bias = plain["own"], plain["every"], unpack(plain["bias"], "bias")
        # NaN compares as False.
        if bias.dtype.kind != "f" or not (np.abs([own, every, *bias.ravel()]) <= LARGEST).all():
            raise ValueError("slopes or biases that aren't numbers, or too large")
        return cls(own, every, bias)


def _total(logits: Floats, shares: Floats) -> Floats:
    return np.asarray(logits.max(axis=1) - np.log(shares.max(axis=1)))[:, None]


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -700, 700))))


@dataclass(frozen=True)
class Threshold:
    """Where to abstain so that an error is held."""

    probability: float  # answer from here on; above 1 when no threshold holds the error
    answered: float  # share of the headlines that get an answer
    error: float  # share of wrong answers among those held out that are answered


def threshold_for(
    target_error: float, scores: Floats, right: NDArray[np.bool_], confidence: float = CONFIDENCE
) -> Threshold:
    """Find the lowest threshold that holds the error among answers, with a confidence.

    Of answers to labelled headlines that were not trained on, `scores`, shape (n,), are the
    probabilities and `right`, shape (n,), whether they are right. Answered is the largest share
    for which the upper bound of Clopper and Pearson 1934 for the error stays at the target, which
    is above 0 and below 1. That one picks the share afterwards is not allowed for: where scores are
    calibrated, simulations exceed the target in 20 of 100 draws, as they should.
    """
    from scipy.stats import beta

    if not 0 < target_error < 1:
        raise ValueError(f"target_error is {target_error}, expected a number between 0 and 1")
    order = np.argsort(-scores, kind="stable")
    n = len(order)
    # Equal scores are answered together.
    counts = np.flatnonzero(np.diff(scores[order], append=-np.inf) < 0) + 1
    wrong = np.cumsum(~right[order])[counts - 1]
    bound = np.where(
        wrong < counts, beta.ppf(confidence, wrong + 1, np.maximum(counts - wrong, 1e-9)), 1.0
    )
    held = np.flatnonzero(bound <= target_error)
    if not len(held):
        return Threshold(float("inf"), 0.0, 0.0)
    last = int(held[-1])
    count, errors = int(counts[last]), int(wrong[last])
    return Threshold(float(scores[order[count - 1]]), count / n, errors / count)


@dataclass(frozen=True)
class Certainty:
    """What is known of a model's answers to n labelled headlines that it wasn't trained on."""

    scores: Floats  # (n,): the answers' probabilities, cross-fitted
    right: NDArray[np.bool_]  # (n,): whether they were right
    also_from: Floats  # (n_topics,): probability from which a topic applies beside the first
    method: str  # how the probabilities were calibrated
    applying: Applying | None = None  # None where too few labels name a further topic
    # (n_trained,): of each example that was trained on, the number of the topic that it is given
    # by what was learned from the others, -1 where that wasn't asked; None in older models.
    answers: NDArray[np.int32] | None = None

    def likely(self, logits: Floats, shares: Floats) -> Floats:
        """Give how likely each topic applies, shape (n, n_topics), rounded to 6 digits.

        Where that wasn't learned it is the shares: how likely each is the first topic.
        """
        found = shares if self.applying is None else self.applying(logits, shares)
        return np.asarray(found.round(6))

    def threshold_for(self, target_error: float) -> Threshold:
        """Find where to abstain so that the error among answers stays at a target or below.

        The target is above 0 and below 1, and held with a confidence of `CONFIDENCE`. The
        probability is infinite where too few labels are known, or where no threshold holds it.
        """
        return threshold_for(target_error, self.scores, self.right)

    def to_plain(self) -> CertaintyData:
        """Give it as plain data for a model file."""
        plain: CertaintyData = {
            "scores": pack(self.scores),
            "right": pack(self.right),
            "also_from": pack(self.also_from),
            "method": self.method,
        }
        if self.applying is not None:
            plain["applying"] = self.applying.to_plain()
        if self.answers is not None:
            plain["answers"] = pack(self.answers)
        return plain

    @classmethod
    def from_plain(cls, plain: CertaintyData) -> Certainty:
        """Read it from a file's data; raises ModelError, KeyError or ValueError if malformed."""
        scores, right = unpack(plain["scores"], "scores"), unpack(plain["right"], "right")
        also_from = unpack(plain["also_from"], "also_from")
        if right.dtype.kind != "b" or right.ndim != 1 or scores.shape != right.shape:
            raise ValueError(f"{scores.shape} scores, of which {right.shape} are right or wrong")
        if also_from.ndim != 1 or not {scores.dtype.kind, also_from.dtype.kind} <= {"f"}:
            raise ValueError("scores that aren't numbers in a row")
        # NaN compares as False; a topic that never applies beside another may have any bound.
        if not ((scores >= 0) & (scores <= 1)).all() or np.isnan(also_from).any():
            raise ValueError("scores that aren't between 0 and 1")
        told = plain.get("applying")
        applying = None if told is None else Applying.from_plain(told)
        if applying is not None and applying.bias.shape != also_from.shape:
            raise ValueError(f"{applying.bias.shape} biases for {also_from.shape} topics")
        answers = unpack(plain["answers"], "answers") if "answers" in plain else None
        if answers is not None and (answers.dtype.kind, answers.ndim) != ("i", 1):
            raise ValueError("answers that aren't whole numbers in a row")
        if answers is not None and not ((answers >= -1) & (answers < len(also_from))).all():
            raise ValueError(f"answers that are none of {len(also_from)} topics")
        return cls(scores, right, also_from, str(plain["method"]), applying, answers)
