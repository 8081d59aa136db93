"""How good a labeler is, near-duplicates kept together, and whether another one is worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.display.table import html_parts, html_table

Floats = NDArray[np.float64]

BINS = 10
"""Of about equally many answers each, in which probabilities are compared with what is right."""

BOOTSTRAP_DRAWS = 1000


@dataclass(frozen=True)
class TopicScore:
    """Scores of one topic; each between 0 and 1."""

    topic: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Bin:
    """n answers of about the same probability (its mean), and the share of them that is right."""

    probability: float
    right: float
    n: int


@dataclass(frozen=True)
class Suspect:
    """A label that may be wrong.

    By the `place` of its headline among those scored; `probability` is what the model gives to it.
    """

    place: int
    gold: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Reliability:
    """What a model's probabilities are worth.

    `risk` holds shares of headlines answered, the surest first, and of wrong answers among these.
    """

    calibration_error: float  # expected, in 10 bins of equal mass
    brier: float  # over all topics, 0 to 2
    log_loss: float
    bins: tuple[Bin, ...]  # by rising probability
    risk: tuple[tuple[float, float], ...]
    suspects: tuple[Suspect, ...]  # what `suspected_errors` finds


@dataclass(frozen=True)
class Evaluation:
    """Scores of predictions against gold labels, as `evaluate` gives them.

    Attributes
    ----------
    n : int
        Headlines scored.
    accuracy : float
        Share whose topic is the gold topic.
    interval : tuple of float
        95 % bootstrap interval of the accuracy.
    lenient : float
        Share whose topic is the gold topic or one of the further ones.
    macro_f1 : float
        Mean F1 of the topics that occur among gold labels or predictions.
    f1_interval : tuple of float
        95 % bootstrap interval of `macro_f1`.
    topics : tuple of TopicScore
    confusion : mapping of (str, str) to int
        Headlines by gold topic and predicted topic ("" for none), where there are any.
    reliability : Reliability or None
        None without probabilities.
    periods : tuple of (str, int, float)
        Name, number of headlines and accuracy of the earlier and the later half, where every
        headline has a date.

    Examples
    --------
    >>> found = evaluate(["courts", "courts", None], ["courts", "courts", "drones"])
    >>> found.accuracy, found.confusion["drones", ""]
    (0.6666666666666666, 1)
    """

    n: int
    accuracy: float
    interval: tuple[float, float]
    lenient: float
    macro_f1: float
    f1_interval: tuple[float, float]
    topics: tuple[TopicScore, ...]
    confusion: Mapping[tuple[str, str], int]
    reliability: Reliability | None = None
    periods: tuple[tuple[str, int, float], ...] = ()

    def summary(self) -> dict[str, float | int]:
        """Give the overall scores, rounded to 4 digits."""
        scores = {
            "accuracy": self.accuracy,
            "accuracy_low": self.interval[0],
            "accuracy_high": self.interval[1],
            "lenient": self.lenient,
            "macro_f1": self.macro_f1,
            "macro_f1_low": self.f1_interval[0],
            "macro_f1_high": self.f1_interval[1],
        }
        if self.reliability is not None:
            scores["calibration_error"] = self.reliability.calibration_error
            scores["brier"] = self.reliability.brier
            scores["log_loss"] = self.reliability.log_loss
        return {"n": self.n, **{name: round(score, 4) for name, score in scores.items()}}

    def to_plain(self, headlines: Sequence[str]) -> dict[str, Any]:
        """Give what `summary` leaves out as plain data; `headlines` are those scored."""
        plain: dict[str, Any] = {
            "topics": {
                t.topic: {"precision": t.precision, "recall": t.recall, "f1": t.f1, "n": t.support}
                for t in self.topics
            },
            "confusion": [
                {"gold": gold, "predicted": topic or None, "n": n}
                for (gold, topic), n in sorted(self.confusion.items())
            ],
            "periods": [{"period": p, "n": n, "accuracy": a} for p, n, a in self.periods],
        }
        if self.reliability is not None:
            plain["reliability"] = [asdict(part) for part in self.reliability.bins]
            plain["risk"] = [{"answered": a, "wrong": w} for a, w in self.reliability.risk]
            plain["suspects"] = [
                {"headline": headlines[s.place], **asdict(s)} for s in self.reliability.suspects
            ]
        return plain

    def _repr_html_(self) -> str:
        scores: list[tuple[str, float, str | None]] = [
            ("accuracy", self.accuracy, _between(self.interval)),
            ("accuracy, further topics accepted", self.lenient, None),
            ("mean F1 of topics", self.macro_f1, _between(self.f1_interval)),
        ]
        topics = sorted(self.topics, key=lambda t: (-t.support, t.topic))
        told = self.reliability
        if told:
            scores.append(("expected calibration error", told.calibration_error, None))
            scores += [("Brier score", told.brier, None), ("log loss", told.log_loss, None)]
        head = ["topic", "headlines", "precision", "recall", "F1"]
        rows = [(t.topic, t.support, t.precision, t.recall, t.f1) for t in topics]
        return html_parts(
            html_table(
                ["score", "value", "95 % interval"],
                scores,
                f"{self.n:,} headlines scored",
                digits=3,
            ),
            html_table(head, rows),
            html_table(["period", "headlines", "accuracy"], self.periods) if self.periods else "",
            html_table(
                ["mean probability of answers", "right among them", "answers"],
                [(b.probability, b.right, b.n) for b in told.bins],
                "Calibration",
            )
            if told
            else "",
        )


def _between(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


def evaluate(
    predicted: Sequence[str | None],
    gold: Sequence[str],
    also: Sequence[Sequence[str]] | None = None,
    *,
    probabilities: Sequence[Mapping[str, float]] | None = None,
    groups: Sequence[int] | None = None,
    dates: Sequence[str | None] | None = None,
    random_state: int = 0,
) -> Evaluation:
    """Score predicted topics against gold ones.

    Parameters
    ----------
    predicted, gold : sequences of str
        n topics each; a prediction may be None (abstained), which counts as wrong.
    also : sequence of sequences of str, optional
        Further topics that the lenient score accepts.
    probabilities : sequence of mappings of str to float, optional
        Of each headline the probability of every topic.
    groups : sequence of int, optional
        Headlines of a group, as near-duplicates are, are drawn together by the bootstrap.
    dates : sequence of str or None, optional
        ISO dates, for scores of the earlier and the later half.
    random_state : int, default 0

    Raises
    ------
    ValueError
        When there is nothing to score or lengths differ.

    Examples
    --------
    >>> evaluate(["courts", "drones"], ["courts", "military"], [[], ["drones"]]).lenient
    1.0
    """
    further = also if also is not None else [()] * len(gold)
    own = groups if groups is not None else range(len(gold))
    if not gold or not len(predicted) == len(gold) == len(further) == len(own):
        raise ValueError(
            f"{len(predicted)} predictions, {len(gold)} gold topics, {len(further)} further "
            f"ones and {len(own)} groups; expected the same number, 1 or more"
        )
    names, pairs = _paired(predicted, gold)
    hits = (pairs[:, 0] == pairs[:, 1]).astype(np.float64)
    lenient = [h or p in a for h, p, a in zip(hits, predicted, further, strict=True)]
    low, high = _bootstrap(pairs, len(names), np.asarray(own), random_state)
    topics = _topic_scores(names, pairs)
    return Evaluation(
        n=len(gold),
        accuracy=float(hits.mean()),
        interval=(float(low[0]), float(high[0])),
        lenient=float(np.mean(lenient)),
        macro_f1=float(np.mean([t.f1 for t in topics])),
        f1_interval=(float(low[1]), float(high[1])),
        topics=topics,
        confusion=dict(Counter((g, p or "") for p, g in zip(predicted, gold, strict=True))),
        reliability=_reliability(probabilities, gold) if probabilities is not None else None,
        periods=_periods(hits, dates) if dates is not None else (),
    )


def _paired(
    predicted: Sequence[str | None], gold: Sequence[str]
) -> tuple[list[str], NDArray[np.int64]]:
    """Give the topics that occur, and gold and prediction by number; beyond the last for none."""
    names = sorted({*gold, *(p for p in predicted if p is not None)})
    number = {name: i for i, name in enumerate(names)}
    pairs = [
        (number[g], number.get(p or "", len(names))) for g, p in zip(gold, predicted, strict=True)
    ]
    return names, np.array(pairs)


def _periods(
    hits: NDArray[np.float64], dates: Sequence[str | None]
) -> tuple[tuple[str, int, float], ...]:
    known = [date for date in dates if date]
    if len(known) < max(2, len(hits)):
        return ()
    order = np.argsort(np.array(known), kind="stable")
    early, late = order[: len(order) // 2], order[len(order) // 2 :]
    return (
        (f"until {known[early[-1]][:10]}", len(early), float(hits[early].mean())),
        (f"from {known[late[0]][:10]}", len(late), float(hits[late].mean())),
    )


def _bootstrap(
    pairs: NDArray[np.int64], n_topics: int, groups: NDArray[Any], random_state: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the 2.5 % and 97.5 % quantiles of accuracy and macro-F1 over draws of groups."""
    rng = np.random.default_rng(random_state)
    _, number = np.unique(groups, return_inverse=True)
    n_groups = int(number.max()) + 1
    scores = np.zeros((BOOTSTRAP_DRAWS, 2))
    for draw in range(len(scores)):
        weight = np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[number]
        right, claimed, support = _counts(pairs, n_topics, weight)
        seen = claimed + support > 0
        f1 = 2 * right[seen] / (claimed + support)[seen]
        scores[draw] = right.sum() / max(1.0, support.sum()), f1.mean() if len(f1) else 0.0
    low, high = np.quantile(scores, [0.025, 0.975], axis=0)
    return low, high


def _counts(
    pairs: NDArray[np.int64], n_topics: int, weight: NDArray[Any] | float
) -> tuple[Floats, Floats, Floats]:
    """Count, topic by topic, right answers, answers and gold labels."""
    table = np.zeros((n_topics, n_topics + 1))
    np.add.at(table, (pairs[:, 0], pairs[:, 1]), weight)
    return np.diagonal(table), table[:, :n_topics].sum(axis=0), table.sum(axis=1)


def _topic_scores(names: Sequence[str], pairs: NDArray[np.int64]) -> tuple[TopicScore, ...]:
    right, claimed, support = _counts(pairs, len(names), 1.0)
    scores = {
        "topic": names,
        "precision": (right / np.maximum(claimed, 1)).tolist(),
        "recall": (right / np.maximum(support, 1)).tolist(),
        "f1": (2 * right / (claimed + support)).tolist(),
        "support": support.astype(int).tolist(),
    }
    rows = zip(*scores.values(), strict=True)
    return tuple(TopicScore(**dict(zip(scores, row, strict=True))) for row in rows)


def _reliability(
    probabilities: Sequence[Mapping[str, float]], gold: Sequence[str]
) -> Reliability | None:
    """Judge probabilities; None where a gold topic isn't among the model's."""
    names = sorted(probabilities[0])
    if not set(gold) <= set(names):
        return None
    shares = np.array([[row[name] for name in names] for row in probabilities])
    y = np.array([names.index(g) for g in gold])
    best = shares.argmax(axis=1)
    scores, right = shares.max(axis=1), best == y
    order = np.argsort(scores, kind="stable")
    wrong = np.cumsum(~right[order[::-1]])
    counts = np.unique(np.linspace(len(y) / 10, len(y), 10).astype(int))
    counts = counts[counts > 0]
    return Reliability(
        calibration_error=calibration_error(scores, right),
        brier=brier_score(shares, y),
        log_loss=log_loss(shares, y),
        bins=reliability_bins(scores, right),
        risk=tuple((float(c / len(y)), float(wrong[c - 1] / c)) for c in counts),
        suspects=tuple(
            Suspect(
                place=int(i),
                gold=gold[i],
                predicted=names[int(best[i])],
                probability=float(shares[i, y[i]]),
            )
            for i in suspected_errors(shares, y)
        ),
    )


def suspected_errors(probabilities: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find labels that a model contradicts as firmly as it usually agrees.

    From the probabilities, shape (n, n_classes), of samples that it wasn't trained on, and their
    labels by number, the places of suspected errors, the least probable label first (Northcutt,
    Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels).

    Examples
    --------
    >>> suspected_errors(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]]),
    ...                  np.array([0, 0, 1, 1])).tolist()
    [3]
    """
    n_classes = probabilities.shape[1]
    usual = np.array(
        [probabilities[y == k, k].mean() if (y == k).any() else np.inf for k in range(n_classes)]
    )
    firm = np.where(probabilities >= usual - 1e-9, probabilities, 0.0)
    best = firm.argmax(axis=1)
    suspects = np.flatnonzero((firm.max(axis=1) > 0) & (best != y))
    own = probabilities[suspects, y[suspects]]
    return np.asarray(suspects[np.argsort(own, kind="stable")])


def _bins(scores: Floats) -> list[NDArray[np.intp]]:
    """Give the places of about equally many scores each, by rising score."""
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return [part for part in parts if len(part)]


def reliability_bins(scores: Floats, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Hold the probabilities of answers against the share that is right, both of shape (n,)."""
    parts = _bins(scores)
    return tuple(Bin(float(scores[p].mean()), float(right[p].mean()), len(p)) for p in parts)


def calibration_error(scores: Floats, right: NDArray[np.bool_]) -> float:
    """Give the expected calibration error of top probabilities, in bins of equal mass.

    The mean distance between the probabilities of answers and the share of them that is right,
    both of shape (n,).
    """
    gaps = [len(p) * abs(scores[p].mean() - right[p].mean()) for p in _bins(scores)]
    return float(sum(gaps) / max(1, len(scores)))


def brier_score(probabilities: Floats, y: NDArray[np.int64]) -> float:
    """Give the mean squared distance between probabilities and the truth, from 0 to 2."""
    truth = np.eye(probabilities.shape[1])[y]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def log_loss(probabilities: Floats, y: NDArray[np.int64]) -> float:
    """Give the mean of minus the logarithm of the probability of the true class."""
    own = probabilities[np.arange(len(y)), y]
    return float(-np.log(np.maximum(own, 1e-15)).mean())
