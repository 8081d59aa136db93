"""How good a labeler is, near-duplicates kept together, and whether another one is worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decision", "Evaluation", "Gate", "TopicScore", "evaluate", "near_duplicate_groups"]


@dataclass(frozen=True)
class TopicScore:
    """Scores of one topic; each between 0 and 1."""

    topic: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Evaluation:
    """Scores of predictions against gold labels.

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
    topics : tuple of TopicScore
    """

    n: int
    accuracy: float
    interval: tuple[float, float]
    lenient: float
    macro_f1: float
    topics: tuple[TopicScore, ...]

    def summary(self) -> dict[str, float | int]:
        """Give the overall scores, rounded to 4 digits."""
        return {
            "n": self.n,
            "accuracy": round(self.accuracy, 4),
            "accuracy_low": round(self.interval[0], 4),
            "accuracy_high": round(self.interval[1], 4),
            "lenient": round(self.lenient, 4),
            "macro_f1": round(self.macro_f1, 4),
        }


def evaluate(
    predicted: Sequence[str | None],
    gold: Sequence[str],
    also: Sequence[Sequence[str]] | None = None,
    *,
    random_state: int = 0,
) -> Evaluation:
    """Score predicted topics against gold ones.

    Parameters
    ----------
    predicted : sequence of str or None
        n topics; None (abstained) counts as wrong.
    gold : sequence of str
        n topics.
    also : sequence of sequences of str, optional
        Further topics that the lenient score accepts.
    random_state : int, default 0
        Seed of the bootstrap (1,000 draws).

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        When lengths differ or nothing is given.

    Examples
    --------
    >>> evaluate(["courts", "drones"], ["courts", "rights"]).accuracy
    0.5
    """
    if len(predicted) != len(gold) or not len(gold):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} gold labels")
    hits = np.array([p == g for p, g in zip(predicted, gold, strict=True)])
    further = also if also is not None else [()] * len(gold)
    lenient = [h or p in a for h, p, a in zip(hits, predicted, further, strict=True)]
    rng = np.random.default_rng(random_state)
    draws = hits[rng.integers(0, len(hits), (1000, len(hits)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    names = sorted({*gold, *(p for p in predicted if p is not None)})
    topics = tuple(_topic_score(name, predicted, gold) for name in names)
    return Evaluation(
        n=len(gold),
        accuracy=float(hits.mean()),
        interval=(float(low), float(high)),
        lenient=float(np.mean(lenient)),
        macro_f1=float(np.mean([t.f1 for t in topics])),
        topics=topics,
    )


def _topic_score(name: str, predicted: Sequence[str | None], gold: Sequence[str]) -> TopicScore:
    right = sum(p == g == name for p, g in zip(predicted, gold, strict=True))
    claimed, support = sum(p == name for p in predicted), sum(g == name for g in gold)
    precision = right / claimed if claimed else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * right / (claimed + support) if claimed + support else 0.0
    return TopicScore(name, precision, recall, f1, support)


def near_duplicate_groups(
    words: Sequence[Sequence[int]], threshold: float = 0.6
) -> NDArray[np.int64]:
    """Group headlines whose sets of words overlap, directly or through others.

    Parameters
    ----------
    words : sequence of sequences of int
        The words of each of n headlines, as numbers.
    threshold : float, default 0.6
        Jaccard similarity from which two headlines belong together.

    Returns
    -------
    ndarray of int64, shape (n,)
        A group number for each headline.

    Examples
    --------
    >>> near_duplicate_groups([[1, 2, 3], [4, 5], [1, 2, 3, 6]]).tolist()
    [0, 1, 0]
    """
    from scipy import sparse

    sets = [sorted(set(w)) for w in words]
    flat = np.array([w for s in sets for w in s], dtype=np.int64)
    vocabulary, columns = np.unique(flat, return_inverse=True)
    bounds = np.concatenate([[0], np.cumsum([len(s) for s in sets])])
    matrix = sparse.csr_matrix(
        (np.ones(len(flat)), columns.reshape(-1), bounds), shape=(len(sets), len(vocabulary))
    )
    shared = (matrix @ matrix.T).tocoo()
    sizes = np.diff(bounds)
    union = sizes[shared.row] + sizes[shared.col] - shared.data
    close = shared.data >= threshold * union
    graph = sparse.csr_matrix(
        (np.ones(int(close.sum())), (shared.row[close], shared.col[close])),
        shape=(len(sets), len(sets)),
    )
    return np.asarray(sparse.csgraph.connected_components(graph)[1], dtype=np.int64)


@dataclass(frozen=True)
class Decision:
    """What the gate decided on a candidate.

    Attributes
    ----------
    accepted : bool
    reason : str
    scores : mapping
        Accuracy of candidate and champion on the same hold-out.
    """

    accepted: bool
    reason: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Gate:
    """Lets a candidate pass that is not worse than the champion.

    Parameters
    ----------
    margin : float, default 0.02
        Loss of accuracy, between 0 and 1, that still counts as not worse.
    minimum : int, default 20
        Held-out headlines below which the gate can't tell.
    when_unsure : {"keep", "promote"}, default "keep"
        What happens then: the champion stays, or the candidate takes its place.
    """

    margin: float = 0.02
    minimum: int = 20
    when_unsure: str = "keep"

    def decide(
        self,
        candidate: Sequence[str | None],
        champion: Sequence[str | None] | None,
        gold: Sequence[str],
    ) -> Decision:
        """Compare two models on the same held-out headlines.

        Parameters
        ----------
        candidate, champion : sequence of str or None
            Predicted topics; no champion yet is None.
        gold : sequence of str

        Returns
        -------
        Decision
        """
        n = len(gold)
        new = float(np.mean([p == g for p, g in zip(candidate, gold, strict=True)])) if n else 0.0
        if champion is None:
            return Decision(True, "there was no champion", {"candidate": new})
        old = float(np.mean([p == g for p, g in zip(champion, gold, strict=True)])) if n else 0.0
        scores = {"candidate": new, "champion": old}
        if n < self.minimum:
            return Decision(
                self.when_unsure == "promote",
                f"{n} held-out labels can't tell (the gate wants {self.minimum}); "
                f"when_unsure is {self.when_unsure!r}",
                scores,
            )
        accepted = new >= old - self.margin
        verdict = "not worse" if accepted else "worse"
        return Decision(
            accepted,
            f"accuracy {new:.3f} against {old:.3f} on {n} held-out labels: {verdict} "
            f"(margin {self.margin})",
            scores,
        )
