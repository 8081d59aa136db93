"""Why a headline got its topic: words for and against it, what would tip it, what is near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines.display.table import html_parts, html_table, html_text, html_words
from headlines.embedding.embedder import Embedder, Products, unit_rows
from headlines.errors import EmbedderError
from headlines.feeds.headline import Headline
from headlines.model.examples import Example
from headlines.model.scorer import TopicScorer, probabilities_of


@dataclass(frozen=True)
class WordEffect:
    """What one word of the headline, as the headline has it, does.

    `effect` is what it adds to the logit of the topic over that of the runner-up; below 0 it speaks
    for the runner-up.
    """

    word: str
    effect: float


@dataclass(frozen=True)
class Neighbour:
    """A labelled headline that is near, by the cosine of vectors.

    One that is `written` is an example for its topic and wasn't published. `same_story` is the
    probability that both tell one story (`PairScorer`), as if they stood in one day's feed; None of
    an example, and where nothing was learned of pairs for the embedder.
    """

    headline: str
    topic: str
    similarity: float
    written: bool
    same_story: float | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a headline got its topic.

    Attributes
    ----------
    headline : str
    topic : str
        The most probable topic, whether or not the labeler abstains.
    probability : float
    runner_up : str
        The second topic.
    margin : float
        Logit of the topic minus that of the runner-up.
    base : float
        The part of the margin that no word brings.
    words : tuple of WordEffect
        Every word, in the headline's order. Of a static embedder `base` and the effects add up
        to the margin; of a transformer an effect is what is lost without the word.
    tipped_without : tuple of str
        The strongest words for the topic without which the runner-up would win; empty where
        none of them would tip it.
    news : bool
        Whether the text is news of the topics; if not, the labeler abstains.
    neighbours : tuple of Neighbour
        The nearest labelled headlines whose text the model may quote.
    """

    headline: str
    topic: str
    probability: float
    runner_up: str
    margin: float
    base: float
    words: tuple[WordEffect, ...]
    tipped_without: tuple[str, ...]
    news: bool
    neighbours: tuple[Neighbour, ...]

    def to_row(self) -> dict[str, Any]:
        """Give the explanation as plain data for a row of output."""
        return {
            "runner_up": self.runner_up,
            "words": [{"word": w.word, "effect": round(w.effect, 4)} for w in self.words],
            "tipped_without": list(self.tipped_without),
            "news": self.news,
            "neighbours": [
                asdict(n) | {"similarity": round(n.similarity, 4)} for n in self.neighbours
            ],
        }

    def __str__(self) -> str:
        ranked = sorted(self.words, key=lambda w: -abs(w.effect))[:6]
        lines = [
            f"{self.headline}",
            f"  {self.topic} {self.probability:.2f} before {self.runner_up}"
            + ("" if self.news else "; taken for no news of these topics"),
            "  words: " + ", ".join(f"{w.word} {w.effect:+.2f}" for w in ranked),
        ]
        if self.tipped_without:
            lines.append(f"  {self.runner_up} without: {', '.join(self.tipped_without)}")
        for near in self.neighbours:
            same = "" if near.same_story is None else f", same story {near.same_story:.2f}"
            lines.append(f"  near ({near.similarity:.2f}, {near.topic}{same}): {near.headline}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        topic, other = html_text(self.topic), html_text(self.runner_up)
        near = [(n.headline, n.topic, n.similarity, n.same_story) for n in self.neighbours]
        head = ["nearest labelled headlines", "topic", "similarity", "same story"]
        without = ", ".join(map(html_text, self.tipped_without))
        return html_parts(
            f"<p>{topic} {self.probability:.2f} before {other}"
            + ("" if self.news else "; taken for no news of these topics")
            + f". Words with + speak for {topic}, with \u2212 for {other}:</p>",
            html_words((word.word, word.effect) for word in self.words),
            f"<p>Without these words it would be {other}: {without}</p>" if without else "",
            html_table(head, near) if near else "",
        )


@dataclass(frozen=True)
class Explainer:
    """Explains a model's answers; there are at least two topics.

    `products` are the scorer's weights folded by the embedder. Of `examples`, what the model
    learned from, those with a text are shown as neighbours.
    """

    topics: tuple[str, ...]
    embedder: Embedder
    scorer: TopicScorer
    products: Callable[[Sequence[str]], Products]
    examples: Sequence[Example]

    def explain(self, headline: Headline, neighbours: int) -> Explanation:
        """Tell why a headline gets its topic, beside so many labelled headlines."""
        words = headline.text.split()
        [whole] = self._logits([headline.text])
        order = np.argsort(-whole[:-1], kind="stable")
        first, second = int(order[0]), int(order[1])
        margin = float(whole[first] - whole[second])
        effects = self._effects(words, whole, first, second)
        return Explanation(
            headline=headline.headline,
            topic=self.topics[first],
            probability=round(float(probabilities_of(whole[None, :-1])[0, first]), 6),
            runner_up=self.topics[second],
            margin=margin,
            base=margin - float(effects.sum()),
            words=tuple(WordEffect(w, float(e)) for w, e in zip(words, effects, strict=True)),
            tipped_without=self._tipping(words, effects, first, second),
            news=bool(whole[-1] >= 0),
            neighbours=self._nearest(headline, neighbours),
        )

    def _logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self.scorer.logits_of_products(*self.products(texts))

    def _effects(
        self, words: Sequence[str], whole: NDArray[np.float64], first: int, second: int
    ) -> NDArray[np.float64]:
        if self.embedder.terms_are_words:
            # Each word's own terms, divided by the number of all: exact, as logits are sums.
            products, counts = self.products(words)
            step = self.scorer.step / max(1, int(counts.sum()))
            return np.asarray((products[:, first] - products[:, second]) * step)
        if not words:
            return np.zeros(0)
        rest = self._logits([_without(words, {i}) for i in range(len(words))])
        return np.asarray((whole[first] - whole[second]) - (rest[:, first] - rest[:, second]))

    def _tipping(
        self, words: Sequence[str], effects: NDArray[np.float64], first: int, second: int
    ) -> tuple[str, ...]:
        """Drop the strongest words, one after the other, until the runner-up wins."""
        dropped: set[int] = set()
        for place in np.argsort(-effects, kind="stable").tolist():
            if effects[place] <= 0 or len(dropped) == len(words) - 1:
                break
            dropped.add(place)
            [rest] = self._logits([_without(words, dropped)])
            if rest[second] > rest[first]:
                return tuple(words[i] for i in sorted(dropped))
        return ()

    def _nearest(self, headline: Headline, count: int) -> tuple[Neighbour, ...]:
        quoted, vectors = self._quoted
        if not quoted or count < 1:
            return ()
        similarity = vectors @ self.embedder.vectors([headline.text])[0]
        nearest = np.argsort(-similarity, kind="stable")[:count].tolist()
        same = self._same_story(headline, [quoted[i].text or "" for i in nearest])
        return tuple(
            Neighbour(
                headline=quoted[i].text or "",
                topic=quoted[i].topic,
                similarity=float(similarity[i]),
                written=quoted[i].written,
                same_story=None if quoted[i].written else probability,
            )
            for i, probability in zip(nearest, same, strict=True)
        )

    def _same_story(self, headline: Headline, others: Sequence[str]) -> Sequence[float | None]:
        from headlines.clustering.pairs import PairScorer

        try:
            pairs = PairScorer.of(self.embedder.fingerprint)
        except EmbedderError:
            return [None] * len(others)
        told = pairs.read([headline, *map(Headline.parse, others)], self.embedder)
        left, right = [0] * len(others), range(1, len(others) + 1)
        found: list[float | None] = pairs.probabilities(told, left, list(right)).tolist()
        return found

    @cached_property
    def _quoted(self) -> tuple[list[Example], NDArray[np.float32]]:
        """Give the labelled headlines whose text is at hand, and their vectors."""
        quoted = [e for e in self.examples if e.text is not None]
        values, _ = self.embedder.sums_of_terms([e.terms for e in quoted])
        return quoted, unit_rows(values).astype(np.float32)


def _without(words: Sequence[str], dropped: set[int]) -> str:
    return " ".join(word for i, word in enumerate(words) if i not in dropped)
