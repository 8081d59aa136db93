"""Why a headline got its topic: words for and against it, what would tip it, what is near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Explanation", "Neighbour", "WordEffect"]


@dataclass(frozen=True)
class WordEffect:
    """What one word of the headline does.

    Attributes
    ----------
    word : str
        As the headline has it.
    effect : float
        What it adds to the logit of the topic over that of the runner-up; below 0 it speaks
        for the runner-up.
    """

    word: str
    effect: float


@dataclass(frozen=True)
class Neighbour:
    """A labelled headline that is near.

    Attributes
    ----------
    headline : str
    topic : str
    similarity : float
        Cosine, at most 1.
    written : bool
        Written as an example for its topic, not published.
    """

    headline: str
    topic: str
    similarity: float
    written: bool


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
                {
                    "headline": n.headline,
                    "topic": n.topic,
                    "similarity": round(n.similarity, 4),
                    "written": n.written,
                }
                for n in self.neighbours
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
            lines.append(f"  near ({near.similarity:.2f}, {near.topic}): {near.headline}")
        return "\n".join(lines)
