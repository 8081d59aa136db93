"""The gate: whether a candidate may take the champion's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Decision", "Gate"]


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
