"""The panel: the models that label a feed side by side, and the rows of what they say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from headlines.labeling.jsonl import line_of, lines_of_block
from headlines.labeling.labeler import HeadlineLabeler
from headlines.labeling.prediction import Prediction, PredictionBlock


@dataclass(frozen=True)
class Question:
    """What is asked of every headline, and which models are asked.

    Attributes
    ----------
    models : tuple of (str, str or None)
        The name of each model in the rows, and what it is loaded by; the first one's answer
        stands under no name.
    abstain_below, target_error, any_text
        As for `HeadlineLabeler.label`.
    top : int
        Topics in a row.
    codes, explain : bool
        Whether the topics' codes are told, and why the first model gives its topic.
    nested : bool
        Whether another model's answer is one value of a row, or has columns of its own.
    signed_by : str or None
        The public key that the models have to be signed by.
    """

    models: tuple[tuple[str, str | None], ...]
    abstain_below: float = 0.0
    target_error: float | None = None
    any_text: bool = False
    top: int = 3
    codes: bool = False
    explain: bool = False
    nested: bool = True
    signed_by: str | None = None

    def from_anywhere(self) -> Question:
        """Give the same with whole paths, for a process that works in another folder."""
        models = [(name, _whole(ref)) for name, ref in self.models]
        return replace(self, models=tuple(models), signed_by=_whole(self.signed_by))


def _whole(path: str | None) -> str | None:
    return os.path.abspath(path) if path is not None and os.path.exists(path) else path


@dataclass
class Tally:
    """How many headlines have each topic, and why some have none, by the model's name."""

    topics: dict[str, Counter[str]] = field(default_factory=dict)
    abstained: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, name: str, found: PredictionBlock) -> None:
        """Count what a model says of some headlines."""
        topics = {t or "(abstained)": n for t, n in found.shares_of_topics().items()}
        self.add({"topics": {name: topics}, "abstained": {name: found.shares_of_reasons()}})

    def add(self, counts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
        """Add the counts of another, as `to_plain` gives them."""
        for held, some in ((self.topics, counts["topics"]), (self.abstained, counts["abstained"])):
            for name, numbers in some.items():
                held.setdefault(name, Counter()).update(numbers)

    def to_plain(self) -> dict[str, dict[str, dict[str, int]]]:
        """Give the counts as plain data."""
        return {
            "topics": {name: dict(counts) for name, counts in self.topics.items()},
            "abstained": {name: dict(counts) for name, counts in self.abstained.items()},
        }


@dataclass(frozen=True)
class Answered:
    """What the panel says of some thousands of headlines.

    Attributes
    ----------
    found : PredictionBlock
        The first model's predictions.
    more : sequence of mappings
        What else there is to say of each headline, under the same names of all; or nothing.
    """

    found: PredictionBlock
    more: Sequence[Mapping[str, Any]]


_NONE: Mapping[str, Sequence[Any]] = {}


class Panel:
    """The models that a question is put to.

    Made by `load`. Labels are functions of a headline and the models alone, so that any number
    of panels, wherever they are, give the same rows.
    """

    def __init__(self, question: Question, labelers: Mapping[str, HeadlineLabeler]) -> None:
        self.question = question
        self.labelers = labelers
        self.first = next(iter(labelers))

    @classmethod
    def load(cls, question: Question) -> Self:
        """Load the models; raises ModelError as `HeadlineLabeler.load` does."""
        labelers = {
            name: HeadlineLabeler.load(ref, require_signature=question.signed_by)
            for name, ref in question.models
        }
        return cls(question, labelers)

    def tally(self) -> Tally:
        """Give a tally in which nothing is counted yet."""
        tally = Tally()
        for name in self.labelers:
            tally.topics[name] = Counter()
            tally.abstained[name] = Counter()
        return tally

    def answer(
        self, block: Sequence[Any], tally: Tally, columns: Mapping[str, Sequence[Any]] = _NONE
    ) -> Answered:
        """Label some thousands of headlines, and count the answers.

        `columns` are what there is to say of the headlines before.
        """
        asked = self.question
        found: dict[str, PredictionBlock] = {}
        for name, labeler in self.labelers.items():
            found[name] = labeler.label_block(
                block,
                abstain_below=asked.abstain_below,
                target_error=asked.target_error,
                any_text=asked.any_text,
            )
            tally.count(name, found[name])
        return Answered(found[self.first], self._more(found, columns))

    def lines(self, answered: Answered) -> bytes:
        """Give the rows as lines of JSON, in UTF-8."""
        if not self.question.explain:
            return lines_of_block(answered.found, self.question.top, answered.more)
        lines = (line_of(p, self.question.top, more) for p, more in self._explained(answered))
        return "".join(lines).encode("utf-8", "backslashreplace")

    def rows(self, answered: Answered) -> Iterator[dict[str, Any]]:
        """Give the rows."""
        for prediction, more in self._explained(answered):
            yield prediction.to_row(self.question.top, more)

    def _explained(self, answered: Answered) -> Iterator[tuple[Prediction, Mapping[str, Any]]]:
        labeler = self.labelers[self.first] if self.question.explain else None
        for place, prediction in enumerate(answered.found):
            more = answered.more[place] if answered.more else {}
            if labeler is not None:
                more = {"explanation": labeler.explain(prediction.item).to_row(), **more}
            yield prediction, more

    def _more(
        self, found: Mapping[str, PredictionBlock], before: Mapping[str, Sequence[Any]]
    ) -> list[dict[str, Any]]:
        """Give what else there is to say of each headline: its topic's code, and what others say.

        Each other model's answer is one value where rows nest, else it has columns.
        """
        columns = dict(before)
        for name, answers in found.items():
            codes = self._codes(name, answers) if self.question.codes else None
            if name == self.first:
                columns |= {} if codes is None else {"code": codes}
                continue
            its: dict[str, Sequence[Any]] = {
                "topic": answers.topics.tolist(),
                "probability": answers.shares[:, 0].tolist(),
                "abstained": answers.reasons.tolist(),
                **({} if codes is None else {"code": codes}),
            }
            if self.question.nested:
                rows = zip(*its.values(), strict=True)
                columns[name] = [dict(zip(its, row, strict=True)) for row in rows]
            else:
                columns |= {column_of(name, key): values for key, values in its.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _codes(self, name: str, found: PredictionBlock) -> list[str | None]:
        codes = self.labelers[name].codes
        return [codes.get(topic) for topic in found.topics.tolist()]


def column_of(name: str, key: str) -> str:
    """Name a column of another model, where rows are flat."""
    return name if key == "topic" else f"{name}_{key}"
