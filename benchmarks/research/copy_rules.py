"""Which rule tells copies of a headline from headlines that only look it.

Rules are chosen on the *choose* half of ``near_duplicates.tsv`` (see ``copies.py``: 300 read pairs,
whose texts are looked up by their hashes in the pools) and then measured on its *report* half. Each
gives a pair a number, how far apart its headlines are; what is no farther than a limit is a copy.
The limit is the one that finds most copies of the choose half at a precision of .98; what each
rule gives at the limit of its best F1 there stands beside it.

*our rule* is the package's (`headlines.copies`, with the slope and the limit chosen here). It reads
a headline (`Wording`): cleaned as the package does it, a word of the desk off, "U.S."
as "US", numbers apart from words ("five" is 5, "$1B" 1 billion, "2nd" 2, a month beside a number
and a negation go with them). A pair whose numbers aren't the same isn't copies; nor is one where a
name stands in another's place, as far as capitals tell. The rest is as far apart as the *share* of
its words that the other one hasn't got, each by its rarity in news (`WordCounts`), and a multiple
of 1 - cosine; the multiple is of a logistic regression on the choose half. *without numbers* and
*without names* leave a condition out, *rarity alone* the cosine; *cosine alone* keeps the
conditions. *nothing exchanged* is our rule, at its limit, where words are only left out or put in:
one word in the place of another is what tells headlines of a series apart ("North", "South").

Intervals are of 2,000 draws of the pairs. The read pairs are drawn so that hard ones are many, so
shares are those of the bands. Two more sets are told beside it, with nothing chosen on them: pairs
of headlines of SemEval STS, where 4.5 and more of 5 counts as a copy, less than 3.5 as none, and
sentences of the Microsoft Research corpus, whose paraphrases may differ in what they tell and in
numbers, and were gathered by likeness. Neither asks whether a headline is another's copy.

    pip install datasketch
    python -m benchmarks.research.copy_rules --data DIR
    python -m benchmarks.research.copy_rules --data DIR --mistakes  prints them too

DIR holds pool_news.tsv.xz and pool_tech.tsv.xz, of rumca-js/RSS-Link-Database-2022 and -2023,
sts_headlines.tsv.xz and msr_paraphrase.tsv.xz.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.research import copies
from headlines import Headline, HeadlineLabeler
from headlines.clustering.copies import COPIES
from headlines.copies.rule import NEVER, alone, cosines, in_bytes, share_alone
from headlines.copies.wording import Wording
from headlines.embedding.vocabulary import tokenize

OTHERS = ("sts_headlines.tsv.xz", "msr_paraphrase.tsv.xz")
PRECISION = 0.98
DRAWS, SEED = 2000, 20
Far = NDArray[np.float64]
Texts = Sequence[tuple[str, str]]


def read(headline: str) -> Wording:
    """Read a headline as the package does."""
    return Wording.of(Headline.parse(headline).text or headline)


def exchanges(a: Wording, b: Wording) -> bool:
    """Tell whether each of two headlines has a word of its own that tells something."""
    rest = alone(a, b)
    sides = zip((a, b), rest, strict=True)
    return all(any(one.rarity[i] > 0 for i in some) for one, some in sides)


@dataclass(frozen=True)
class Pairs:
    """Pairs of headlines, and all that the rules look at."""

    texts: Texts
    cosine: Far
    share: Far
    numbers_agree: NDArray[np.bool_]
    names_exchanged: NDArray[np.bool_]
    words_exchanged: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Texts, embedder: Any) -> Pairs:
        seen = [(read(a), read(b)) for a, b in texts]
        one, other = (
            in_bytes(embedder.vectors([pair[side].text for pair in seen])) for side in (0, 1)
        )
        shares = [share_alone(a, b) for a, b in seen]
        return cls(
            texts,
            np.array([cosines(one[i : i + 1], other[i])[0] for i in range(len(one))]),
            np.array([share for share, _ in shares]),
            np.array([a.numbers == b.numbers for a, b in seen]),
            np.array([exchanged for _, exchanged in shares]),
            np.array([exchanges(a, b) for a, b in seen]),
        )

    def ours(self, slope: float, *, numbers: bool = True, names: bool = True) -> Far:
        """Give how far apart pairs are by our rule."""
        far = self.share + slope * (1 - self.cosine)
        never = ~self.numbers_agree & numbers | self.names_exchanged & names
        return np.where(never, NEVER, far)

    def slope(self, is_copy: NDArray[np.bool_]) -> float:
        """Learn how much the cosine counts beside the share of words, to one decimal."""
        from sklearn.linear_model import LogisticRegression

        kept = self.ours(0.0) < NEVER
        X = np.column_stack([self.share, 1 - self.cosine])[kept]
        spread = X.std(axis=0)
        weight = LogisticRegression().fit(X / spread, is_copy[kept]).coef_[0] / spread
        return float(round(weight[1] / weight[0], 1))

    def plain(self, nearness: Callable[[str, str], float]) -> Far:
        """Give how far apart the texts themselves are."""
        return np.array([1 - nearness(a, b) for a, b in self.texts])


def unit(embedder: Any, texts: Sequence[str]) -> Far:
    """Embed texts, at unit length."""
    X = np.asarray(embedder.transform(list(texts)), dtype=np.float64)
    return np.asarray(X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9))


def words(text: str) -> set[str]:
    return {word for word in tokenize(text) if word[0].isalnum()}


def grams(text: str) -> set[str]:
    """Give the runs of five characters, of letters, digits and blanks alone."""
    return set(copies.Row("", text, "").grams)


def minhash(a: str, b: str) -> float:
    """Give the likeness that datasketch estimates, of 128 permutations."""
    from datasketch import MinHash

    made = []
    for text in (a, b):
        sketch = MinHash(num_perm=128, seed=1)
        sketch.update_batch([gram.encode() for gram in sorted(grams(text))])
        made.append(sketch)
    return float(made[0].jaccard(made[1]))


def ratio(a: str, b: str) -> float:
    one, other = (" ".join(tokenize(text)) for text in sorted((a, b)))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def rules(pairs: Pairs, published: Far, slope: float) -> dict[str, Far]:
    """Give how far apart pairs are by each rule; *published* is the cosine of whole headlines."""
    return {
        "same text, folded": pairs.plain(lambda a, b: float(words(a) == words(b))),
        f"cosine {COPIES} (today)": 1 - published,
        "cosine": 1 - published,
        "words, Jaccard": pairs.plain(lambda a, b: copies.jaccard(words(a), words(b))),
        "5-grams, Jaccard": pairs.plain(lambda a, b: copies.jaccard(grams(a), grams(b))),
        "5-grams, MinHash": pairs.plain(minhash),
        "difflib": pairs.plain(ratio),
        "our rule": pairs.ours(slope),
        "nothing exchanged": np.where(pairs.words_exchanged, NEVER, pairs.ours(slope)),
        "without numbers": pairs.ours(slope, numbers=False),
        "without names": pairs.ours(slope, names=False),
        "rarity alone": pairs.ours(0.0),
        "cosine alone": np.where(pairs.ours(0.0) < NEVER, 1 - pairs.cosine, NEVER),
    }


def limit(far: Far, is_copy: NDArray[np.bool_]) -> float:
    """Give the widest limit that keeps the precision, between two pairs; below 0 without any."""
    best = -1.0
    ranked = np.sort(np.unique(far))
    for i, value in enumerate(ranked):
        found = far <= value
        if value < NEVER and is_copy[found].mean() >= PRECISION:
            following = ranked[i + 1] if i + 1 < len(ranked) else value
            best = round(float(min(following + value, value * 2 + 0.02) / 2), 4)
    return best


def best_limit(far: Far, is_copy: NDArray[np.bool_]) -> float:
    """Give the limit of the best F1, whatever the precision: what a rule could be at best."""

    def f1(value: float) -> float:
        found = far <= value
        return 2 * float((found & is_copy).sum()) / float(found.sum() + is_copy.sum())

    return round(max(sorted({float(value) for value in far if value < NEVER}), key=f1) + 5e-5, 4)


def measured(found: NDArray[np.bool_], is_copy: NDArray[np.bool_]) -> dict[str, Any]:
    """Tell precision and recall of what a rule takes for copies, with intervals of 95 %."""

    def scores(of: NDArray[np.int64]) -> tuple[float, float]:
        hit = float((found[of] & is_copy[of]).sum())
        return hit / max(found[of].sum(), 1), hit / max(is_copy[of].sum(), 1)

    rng = np.random.default_rng(SEED)
    drawn = [scores(rng.integers(len(found), size=len(found))) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0).round(3)
    precision, recall = scores(np.arange(len(found)))
    return {
        "pairs": len(found),
        "copies": int(is_copy.sum()),
        "found": int(found.sum()),
        "wrong": int((found & ~is_copy).sum()),
        "precision": round(float(precision), 3),
        "precision_interval": [float(low[0]), float(high[0])],
        "recall": round(recall, 3),
        "recall_interval": [float(low[1]), float(high[1])],
    }


def kind_of_mistake(pairs: Pairs, i: int, is_copy: bool) -> str:
    """Tell why a pair is taken for what it isn't."""
    if is_copy and not pairs.numbers_agree[i]:
        return "copies, numbers differ"
    if is_copy and pairs.names_exchanged[i]:
        return "copies, a name for another word"
    rest = alone(*(read(text) for text in pairs.texts[i]))
    what = "words exchanged" if all(rest) else "words added"
    return f"{'copies' if is_copy else 'others'}, {what}"


def look_up(data: Path, wanted: Iterable[Mapping[str, str]]) -> Texts:
    """Find the texts of read pairs in the pools."""
    pairs = list(wanted)
    hashes = {row[side] for row in pairs for side in "ab"}
    texts: dict[str, str] = {}
    for row in copies.pool(data):
        if (key := copies.hashed(row.headline)) in hashes:
            texts.setdefault(key, row.headline)
    return [(texts[row["a"]], texts[row["b"]]) for row in pairs]


def other_sets(data: Path) -> dict[str, tuple[Texts, NDArray[np.bool_]]]:
    """Read the sets that ask other questions."""
    sts = [(float(score), a, b) for _, score, a, b in common.rows(data / OTHERS[0])]
    clear = [(score, a, b) for score, a, b in sts if score >= 4.5 or score < 3.5]
    msr = common.rows(data / OTHERS[1])
    return {
        "sts_headlines": (
            [(a, b) for _, a, b in clear],
            np.array([score >= 4.5 for score, *_ in clear]),
        ),
        "msr_paraphrase": (
            [(a, b) for *_, a, b in msr],
            np.array([label == "1" for _, label, *_ in msr]),
        ),
    }


def main() -> None:
    parser = common.arguments(__doc__, "research/copy_rules.json")
    parser.add_argument("--mistakes", action="store_true", help="print our rule's mistakes")
    options = parser.parse_args()
    if not common.there(options.data, *copies.POOLS, *OTHERS):
        return
    embedder = HeadlineLabeler.load().embedder
    gold = common.records(copies.PAIRS)
    sets = {"read": (look_up(options.data, gold), np.array([r["copy"] == "yes" for r in gold]))}
    sets |= other_sets(options.data)
    chooses = np.array([row["split"] == "choose" for row in gold])
    found: dict[str, Any] = {"least_precision": PRECISION, "sets": {}}
    limits: dict[str, float] = {}
    best: dict[str, float] = {}
    slope = 0.0
    for name, (texts, is_copy) in sets.items():
        pairs = Pairs.of(texts, embedder)
        if name == "read":
            half = Pairs.of([t for t, c in zip(texts, chooses, strict=True) if c], embedder)
            found["slope"] = slope = half.slope(is_copy[chooses])
        whole = [unit(embedder, [Headline.parse(pair[i]).text for pair in texts]) for i in (0, 1)]
        all_far = rules(pairs, (whole[0] * whole[1]).sum(axis=1), slope)
        if name == "read":
            limits = {rule: limit(far[chooses], is_copy[chooses]) for rule, far in all_far.items()}
            limits |= {"same text, folded": 0.5, f"cosine {COPIES} (today)": round(1 - COPIES, 4)}
            limits["nothing exchanged"] = limits["our rule"]
            best = {
                rule: best_limit(far[chooses], is_copy[chooses]) for rule, far in all_far.items()
            }
            found |= {"limits": limits, "best_limits": best}
        parts = {"choose": chooses, "report": ~chooses} if name == "read" else {name: ...}
        for part, of in parts.items():
            found["sets"][part] = {
                rule: measured((far <= limits[rule])[of], is_copy[of])
                for rule, far in all_far.items()
            }
            for rule, scores in found["sets"][part].items():
                print(part, rule, scores)
            if name == "read":
                found.setdefault("at_best_f1", {})[part] = {
                    rule: measured((far <= best[rule])[of], is_copy[of])
                    for rule, far in all_far.items()
                }
        if name == "read":
            ours = all_far["our rule"] <= limits["our rule"]
            found |= by_band(pairs, ours, is_copy, gold, options.mistakes)
    command = "python -m benchmarks.research.copy_rules --data DIR"
    common.write(options.output, common.described(command, found))


def by_band(
    pairs: Pairs,
    ours: NDArray[np.bool_],
    is_copy: NDArray[np.bool_],
    gold: Sequence[Mapping[str, str]],
    prints: bool,
) -> dict[str, Any]:
    """Tell of the report half what our rule finds in each band, and the kinds of its mistakes."""
    bands: dict[str, dict[str, int]] = {}
    kinds: Counter[str] = Counter()
    for i, row in enumerate(gold):
        if row["split"] != "report":
            if prints and ours[i] != is_copy[i]:
                print(
                    "choose",
                    kind_of_mistake(pairs, i, bool(is_copy[i])),
                    *pairs.texts[i],
                    sep="\n  ",
                )
            continue
        counts = bands.setdefault(
            row["band"], dict.fromkeys(("pairs", "copies", "found", "right"), 0)
        )
        counts["pairs"] += 1
        counts["copies"] += int(is_copy[i])
        counts["found"] += int(ours[i])
        counts["right"] += int(ours[i] and is_copy[i])
        if ours[i] != is_copy[i]:
            kinds[kind_of_mistake(pairs, i, bool(is_copy[i]))] += 1
            if prints:
                print(kind_of_mistake(pairs, i, bool(is_copy[i])), *pairs.texts[i], sep="\n  ")
    return {"bands": bands, "mistakes": dict(sorted(kinds.items()))}


if __name__ == "__main__":
    main()
