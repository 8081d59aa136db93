"""The gate: whether a candidate may take the champion's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.evaluation import calibration_error

__all__ = ["Answers", "Check", "Decision", "Gate"]

Floats = NDArray[np.float64]

DRAWS = 2000
"""Draws of the bootstrap."""

SPREAD = 0.033
"""Standard deviation of what topics gain or lose beside the mean of all: how far what is seen
on one topic's few headlines is believed. Chosen on made cases (benchmarks/gate.py --choose)."""

FEW = 10
"""Held-out headlines of a topic below which its floor isn't judged."""

SLACK = 0.02
"""Calibration error by which a candidate may exceed the champion's, where both miss the limit."""


@dataclass(frozen=True)
class Answers:
    """A model's answers to n held-out headlines.

    Attributes
    ----------
    topics : sequence of str
        The topic that it gives to each, abstention off.
    confidence : ndarray of float64, shape (n,)
        Their probabilities.
    """

    topics: Sequence[str]
    confidence: Floats


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
    passed : bool or None
        None when there is too little to tell.
    detail : str
        What was found, for a person.
    facts : mapping
        The same as numbers and names.
    unless_better : bool
        Whether a candidate that gains more than the margin passes in spite of it.
    """

    name: str
    passed: bool | None
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    unless_better: bool = False

    def to_row(self) -> dict[str, Any]:
        """Give the check as one JSON object."""
        return {"check": self.name, "passed": self.passed, "detail": self.detail, **self.facts}


@dataclass(frozen=True)
class Decision:
    """What the gate decided on a candidate.

    Attributes
    ----------
    accepted : bool
    reason : str
    scores : mapping
        Accuracy of candidate and champion on the same hold-out, and its size.
    checks : tuple of Check
    """

    accepted: bool
    reason: str
    scores: Mapping[str, float]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Gate:
    """Lets a candidate pass that is not worse than the champion, as far as labels can tell.

    Parameters
    ----------
    margin : float, default 0.02
        Loss of accuracy, between 0 and 1, that still counts as not worse.
    topic_margin : float, default 0.0
        Loss of recall on one topic that still passes, as estimated: what is seen on a topic's
        few headlines is drawn towards what is seen on all.
    floors : mapping of str to float
        Recall that a topic must have, by topic.
    calibration : float, default 0.055
        Expected calibration error beyond chance that still passes.
    confidence : float, default 0.95
        With which a candidate must be shown to be not worse.
    minimum : int, default 50
        Held-out headlines below which the gate can't tell.
    when_unsure : {"keep", "promote"}, default "keep"
        What happens then: the champion stays, or the candidate takes its place.
    random_state : int, default 0

    Notes
    -----
    The test is one of non-inferiority: the lower bound of the difference in accuracy, by a
    paired bootstrap over groups of near-duplicates, must lie above ``-margin``. Half a pair is
    added each way (Agresti, Min 2005, Simple improved confidence intervals for comparing
    matched proportions): two models that agree on a few headlines aren't proven equal. Topics
    are judged by their posterior means under a normal prior around the mean of all (empirical
    Bayes, Efron, Morris 1975), calibration by the error that remains when what a calibrated
    model of the same probabilities would show is taken off.
    """

    margin: float = 0.02
    topic_margin: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)
    calibration: float = 0.055
    confidence: float = 0.95
    minimum: int = 50
    when_unsure: str = "keep"
    random_state: int = 0

    def decide(
        self,
        candidate: Answers,
        champion: Answers | None,
        gold: Sequence[str],
        *,
        groups: Sequence[int] | None = None,
        earlier: Sequence[bool] | None = None,
        drawn: Sequence[bool] | None = None,
        others: Sequence[Check] = (),
    ) -> Decision:
        """Compare two models on the same held-out headlines.

        Parameters
        ----------
        candidate, champion : Answers
            No champion yet is None.
        gold : sequence of str
            n topics.
        groups : sequence of int, optional
            Of near-duplicates, which are drawn together.
        earlier : sequence of bool, optional
            Whether a label was held out when the champion was trained: new ones can't vouch for
            a candidate that came with them.
        drawn : sequence of bool, optional
            Whether a headline came as headlines come; calibration is judged on these, where
            they are enough.
        others : sequence of Check
            What else was looked at: data, drift, churn.

        Returns
        -------
        Decision
        """
        right = _right(candidate, gold)
        scores = {"n": float(len(gold))}
        if len(gold):
            scores["candidate"] = float(right.mean())
        judged = np.ones(len(gold), dtype=np.bool_)
        if drawn is not None and int(np.sum(drawn)) >= self.minimum:
            judged = np.asarray(drawn, dtype=np.bool_)
        checks = [*others, self._floors(right, gold)]
        if champion is not None:
            theirs = _right(champion, gold)
            if len(gold):
                scores["champion"] = float(theirs.mean())
            change = right - theirs
            own = np.asarray(groups if groups is not None else range(len(gold)), dtype=np.int64)
            checks.append(self._accuracy(change, own, scores))
            if earlier is not None and not all(earlier):
                checks.append(self._earlier(change, np.asarray(earlier, dtype=np.bool_)))
            checks.append(self._topics(change, gold))
            before = (champion.confidence[judged], theirs[judged] > 0)
            checks.append(self._calibrated(candidate.confidence[judged], right[judged] > 0, before))
        else:
            checks.append(self._calibrated(candidate.confidence[judged], right[judged] > 0, None))
        return self._decision(champion is None, scores, tuple(checks))

    def _decision(
        self, first: bool, scores: Mapping[str, float], checks: tuple[Check, ...]
    ) -> Decision:
        gain = scores.get("candidate", 0.0) - scores.get("champion", 1.0)
        failed = [
            check
            for check in checks
            if check.passed is False and not (check.unless_better and gain > self.margin)
        ]
        unsure = [check for check in checks if check.passed is None]
        if failed:
            reason = "; ".join(f"{check.name}: {check.detail}" for check in failed)
            return Decision(False, reason, scores, checks)
        if first:
            return Decision(True, "there was no champion", scores, checks)
        if unsure:
            said = "; ".join(check.detail for check in unsure)
            reason = f"{said}; when_unsure is {self.when_unsure!r}"
            return Decision(self.when_unsure == "promote", reason, scores, checks)
        [reason] = [check.detail for check in checks if check.name == "accuracy"]
        return Decision(True, reason, scores, checks)

    def _accuracy(
        self, change: Floats, groups: NDArray[np.int64], scores: Mapping[str, float]
    ) -> Check:
        n = len(change)
        if n < self.minimum:
            detail = f"{n} held-out labels can't tell (the gate wants {self.minimum})"
            return Check("accuracy", None, detail, {"held_out": n})
        low, high, smallest = self._interval(change, groups)
        found = float(change.mean())
        facts = {
            "difference": round(found, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "smallest_visible": round(smallest, 4),
            "held_out": n,
        }
        passed = True if low > -self.margin else False if found < -self.margin else None
        verdict = {True: "not worse", False: "worse", None: "too close to tell"}[passed]
        detail = (
            f"{scores['candidate']:.3f} against {scores['champion']:.3f} on {n} held-out labels, "
            f"difference {found:+.3f} ({low:+.3f} to {high:+.3f}): {verdict} "
            f"(margin {self.margin}, smallest visible difference {smallest:.3f})"
        )
        return Check("accuracy", passed, detail, facts)

    def _interval(self, change: Floats, groups: NDArray[np.int64]) -> tuple[float, float, float]:
        """Give the bounds of the mean change, and the smallest loss seen four times in five."""
        from scipy.special import ndtri

        _, number = np.unique(groups, return_inverse=True)
        size, total = np.bincount(number), np.bincount(number, weights=change)
        rng = np.random.default_rng(self.random_state)
        means = np.zeros(DRAWS)
        even = np.full(len(size), 1 / len(size))
        for start in range(0, DRAWS, 100):  # some at a time: a large hold-out fits in memory
            weights = rng.multinomial(len(size), even, size=100)
            means[start : start + 100] = (weights @ total) / (weights @ size)
        found = float(change.mean())
        bounds = np.quantile(means, [1 - self.confidence, self.confidence])
        z = float(ndtri(self.confidence))
        half_pair = 1 / (len(change) + 2)
        down = float(np.hypot(found - bounds[0], z * half_pair))
        up = float(np.hypot(bounds[1] - found, z * half_pair))
        smallest = (z + float(ndtri(0.8))) * float(np.hypot(means.std(), half_pair))
        return found - down, found + up, smallest

    def _earlier(self, change: Floats, earlier: NDArray[np.bool_]) -> Check:
        """A candidate may be better on its own new labels alone: where these are poisoned."""
        name = "accuracy on earlier labels"
        known = change[earlier]
        if len(known) < self.minimum:
            detail = f"{len(known)} labels were held out before: not judged apart"
            return Check(name, True, detail, {"held_out": len(known)})
        found = float(known.mean())
        detail = (
            f"{found:+.3f} on the {len(known)} labels that were held out before, "
            f"{change[~earlier].mean():+.3f} on the {len(change) - len(known)} new ones"
        )
        facts = {"difference": round(found, 4), "held_out": len(known)}
        return Check(name, found >= -self.margin, detail, facts)

    def _topics(self, change: Floats, gold: Sequence[str]) -> Check:
        if len(gold) < self.minimum:
            return Check("topics", True, "too few held-out labels to judge topics apart")
        overall, rate = float(change.mean()), float(np.abs(change).mean())
        topics = np.asarray(gold)
        worst, name, seen = 0.0, "", 0.0
        for topic in sorted(set(gold)):
            own = change[topics == topic]
            # How often the models differ is told by all headlines better than by a few.
            error = max(rate / len(own), 0.25 / len(own) ** 2)
            weight = SPREAD**2 / (SPREAD**2 + error)
            estimate = overall + weight * (float(own.mean()) - overall)
            if estimate < worst:
                worst, name, seen = estimate, topic, float(own.mean())
        if not name:
            return Check("topics", True, "no topic loses", {"estimate": 0.0})
        detail = f"{name!r} changes by {worst:+.3f} as estimated ({seen:+.3f} as seen)"
        facts = {"topic": name, "estimate": round(worst, 4), "seen": round(seen, 4)}
        passed = worst >= -self.topic_margin
        detail += "" if passed else f"; a loss of {self.topic_margin} passes"
        return Check("topics", passed, detail, facts)

    def _floors(self, right: Floats, gold: Sequence[str]) -> Check:
        topics = np.asarray(gold)
        below, unjudged = {}, []
        for topic, floor in sorted(self.floors.items()):
            own = right[topics == topic] if len(gold) else right
            if len(own) < FEW:
                unjudged.append(topic)
            elif own.mean() < floor:
                below[topic] = round(float(own.mean()), 4)
        said = [f"{t!r} has a recall of {r:.3f}, its floor is {self.floors[t]}"
                for t, r in below.items()]  # fmt: skip
        if unjudged:
            said.append(f"fewer than {FEW} held-out labels of {', '.join(unjudged)}: not judged")
        detail = "; ".join(said) or ("all hold" if self.floors else "none are set")
        return Check("floors", not below, detail, {"below": below} if below else {})

    def _calibrated(
        self,
        confidence: Floats,
        right: NDArray[np.bool_],
        before: tuple[Floats, NDArray[np.bool_]] | None,
    ) -> Check:
        if len(right) < self.minimum:
            return Check("calibration", True, f"{len(right)} held-out labels: not judged")
        found, by_chance = self._beyond_chance(confidence, right)
        facts = {"error_beyond_chance": round(found, 4)}
        detail = f"error {found:.3f} beyond chance"
        if before is None:  # there is none to keep instead
            return Check("calibration", True, detail, facts)
        old, _ = self._beyond_chance(*before)
        limit = max(self.calibration, old + SLACK)
        facts["champion"] = round(old, 4)
        detail += f", the champion's {old:.3f} (limit {limit:.3f})"
        return Check("calibration", found <= limit or by_chance, detail, facts)

    def _beyond_chance(self, confidence: Floats, right: NDArray[np.bool_]) -> tuple[float, bool]:
        """Give the error less what a calibrated model would show, and if chance explains it."""
        rng = np.random.default_rng(self.random_state)
        drawn = rng.random((100, len(confidence))) < confidence
        chance = [calibration_error(confidence, row) for row in drawn]
        error = calibration_error(confidence, right)
        usual, largest = float(np.mean(chance)), float(np.quantile(chance, self.confidence))
        return max(0.0, error - usual), error <= largest


def _right(answers: Answers, gold: Sequence[str]) -> Floats:
    return np.array([t == g for t, g in zip(answers.topics, gold, strict=True)], dtype=np.float64)
