"""Names of clusters: a short headline of a small one, phrases of a large one."""

from __future__ import annotations

import functools
import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from headlines.copies.wordcounts import UNLISTED, WordCounts
from headlines.embedding.vocabulary import tokenize
from headlines.files import MODELS

MIN_FOR_PHRASES = 6
"""Headlines from which a cluster is named by phrases: fewer are told best by one of them."""

MAX_CHARACTERS = 64
"""Of a headline that is a name."""

MAX_PHRASE_WORDS = 3

MAX_PHRASES = 3
"""Phrases of a name, words that stand in a name already aside."""

FULL_NAME_WORDS = 6
"""Words of a name after which no phrase is added."""

COVERED = 1.5
"""Power of the headlines that have a phrase, beside its weight: rare words aren't all."""

NEWS = 1000
"""Headlines of news in general that stand beside those of a feed, where words are weighed."""

MANY = 300
"""Headlines that a cluster is named by: those of the smallest checksums, so mostly the same ones
when it has grown."""

_BREAK = re.compile(r"[,:;.!?–—|()\[\]\"“”]+$")
_MARKS = ".,:;!?\"'()[]‘’“”–—-|"
_STRONG = re.compile(r"(?:[:;–—|?!]|--)$|^-$")
_CLAUSES = frozenset((
    "after", "although", "amid", "and", "as", "because", "before", "but", "despite", "following",
    "over", "since", "though", "until", "when", "while",
))  # fmt: skip
"""Words that begin a clause which a name can do without."""

_TIMES = frozenset(
    ("hour", "day", "week", "month", "year", "hours", "days", "weeks", "months", "years")
)
Phrase = tuple[str, ...]


def name_clusters(
    texts: Sequence[str], labels: Sequence[int], given: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Name clusters as a reader would, by words that stand in their headlines.

    Words weigh by how many of the cluster's headlines have them, and by how much rarer they are in
    the rest of the feed and in news in general; what is half as common in the rest weighs nothing.
    A cluster of few headlines is named by the one that says most of what the others say, without
    its further clauses where it is long. A larger one is named by phrases, the next rather from
    headlines that have none of the first.

    No two clusters have the same name; those that have a name in `given` keep it. The order of the
    feed plays no part.

    Examples
    --------
    >>> texts = ["Drone strike hits Kursk depot", "Depot in Kursk burns after drone strike"]
    >>> name_clusters([*texts, "Court jails poet"], [0, 0, 1])
    {0: 'Depot in Kursk burns after drone strike', 1: 'Court jails poet'}
    """
    members: defaultdict[int, set[str]] = defaultdict(set)
    for text, label in zip(texts, labels, strict=True):
        members[int(label)].add(text)
    told = {label: _told(found) for label, found in members.items()}
    feed = _Feed.of(told.values())
    given = given or {}
    names = {label: given[label] for label in told if label in given}
    taken = set(given.values())
    for label in sorted(
        told.keys() - names.keys(), key=lambda k: (-len(members[k]), told[k].texts, k)
    ):
        cluster, name = told[label], ""
        for name in _candidates(cluster, feed):
            if name not in taken:
                break
        plain, number = name or cluster.texts[0].strip() or "(no words)", 2
        name = plain
        while name in taken:
            name, number = f"{plain} ({number})", number + 1
        taken.add(name)
        names[label] = name
    return dict(sorted(names.items()))


@dataclass(frozen=True)
class _Told:
    """What a cluster is named by: headlines in a fixed order, and how many have each root."""

    texts: list[str]
    runs: list[list[list[str]]]  # of each text, the words between its breaks
    having: Counter[str]


def _told(texts: Iterable[str]) -> _Told:
    some = sorted(texts)
    if len(some) > MANY:
        some.sort(key=lambda text: zlib.crc32(text.encode("utf-8", "replace")))
        some = sorted(some[:MANY])
    runs = [list(_runs(text)) for text in some]
    having = Counter[str]()
    for of_text in runs:
        having.update({root for run in of_text for root in map(_root, run) if root})
    return _Told(some, runs, having)


@dataclass(frozen=True)
class _Feed:
    """What a feed tells of its words."""

    headlines: int
    having: Counter[str]  # headlines that have a root
    rates: dict[str, float]  # of words in news in general, as far as asked for

    @classmethod
    def of(cls, clusters: Iterable[_Told]) -> _Feed:
        having, headlines = Counter[str](), 0
        for cluster in clusters:
            having.update(cluster.having)
            headlines += len(cluster.texts)
        return cls(headlines, having, {})

    def weight(self, word: str, cluster: _Told) -> float:
        """Give the logarithm of how much likelier a word is in a cluster than elsewhere."""
        held, n = max(1, cluster.having[_root(word)]), len(cluster.texts)
        others = self.headlines - n
        elsewhere = max(0, self.having[_root(word)] - held)
        if held * others < 2 * elsewhere * n:
            return 0.0
        rate = (elsewhere + NEWS * self._rate(word.casefold())) / (others + NEWS)
        return max(0.0, math.log(held / n / rate))

    def _rate(self, folded: str) -> float:
        if folded not in self.rates:
            news = WordCounts.shipped()
            counts = [news.of(part) or UNLISTED for part in tokenize(folded) if part.isalnum()]
            self.rates[folded] = min(counts, default=UNLISTED) / news.headlines
        return self.rates[folded]


def _candidates(cluster: _Told, feed: _Feed) -> Iterator[str]:
    """Give names for a cluster, the best first."""
    if len(cluster.texts) >= MIN_FOR_PHRASES:
        parts: list[str] = []
        for phrase in _phrases(cluster, feed):
            parts.append(phrase)
            if len(parts) >= MAX_PHRASES or len(" ".join(parts).split()) >= FULL_NAME_WORDS:
                yield ", ".join(parts)
        if parts:
            yield ", ".join(parts)
    yield from _short_headlines(cluster, feed)


# ------------------------------------------------------------------ small clusters


def _short_headlines(cluster: _Told, feed: _Feed) -> list[str]:
    """Give headlines of a cluster, shortened, those first that say most of what others say."""
    n = len(cluster.texts)
    ranked = []
    for text in cluster.texts:
        cuts = _cuts(text)
        for cut in cuts or [_cut_off(text)]:
            words = {root: word for run in _runs(cut) for word in run if (root := _root(word))}
            # What a headline has alone counts little, unless it is alone.
            said = math.fsum(
                (cluster.having[root] - 0.9) / (n - 0.9) * feed.weight(word, cluster)
                for root, word in words.items()
            )
            ranked.append((not cuts, -round(said, 9), len(cut), cut))
    return [cut for *_, cut in sorted(ranked) if cut]


def _cuts(text: str) -> list[str]:
    """Give what a headline says at most of its length: itself, or some of its clauses."""
    if len(text) <= MAX_CHARACTERS:
        return [text.strip()]
    words = text.split()
    starts, ends = [0], [len(words)]
    for place, (word, following) in enumerate(pairwise(words), 1):
        if _STRONG.search(word):
            starts.append(place)
        told = following.casefold() in _CLAUSES and word.casefold() not in _TIMES
        if told or _STRONG.search(word) or word.endswith(","):
            ends.append(place)
    cuts = []
    for start in starts:
        for end in ends:
            cut = " ".join(words[start:end]).strip(" ,:;–—|-")
            sound = all(cut.count(a) == cut.count(b) for a, b in ("“”", "()", "[]"))
            sound &= cut.count('"') % 2 == 0 and cut.count("‘") <= cut.count("’")
            sound &= end - start > 2 and words[start].casefold() not in _CLAUSES
            if sound and len(cut) <= MAX_CHARACTERS:
                cuts.append(cut)
    return cuts


def _cut_off(text: str) -> str:
    """Give the beginning of a headline that has no clause of the right length."""
    words = text[:MAX_CHARACTERS].split()[:-1]
    while len(words) > 1 and not _root(words[-1].strip(_MARKS)):
        words.pop()
    return f"{' '.join(words).rstrip(_MARKS)}…" if words else f"{text[:MAX_CHARACTERS]}…"


# ------------------------------------------------------------------ large clusters


def _phrases(cluster: _Told, feed: _Feed) -> Iterator[str]:
    """Give phrases of a cluster, the best first, each with words that none before it has."""
    forms: defaultdict[Phrase, Counter[str]] = defaultdict(Counter)
    holders: defaultdict[Phrase, set[int]] = defaultdict(set)
    for place, runs in enumerate(cluster.runs):
        for form in _forms(runs, cluster):
            roots = tuple(_root(word) or word.casefold() for word in form)
            forms[roots][" ".join(form)] += 1
            holders[roots].add(place)
    written: dict[Phrase, str] = {}
    worth: dict[Phrase, float] = {}
    for roots in [roots for roots, places in holders.items() if len(places) > 1]:
        counts = forms[roots]
        form_of = min(counts, key=lambda form: (-counts[form], form))
        words = {root: word for word in form_of.split() if (root := _root(word))}
        weight = math.fsum(feed.weight(word, cluster) for word in words.values())
        if weight > 0:
            written[roots], worth[roots] = form_of, weight
    uncovered = set(range(len(cluster.texts)))
    while written:

        def rank(roots: Phrase) -> tuple[float, int, Phrase]:
            held = len(holders[roots] & uncovered) + len(holders[roots])  # noqa: B023 # called at once
            return -round(worth[roots] * held**COVERED, 9), len(roots), roots

        best = min(written, key=rank)
        yield written[best]
        uncovered -= holders[best]
        used = {word[:4] for word in best if word not in _fillers()}
        written = {k: form for k, form in written.items() if used.isdisjoint(w[:4] for w in k)}


def _forms(runs: Iterable[Sequence[str]], cluster: _Told) -> Iterator[Phrase]:
    """Give every phrase of a headline whose words others of the cluster have too."""
    for run in runs:
        having = [cluster.having[root] if (root := _root(word)) else 0 for word in run]
        for start in [place for place, count in enumerate(having) if count > 1]:
            for end in range(start, min(start + MAX_PHRASE_WORDS, len(run))):
                if having[end] > 1:
                    yield tuple(run[start : end + 1])
                elif having[end]:
                    break


# ------------------------------------------------------------------ words


def _runs(text: str) -> Iterator[list[str]]:
    """Give the words of a headline, those together that no mark stands between."""
    run: list[str] = []
    for word in text.split():
        bare = word.strip(_MARKS)
        if bare:
            run.append(bare.removesuffix("'s").removesuffix("’s"))
        if run and (not bare or _BREAK.search(word)):
            yield run
            run = []
    if run:
        yield run


@functools.cache
def _fillers() -> frozenset[str]:
    lines = (MODELS / "fillers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("# ") for word in line.split())


@functools.lru_cache(200_000)
def _root(word: str) -> str:
    """Give what forms of a word share, "" for one that a phrase neither begins nor ends with.

    Russia, Russian and Russians are one.
    """
    folded = word.casefold()
    says = len(word) > 2 and word[0].isalpha() and folded not in _fillers()
    return folded[:5] if says else ""
