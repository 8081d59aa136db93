"""Drift: how a feed differs from the one that a model was trained on, and what is new in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import unit_rows
from headlines.errors import ModelError
from headlines.feeds.headline import Headline
from headlines.labeling.labeler import HeadlineLabeler
from headlines.model.examples import Reference, sampled_places
from headlines.model.scorer import probabilities_of

Floats = NDArray[np.float64]
NONE = "(none)"  # what is no news of the topics

MIN_COMPARED_HEADLINES = 50
"""Distinct headlines of either side below which nothing can be said."""

MAX_PAIRED_HEADLINES = 1000  # of each side, which are compared pair by pair
PERMUTATIONS = 199

MAX_CLUSTERED_HEADLINES = 5000
"""Headlines among which new topics are looked for, the last ones of the feed."""

MIN_ALARM_GROWTH, MAX_ALARM_P_VALUE, MIN_ALARM_HEADLINES = 3.0, 0.001, 5
"""What a cluster must have grown by, the p-value of no growth after Bonferroni's correction, and
the distinct headlines that it must have, to raise the alarm."""


@dataclass(frozen=True)
class Shift:
    """One way in which a feed may differ."""

    name: str  # topics, space or confidence
    test: str
    p_value: float  # of no difference
    effect: float  # how large the difference is, whatever the number of headlines
    meaning: str  # of the effect, in words

    def to_row(self) -> dict[str, Any]:
        """Give the shift as one JSON object."""
        return {
            "test": self.test,
            "p_value": round(self.p_value, 6),
            "effect": round(self.effect, 4),
            "meaning": self.meaning,
        }


@dataclass(frozen=True)
class NewTopic:
    """A cluster that grows and that no topic covers."""

    name: str  # phrases of its headlines
    medoid: str  # the headline nearest to all
    headlines: int  # distinct ones in the feed that are near it
    growth: float  # its share of the feed over its share of what the model was trained on
    p_value: float  # of no growth, times the number of clusters looked at
    examples: tuple[str, ...]

    def to_row(self) -> dict[str, Any]:
        """Give the alarm as one JSON object."""
        short = {"growth": round(self.growth, 2), "p_value": float(f"{self.p_value:.3g}")}
        return asdict(self) | short


@dataclass(frozen=True)
class Drift:
    """How a feed differs from the one that a model was trained on, its reference."""

    reference: int  # distinct headlines compared
    feed: int
    topics: Shift  # of their shares
    space: Shift  # of the vectors
    confidence: Shift  # of the probabilities of the first topics
    shares: Mapping[str, tuple[float, float]]  # of each topic before and now
    new_topics: tuple[NewTopic, ...]  # the largest first

    def to_row(self) -> dict[str, Any]:
        """Give all of it as one JSON object."""
        return {
            "reference": self.reference,
            "feed": self.feed,
            **{s.name: s.to_row() for s in (self.topics, self.space, self.confidence)},
            "shares": {
                topic: {"before": round(a, 4), "now": round(b, 4)}
                for topic, (a, b) in self.shares.items()
            },
            "new_topics": [new.to_row() for new in self.new_topics],
        }


def measure_drift(
    labeler: HeadlineLabeler, headlines: Sequence[Headline], *, random_state: int = 0
) -> Drift:
    """Compare a feed with the one that a model was trained on.

    Raises ModelError when that one is too small or wasn't kept, ValueError when the headlines
    are too few.

    Shares of topics: chi-squared test; the effect is the total variation distance, the share of
    headlines that another topic has now. Vectors: energy distance (Székely, Rizzo 2013) with a
    permutation test; the effect is its coefficient of inhomogeneity, 0 for equal
    distributions, at most 1. Confidence: Kolmogorov and Smirnov's test against headlines that
    the model didn't learn from, where it kept 50 or more of them; the effect is the largest
    distance between the two distributions. A cluster is new where its share has grown
    threefold over the reference beyond chance (binomial test, Bonferroni's correction) and
    topics hold for less than half of it.
    """
    reference = labeler.state.reference
    known = 0 if reference is None else len(reference.terms)
    if reference is None or known < MIN_COMPARED_HEADLINES:
        raise ModelError(
            f"model {labeler.model}: was trained with a feed of {known} headlines, and "
            f"{MIN_COMPARED_HEADLINES} are wanted to compare with; train it again with the feed "
            "that it is used on"
        )
    texts = [h.text for h in headlines if h.duplicate_of is None]
    now = Reference.of(texts, labeler.embedder, random_state)
    if len(now.terms) < MIN_COMPARED_HEADLINES:
        raise ValueError(
            f"{len(now.terms)} distinct headlines, {MIN_COMPARED_HEADLINES} are wanted to tell "
            "drift from chance"
        )
    before, after = _answers(labeler, reference), _answers(labeler, now)
    shares, topics = _topic_shift(before[0], after[0], (*labeler.topics, NONE))
    there, here = _vectors(labeler, reference), _vectors(labeler, now)
    return Drift(
        reference=len(reference.terms),
        feed=len(now.terms),
        topics=topics,
        space=_space_shift(there, here, random_state),
        confidence=_confidence_shift(before[1][_unbiased(reference)], after[1]),
        shares=shares,
        new_topics=_new_topics(labeler, headlines, there),
    )


def _answers(labeler: HeadlineLabeler, known: Reference) -> tuple[list[str], Floats]:
    """Give the topics and their probabilities."""
    logits = labeler.state.logits_of_terms(known.terms, known.words)
    shares = probabilities_of(logits[:, :-1])
    names = [labeler.topics[i] for i in shares.argmax(axis=1)]
    is_news = logits[:, -1] >= 0
    return [n if news else NONE for n, news in zip(names, is_news, strict=True)], shares.max(axis=1)


def _unbiased(reference: Reference) -> NDArray[np.bool_]:
    """Tell which headlines' probabilities are those of headlines that weren't learned from."""
    unseen = np.array(reference.unseen, dtype=np.bool_)
    if unseen.sum() >= MIN_COMPARED_HEADLINES:
        return unseen
    return np.ones(len(reference.terms), dtype=np.bool_)  # too few, or the model is older


def _vectors(labeler: HeadlineLabeler, known: Reference) -> Floats:
    return unit_rows(labeler.embedder.sums_of_terms(known.terms)[0])


def _topic_shift(
    before: Sequence[str], after: Sequence[str], names: Sequence[str]
) -> tuple[dict[str, tuple[float, float]], Shift]:
    from scipy.stats import chi2_contingency

    counts = [Counter(before), Counter(after)]
    seen = [name for name in names if counts[0][name] + counts[1][name]]
    table = np.array([[side[name] for name in seen] for side in counts], dtype=np.float64)
    p_value = float(chi2_contingency(table)[1]) if len(seen) > 1 else 1.0
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    shift = Shift(
        name="topics",
        test="chi-squared",
        p_value=p_value,
        effect=distance,
        meaning="share of headlines that another topic has now",
    )
    return {n: (float(a), float(b)) for n, a, b in zip(seen, *shares, strict=True)}, shift


def _space_shift(before: Floats, after: Floats, random_state: int) -> Shift:
    rng = np.random.default_rng(random_state)
    one, other = (
        side[sampled_places(len(side), MAX_PAIRED_HEADLINES, rng)] for side in (before, after)
    )
    points = np.vstack([one, other])
    distances = np.sqrt(np.maximum(0.0, 2 - 2 * (points @ points.T)))
    np.fill_diagonal(distances, 0.0)
    mine = np.arange(len(points)) < len(one)
    found, coefficient = _energy(distances, mine[:, None])
    drawn = np.stack([rng.permutation(mine) for _ in range(PERMUTATIONS)], axis=1)
    larger = int((_energy(distances, drawn)[0] >= found - 1e-9).sum())
    return Shift(
        name="space",
        test="energy distance",
        p_value=(1 + larger) / (1 + PERMUTATIONS),
        effect=float(coefficient[0]),
        meaning="distance between the feeds' vectors (0 to 1)",
    )


def _energy(distances: Floats, mine: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Give energy distances and coefficients for several ways, by column, to part the points."""
    a, b = mine.astype(np.float64), (~mine).astype(np.float64)
    n, m = a.sum(axis=0), b.sum(axis=0)
    to_a = distances @ a
    across = (b * to_a).sum(axis=0) / (n * m)
    within = (a * to_a).sum(axis=0) / (n * n) + (b * (distances @ b)).sum(axis=0) / (m * m)
    energy = 2 * across - within
    return energy, np.maximum(0.0, energy) / np.maximum(2 * across, 1e-12)


def _confidence_shift(before: Floats, after: Floats) -> Shift:
    from scipy.stats import ks_2samp

    found = ks_2samp(before, after)
    mean = float(after.mean() - before.mean())
    return Shift(
        name="confidence",
        test="Kolmogorov-Smirnov",
        p_value=float(found.pvalue),
        effect=float(found.statistic),
        meaning=f"largest distance between distributions (mean {mean:+.3f})",
    )


def _new_topics(
    labeler: HeadlineLabeler, headlines: Sequence[Headline], reference: Floats
) -> tuple[NewTopic, ...]:
    from scipy.stats import binomtest

    distinct = [h for h in headlines if h.duplicate_of is None][-MAX_CLUSTERED_HEADLINES:]
    found = labeler.cluster(distinct, level="story")
    points = np.asarray(labeler.embedder.vectors([h.text for h in distinct]), dtype=np.float64)
    members: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(found.headlines):
        members[row.cluster].append(place)
    alarms = []
    for cluster in found.clusters:
        places = members[cluster.cluster]
        if cluster.covered or len(places) - cluster.copies < MIN_ALARM_HEADLINES:
            continue
        centre = points[places].mean(axis=0)
        # Near is what four in five of its own headlines are.
        near = float(np.quantile(points[places] @ centre, 0.2))
        here, there = int((points @ centre >= near).sum()), int((reference @ centre >= near).sum())
        share = len(points) / (len(points) + len(reference))
        p_value = float(binomtest(here, here + there, share, alternative="greater").pvalue)
        p_value = min(1.0, p_value * len(found.clusters))
        growth = (here / len(points)) / ((there + 1) / (len(reference) + 1))
        if growth >= MIN_ALARM_GROWTH and p_value < MAX_ALARM_P_VALUE:
            strongest = sorted(places, key=lambda i: -float(points[i] @ centre))[:3]
            new = NewTopic(
                name=cluster.name,
                medoid=cluster.medoid,
                headlines=here,
                growth=growth,
                p_value=p_value,
                examples=tuple(distinct[i].headline for i in strongest),
            )
            alarms.append(new)
    return tuple(sorted(alarms, key=lambda a: (-a.headlines, a.name)))
