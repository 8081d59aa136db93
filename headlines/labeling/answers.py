"""How a labeler answers: from texts to logits, and from these to topics and predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.embedding.embedder import Products
from headlines.embedding.static import CHUNK
from headlines.feeds.block import HeadlineBlock, texts_of
from headlines.feeds.headline import Headline
from headlines.feeds.intake import checked_items
from headlines.labeling.prediction import ANSWERED, NOT_NEWS, UNKNOWN, UNSURE, PredictionBlock
from headlines.model.scorer import probabilities_of
from headlines.model.state import LabelerState


class Answers:
    """What a model answers; a threshold is the probability below which it gives no topic."""

    def __init__(self, state: LabelerState) -> None:
        self.state = state

    @cached_property
    def _names(self) -> NDArray[np.object_]:
        return np.array(self.state.topics, dtype=object)

    @cached_property
    def products(self) -> Callable[[Sequence[str]], Products]:
        """The scorer's weights, folded by the embedder."""
        return self.state.embedder.fold(self.state.scorer.weights, self.state.scorer.own)

    def threshold(self, abstain_below: float, target_error: float | None) -> float:
        """Give the probability from which a topic is given."""
        if not 0 <= abstain_below <= 1:
            raise ValueError(f"abstain_below is {abstain_below}, expected 0 to 1")
        if target_error is None:
            return abstain_below
        return max(abstain_below, self.state.certainty.threshold_for(target_error).probability)

    def logits(
        self, texts: Sequence[str], any_text: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
        """Give the logits of topics, and to which texts a topic can be given, or why not."""
        products, counts = self.products(texts)
        logits = self.state.scorer.logits_of_products(products, counts)
        known = counts > 0
        if not self.state.embedder.terms_are_words:  # else no text has none, and its count is 0
            known &= np.array([text != "" for text in texts], dtype=np.bool_)
        outcomes = np.where(known, ANSWERED, UNKNOWN).astype(np.int8)
        if not any_text:
            outcomes[known & (logits[:, -1] < 0)] = NOT_NEWS
        return logits[:, :-1], outcomes

    def predicted(
        self, published: Sequence[str | Headline], threshold: float, any_text: bool
    ) -> tuple[list[str | None], NDArray[np.float64]]:
        """Give the topics and their probabilities."""
        topics: list[str | None] = []
        best: list[NDArray[np.float64]] = []
        for start in range(0, len(published), CHUNK):
            chunk = published[start : start + CHUNK]
            logits, outcomes = self.logits(texts_of(chunk), any_text)
            shares = probabilities_of(logits).max(axis=1).round(6)
            names = self._names.take(logits.argmax(axis=1))
            names[(outcomes != ANSWERED) | (shares < threshold)] = None
            topics += names.tolist()
            best.append(shares)
        return topics, np.concatenate([np.zeros(0), *best])

    def shares(self, headlines: Sequence[Headline]) -> NDArray[np.float64]:
        """Give the probability of every topic, in 6 digits; 0 for all where it gives none."""
        result = np.zeros((len(headlines), len(self.state.topics)))
        for start in range(0, len(headlines), CHUNK):
            texts = [headline.text for headline in headlines[start : start + CHUNK]]
            logits, outcomes = self.logits(texts, any_text=False)
            answered = (outcomes == ANSWERED)[:, None]
            result[start : start + CHUNK] = probabilities_of(logits).round(6) * answered
        return result

    def block(
        self, headlines: Sequence[Headline], threshold: float, any_text: bool
    ) -> PredictionBlock:
        """Give the predictions for some thousands of headlines."""
        if isinstance(headlines, HeadlineBlock):
            texts = headlines.texts
        else:
            texts = [headline.text for headline in headlines]
        logits, outcomes = self.logits(texts, any_text)
        order = np.argsort(-logits, axis=1, kind="stable")
        found = probabilities_of(logits)
        shares = np.take_along_axis(found, order, axis=1).round(6)
        outcomes[(outcomes == ANSWERED) & (shares[:, 0] < threshold)] = UNSURE
        certainty = self.state.certainty
        applies = certainty.likely(logits, found) >= certainty.also_from
        further = np.take_along_axis(applies, order, axis=1) & (outcomes == ANSWERED)[:, None]
        further[:, 0] = False
        return PredictionBlock(
            items=headlines,
            names=self.state.topics,
            order=order,
            shares=shares,
            outcomes=outcomes,
            further=further,
            model=self.state.model,
        )

    def frame(self, frame: Any, threshold: float, any_text: bool) -> Any:
        """Give a copy of a frame of pandas or polars, with topics and probabilities."""
        import narwhals as nw

        data = nw.from_native(frame, eager_only=True)
        topics, shares = self.predicted(checked_items(frame, str), threshold, any_text)
        new = [
            nw.new_series("topic", topics, backend=data.implementation),
            nw.new_series("probability", shares.tolist(), backend=data.implementation),
        ]
        return data.with_columns(*new).to_native()
