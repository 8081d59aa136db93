"""Names of clusters: the phrases of their headlines that set them apart."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from headlines.files import MODELS

MAX_PHRASE_WORDS = 4

MAX_PHRASES = 3
"""Phrases of a name, words that stand in a name already aside."""

FULL_NAME_WORDS = 6
"""Words of a name after which no phrase is added."""

_BREAK = re.compile(r"[,:;.!?–—|()\[\]\"“”]+$")
_MARKS = ".,:;!?\"'()[]‘’“”–—-|"
Phrase = tuple[str, ...]


def name_clusters(texts: Sequence[str], labels: Sequence[int]) -> dict[int, str]:
    """Name clusters by phrases that occur in their headlines and set them apart.

    A phrase weighs by how many of the cluster's headlines have it, and by how rare its words are
    among the clusters (Grootendorst 2022, BERTopic: neural topic modeling with a class-based
    TF-IDF procedure). The next one is taken from the headlines that have none of the first. No
    two clusters have the same name. Words have the order and form that the headlines have.

    Examples
    --------
    >>> texts = ["Drone strike hits Kursk", "Kursk burns after drone strike", "Court jails poet"]
    >>> name_clusters(texts, [0, 0, 1])
    {0: 'Drone strike, Kursk', 1: 'Court jails poet'}
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        members[int(label)].append(place)
    spread = Counter(word for text in texts for word in set(_content(text)))
    average = sum(spread.values()) / max(1, len(members))
    weight = {word: math.log1p(average / n) for word, n in spread.items()}
    names: dict[int, str] = {}
    taken: set[str] = set()
    for label in sorted(members, key=lambda k: (-len(members[k]), k)):
        parts: list[str] = []
        for phrase in _phrases([texts[i] for i in members[label]], weight):
            parts.append(phrase)
            words = sum(len(part.split()) for part in parts)
            full = words >= FULL_NAME_WORDS or len(parts) == MAX_PHRASES
            if full and ", ".join(parts) not in taken:
                break
        name = ", ".join(parts) or texts[members[label][0]].strip() or "(no words)"
        number = 2
        while name in taken:
            name = f"{', '.join(parts)} ({number})"
            number += 1
        taken.add(name)
        names[label] = name
    return dict(sorted(names.items()))


def _phrases(texts: Sequence[str], weight: dict[str, float]) -> Iterator[str]:
    """Give phrases of a cluster, the best first, each with words that none before it has."""
    forms: dict[Phrase, Counter[str]] = defaultdict(Counter)
    holders: dict[Phrase, set[int]] = {}
    for place, text in enumerate(texts):
        for form in _runs(text):
            folded = tuple(word.casefold() for word in form)
            forms[folded][" ".join(form)] += 1
            holders.setdefault(folded, set()).add(place)
    worth = {
        phrase: sum(weight.get(word, 0.0) for word in set(phrase)) / math.sqrt(len(phrase))
        for phrase in forms
    }
    if len(texts) > 1:  # what one headline has can't speak for several
        holders = {k: places for k, places in holders.items() if len(places) > 1} or holders
    uncovered = set(range(len(texts)))
    while holders:

        def score(phrase: Phrase) -> tuple[float, int, Phrase]:
            held = len(holders[phrase] & uncovered) + 0.5 * len(holders[phrase])  # noqa: B023
            return held * worth[phrase], -len(phrase), phrase

        best = max(holders, key=score)
        yield forms[best].most_common(1)[0][0]
        used = {_root(word) for word in best if word in weight}
        uncovered -= holders[best]
        holders = {k: v for k, v in holders.items() if used.isdisjoint(map(_root, k))}


def _runs(text: str) -> Iterator[Phrase]:
    """Give every phrase of a headline: up to four words without a break, not ending in a filler."""
    run: list[str] = []
    for word in [*text.split(), ""]:
        bare = word.strip(_MARKS)
        if bare:
            run.append(bare.removesuffix("'s").removesuffix("’s"))
        if not bare or _BREAK.search(word):
            for start in range(len(run)):
                for end in range(start + 1, min(start + MAX_PHRASE_WORDS, len(run)) + 1):
                    if _names(run[start]) and _names(run[end - 1]):
                        yield tuple(run[start:end])
            run = []


def _root(word: str) -> str:
    """Give what forms of a word share: Russia, Russian and Russians are named once."""
    return word[:4]


def _names(word: str) -> bool:
    """Tell whether a phrase may begin or end with a word."""
    return len(word) > 2 and word[0].isalpha() and word.casefold() not in _fillers()


@functools.cache
def _fillers() -> frozenset[str]:
    """Give the words of models/fillers.txt."""
    lines = (MODELS / "fillers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("# ") for word in line.split())


def _content(text: str) -> list[str]:
    return [word.casefold() for run in _runs(text) for word in run if _names(word)]
