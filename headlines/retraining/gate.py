"""The gate: whether a candidate may take the champion's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.evaluation import calibration_error

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
BOOTSTRAP_DRAWS = 2000
CALIBRATED_DRAWS = 100

TOPIC_SPREAD = 0.28
"""Standard deviation of what topics gain or lose beside the mean of all, for the share of answers
that differ: models that are nearly the same have little to lose on a topic, and what is seen on a
few headlines is believed the less. Chosen on made cases (benchmarks/gate.py --choose)."""

MIN_FLOOR_LABELS = 10
"""Held-out labels of a topic below which its floor isn't judged."""

MAX_CALIBRATION_LOSS = 0.02
"""Calibration error by which a candidate may exceed the champion's, where both miss the limit."""


@dataclass(frozen=True)
class Answers:
    """A model's answers to n labelled headlines that it didn't learn from."""

    topics: Sequence[str]  # abstention off
    confidence: Floats  # their probabilities, which count for those held out alone

    def chosen(self, places: Sequence[bool]) -> Answers:
        """Give those to some of the headlines."""
        flags = np.asarray(places, dtype=np.bool_)
        return Answers(list(compress(self.topics, places)), self.confidence[flags])

    def named(self, today: Callable[[str], str]) -> Answers:
        """Give them by the names that topics have today."""
        names = {topic: today(topic) for topic in set(self.topics)}
        return Answers([names[topic] for topic in self.topics], self.confidence)

    def right(self, gold: Sequence[str]) -> Floats:
        """Give 1 for every headline whose topic is the gold one, else 0."""
        return np.array([t == g for t, g in zip(self.topics, gold, strict=True)], dtype=np.float64)

    def by_topic(self, gold: Sequence[str]) -> tuple[dict[str, float], dict[str, int]]:
        """Give the F1 of every gold topic, and how often it is said: by the labels and here."""
        said, right = Counter([*gold, *self.topics]), Counter(gold)
        right.subtract(g for g, own in zip(gold, self.topics, strict=True) if g != own)
        return {t: 2 * right[t] / said[t] for t in sorted(right)}, said


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    passed: bool | None  # None when there is too little to tell
    detail: str  # what was found, for a person
    facts: Mapping[str, Any] = field(default_factory=dict)  # the same as numbers and names
    unless_better: bool = False  # whether a candidate that gains more than the margin passes
    judged: bool = True  # False where it doesn't count, neither for the candidate nor against it

    @property
    def verdict(self) -> str:
        """Whether it passed, in words: passed, FAILED, can't tell, or not judged."""
        if not self.judged:
            return "not judged"
        return {True: "passed", False: "FAILED", None: "can't tell"}[self.passed]

    @classmethod
    def unjudged(cls, name: str, detail: str, facts: Mapping[str, Any] | None = None) -> Check:
        """Give a check that doesn't count here, and say why."""
        return cls(name=name, passed=None, detail=detail, facts=facts or {}, judged=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Check:
        """Read what `to_row` gave, as the audit log keeps it."""
        facts = dict(row)
        name, passed, detail = (facts.pop(key) for key in ("check", "passed", "detail"))
        judged = facts.pop("verdict", None) != "not judged"  # logs of old have no verdict
        return cls(name=name, passed=passed, detail=detail, facts=facts, judged=judged)

    def to_row(self) -> dict[str, Any]:
        """Give the check as one JSON object."""
        told = {"check": self.name, "passed": self.passed, "verdict": self.verdict}
        return {**told, "detail": self.detail, **self.facts}


@dataclass(frozen=True)
class Decision:
    """What the gate decided on a candidate."""

    accepted: bool
    reason: str
    scores: Mapping[str, float]  # accuracies on the same hold-out, and its size
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Gate:
    """Lets a candidate pass that is not worse than the champion, as far as labels can tell.

    Its parameters are the keys of ``[gate]`` in a configuration: `GateLimits` says what each is,
    and has its defaults from here.

    The test is one of non-inferiority: the lower bound of the difference in accuracy, by a
    paired bootstrap over groups of near-duplicates, must lie above ``-margin``. Half a pair is
    added each way (Agresti, Min 2005, Simple improved confidence intervals for comparing
    matched proportions): two models that agree on a few headlines aren't proven equal. Topics
    are judged by their F1, since one that the champion gives too freely has a high recall: by the
    posterior mean of its change under a normal prior around the mean of all (empirical Bayes,
    Efron, Morris 1975), as wide as the models differ. Calibration is judged by the error
    that remains when what a calibrated model of the same probabilities would show is taken off,
    or by how far the mean probability is above the share of right answers, if that is more.
    """

    margin: float = 0.02
    topic_margin: float = 0.002
    floors: Mapping[str, float] = field(default_factory=dict)
    calibration: float = 0.07
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
        held_out: Sequence[bool] | None = None,
        earlier: Sequence[bool] | None = None,
        drawn: Sequence[bool] | None = None,
        others: Sequence[Check] = (),
    ) -> Decision:
        """Compare two models, or one where there is no champion, on the same labelled headlines.

        Near-duplicates have a number in common (`groups`) and are drawn together. `held_out` tells
        which headlines no model ever learns from, all by default: scores, floors and calibration
        are theirs; to others both answered by what they learned from the rest, and these answers
        are compared as well. `earlier` tells which labels the champion knew: new ones can't vouch
        for a candidate that came with them. `drawn` tells whether a headline came as headlines
        come; calibration is judged on these, where they are enough. `others` is what else was
        looked at: data, drift, churn.
        """
        right, held, known = candidate.right(gold), _flags(held_out, gold), _flags(earlier, gold)
        scores = {"n": float(held.sum())}
        if held.any():
            scores["candidate"] = float(right[held].mean())
        judged = held & _flags(drawn, gold)
        if judged.sum() < self.minimum:
            judged = held
        checks = [*others, self._floors(right[held], list(compress(gold, held)))]
        before, gain = None, 0.0
        if champion is not None:
            theirs = champion.right(gold)
            if held.any():
                scores["champion"] = float(theirs[held].mean())
            change = right - theirs
            own = np.asarray(groups if groups is not None else range(len(gold)), dtype=np.int64)
            checks.append(self._accuracy(right, theirs, own))
            if not known.all():
                checks.append(self._earlier(change, known))
            checks.append(self._topics(candidate, champion, gold))
            before = (champion.confidence[judged], theirs[judged] > 0)
            vouching = change[known] if known.sum() >= self.minimum else change
            gain = float(vouching.mean()) if len(vouching) else 0.0
        checks.append(self._calibration(candidate.confidence[judged], right[judged] > 0, before))
        return self._decision(champion is None, scores, gain, tuple(checks))

    def _decision(
        self, first: bool, scores: Mapping[str, float], gain: float, checks: tuple[Check, ...]
    ) -> Decision:
        better = gain > self.margin
        failed = [c for c in checks if c.passed is False and not (c.unless_better and better)]
        unsure = [c.detail for c in checks if c.passed is None and c.judged]
        accepted = not failed
        if failed:
            reason = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        elif first:
            reason = "there was no champion"
        elif unsure:
            reason = f"{'; '.join(unsure)}; when_unsure is {self.when_unsure!r}"
            accepted = self.when_unsure == "promote"
        else:
            [reason] = [check.detail for check in checks if check.name == "accuracy"]
        return Decision(accepted=accepted, reason=reason, scores=scores, checks=checks)

    def _accuracy(self, right: Floats, theirs: Floats, groups: NDArray[np.int64]) -> Check:
        change, n = right - theirs, len(right)
        if n < self.minimum:
            detail = f"{n} labels can't tell (the gate wants {self.minimum})"
            return Check(name="accuracy", passed=None, detail=detail, facts={"labels": n})
        low, high, smallest = self._interval(change, groups)
        found = float(change.mean())
        passed, verdict = None, "too close to tell"
        if low > -self.margin:
            passed, verdict = True, "not worse"
        elif found < -self.margin:
            passed, verdict = False, "worse"
        detail = (
            f"{right.mean():.3f} against {theirs.mean():.3f} on {n} labels, "
            f"difference {found:+.3f} ({low:+.3f} to {high:+.3f}): {verdict} "
            f"(margin {self.margin}, smallest visible difference {smallest:.3f})"
        )
        seen = {"difference": found, "low": low, "high": high, "smallest_visible": smallest}
        facts = {key: round(value, 4) for key, value in seen.items()} | {"labels": n}
        return Check(name="accuracy", passed=passed, detail=detail, facts=facts)

    def _interval(self, change: Floats, groups: NDArray[np.int64]) -> tuple[float, float, float]:
        """Give the bounds of the mean change, and the smallest loss seen four times in five."""
        from scipy.special import ndtri

        _, number = np.unique(groups, return_inverse=True)
        size, total = np.bincount(number), np.bincount(number, weights=change)
        rng = np.random.default_rng(self.random_state)
        means = np.zeros(BOOTSTRAP_DRAWS)
        even = np.full(len(size), 1 / len(size))
        for start in range(0, BOOTSTRAP_DRAWS, 100):  # some at a time: a large hold-out fits
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

    def _earlier(self, change: Floats, earlier: Flags) -> Check:
        """A candidate may be better on its own new labels alone: where these are poisoned."""
        name = "accuracy on earlier labels"
        known = change[earlier]
        if len(known) < self.minimum:
            detail = f"the champion knew {len(known)} labels: too few to judge apart"
            return Check.unjudged(name, detail, {"labels": len(known)})
        found = float(known.mean())
        detail = (
            f"{found:+.3f} on the {len(known)} labels that the champion knew, "
            f"{change[~earlier].mean():+.3f} on the {len(change) - len(known)} new ones"
        )
        facts = {"difference": round(found, 4), "labels": len(known)}
        return Check(name=name, passed=found >= -self.margin, detail=detail, facts=facts)

    def _topics(self, candidate: Answers, champion: Answers, gold: Sequence[str]) -> Check:
        if len(gold) < self.minimum:
            return Check.unjudged("topics", "too few labels to judge topics apart")
        change = candidate.right(gold) - champion.right(gold)
        overall, rate = float(change.mean()), float(np.abs(change).mean())
        prior = (TOPIC_SPREAD * rate) ** 2
        (now, mentions), (before, others) = (some.by_topic(gold) for some in (candidate, champion))
        estimates = []
        for topic in now:
            seen, size = now[topic] - before[topic], (mentions[topic] + others[topic]) / 2
            # How often the models differ is told by all headlines better than by a few.
            error = max(rate / size, 1 / size**2)
            believed = prior / (prior + error)
            estimates.append((overall + believed * (seen - overall), topic, seen))
        worst, topic, seen = min(estimates, key=lambda estimate: estimate[0])
        if worst >= 0:
            none = {"estimate": 0.0}
            return Check(name="topics", passed=True, detail="no topic loses", facts=none)
        passed = worst >= -self.topic_margin
        detail = f"F1 of {topic!r} changes by {worst:+.3f} as estimated ({seen:+.3f} as seen)"
        detail += "" if passed else f"; a loss of {self.topic_margin} passes"
        facts = {"topic": topic, "estimate": round(worst, 4), "seen": round(seen, 4)}
        return Check(name="topics", passed=passed, detail=detail, facts=facts)

    def _floors(self, right: Floats, gold: Sequence[str]) -> Check:
        below, unjudged, said = {}, [], []
        for topic, floor in sorted(self.floors.items()):
            own = right[[g == topic for g in gold]] if len(gold) else right
            if len(own) < MIN_FLOOR_LABELS:
                unjudged.append(topic)
            elif own.mean() < floor:
                below[topic] = round(float(own.mean()), 4)
                said.append(f"{topic!r} has a recall of {below[topic]:.3f}, its floor is {floor}")
        if unjudged:
            few = f"fewer than {MIN_FLOOR_LABELS} held-out labels"
            said.append(f"{few} of {', '.join(unjudged)}: not judged")
        detail = "; ".join(said) or ("all hold" if self.floors else "none are set")
        facts = {"below": below} if below else {}
        if len(unjudged) == len(self.floors):
            return Check.unjudged("floors", detail)
        return Check(name="floors", passed=not below, detail=detail, facts=facts)

    def _calibration(
        self, confidence: Floats, right: Flags, before: tuple[Floats, Flags] | None
    ) -> Check:
        name = "calibration"
        if len(right) < self.minimum:
            return Check.unjudged(name, f"{len(right)} held-out labels: too few")
        found, by_chance = self._beyond_chance(confidence, right)
        facts = {"error_beyond_chance": round(found, 4)}
        detail = f"error {found:.3f} beyond chance"
        if before is None:  # there is none to keep instead
            return Check(name=name, passed=True, detail=detail, facts=facts)
        old, _ = self._beyond_chance(*before)
        limit = max(self.calibration, old + MAX_CALIBRATION_LOSS)
        facts["champion"] = round(old, 4)
        detail += f", the champion's {old:.3f} (limit {limit:.3f})"
        return Check(name=name, passed=found <= limit or by_chance, detail=detail, facts=facts)

    def _beyond_chance(self, confidence: Floats, right: Flags) -> tuple[float, bool]:
        """Give the error less what a calibrated model would show, and if chance explains it.

        The error is that of the bins, or what the model claims above what it keeps, if more.
        """
        rng = np.random.default_rng(self.random_state)
        drawn = rng.random((CALIBRATED_DRAWS, len(confidence))) < confidence
        chance = [calibration_error(confidence, row) for row in drawn]
        boasts = confidence.mean() - drawn.mean(axis=1)
        error, boast = calibration_error(confidence, right), float(confidence.mean() - right.mean())
        usual, largest = float(np.mean(chance)), float(np.quantile(chance, self.confidence))
        by_chance = error <= largest and boast <= float(np.quantile(boasts, self.confidence))
        return max(0.0, error - usual, boast), by_chance


def _flags(given: Sequence[bool] | None, gold: Sequence[str]) -> Flags:
    """Give a flag for each headline, all up where none are given."""
    return np.asarray([True] * len(gold) if given is None else given, dtype=np.bool_)
