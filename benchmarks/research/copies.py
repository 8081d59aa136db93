"""Pairs of headlines that are copies of each other, or only look it, read twice.

``near_duplicates.tsv`` holds 300 pairs of two pools, drawn so that the hard middle is well covered,
each headline as the SHA-256 of its form under `normalise_v1`, as the texts aren't ours to publish.
No headline is in two pairs, and no two pairs begin with the same three words, so that a series
("Wordle hints for ...") counts once. *copy* and *again* are one reader's two readings, the second
in another order but soon after the first, which was in mind: their agreement says how firm
the rule is, not how far two readers would agree. *split* halves each band by a hash: a half to
choose by and a half to report on. Shares of copies are those of the bands, not of a feed.

Two headlines are copies where a reader who has seen the one would call the other the same headline
published again, by its words alone. No other headline is made by typography, spelling ("five",
"5"), case or punctuation; by a slip, or one mended; by a publisher, a section, a byline or a word
of the desk ("Live:", "Updated", "| Opinion"); by clauses in another order; by a synonym in the
place of a word or two; by a title before a name, or in its place; by words left out or put in that
hardly tell anything new. They are not copies where

- a number, a date, a name, a place, a negation or who did what to whom differs; a wrong number or
  name put right counts as another one, as the words alone don't tell;
- one tells what the other doesn't: a cause, a next step, another clause of the news;
- they are of a series, each time of another week, game, product or person;
- one is another editor's headline on the same story: half of the words or the build is new.

Candidates are the headlines of nine times five days, some 60,000. A band is where the Jaccard
coefficient of their character 5-grams, of letters and digits alone, lies: *same letters*, *.8 to
1*, *.6 to .8*, *.4 to .6*. *meaning* is below .4, with a cosine of .9 and more of the built-in
embedder and less than .6 of the words. *number* and *name* differ by that alone. Within a band
pairs of one day and of several, of one source and of two, take turns.

    python -m benchmarks.research.copies --data DIR          tells what was read
    python -m benchmarks.research.copies --data DIR --read 1 prints the texts, in the first order
    python -m benchmarks.research.copies --data DIR --draw   draws anew; keeps what was read

DIR holds pool_news.tsv.xz and pool_tech.tsv.xz, of rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from headlines import HeadlineLabeler
from headlines.embedding.vocabulary import tokenize
from headlines.feeds.headline import normalise_v1

POOLS = ("pool_news.tsv.xz", "pool_tech.tsv.xz")
PAIRS = common.HERE / "near_duplicates.tsv"
COLUMNS = ("band", "a", "b", "copy", "again", "split")
SEED = 20
PERIODS, DAYS, LEAST = 9, 5, 500
"""So many times so many days, of those with at least so many headlines."""
RARE, COMMON = 4, 150
"""Pairs share one of their rarest words, one that at most so many headlines have."""
WANTED = {
    "same letters": 30,
    ".8 to 1": 55,
    ".6 to .8": 60,
    ".4 to .6": 50,
    "meaning": 45,
    "number": 30,
    "name": 30,
}
NUMBERS = """
one two three four five six seven eight nine ten eleven twelve dozen hundred thousand million
billion first second third fourth fifth
"""


@dataclass(frozen=True)
class Row:
    """A headline of the pools."""

    date: str
    headline: str
    source: str

    @cached_property
    def id(self) -> str:
        return hashed(self.headline)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(word for word in tokenize(self.headline) if word[0].isalnum())

    @cached_property
    def grams(self) -> frozenset[str]:
        text = " ".join(self.words)
        return frozenset(text[i : i + 5] for i in range(max(1, len(text) - 4)))


Pair = tuple[Row, Row]


def hashed(headline: str) -> str:
    """Give the whole hash whose beginning is a headline's id."""
    return sha256(normalise_v1(headline).encode()).hexdigest()


def jaccard(a: Iterable[str], b: Iterable[str]) -> float:
    """Give how much of two sets is common to them, from 0 to 1."""
    one, other = set(a), set(b)
    return len(one & other) / max(1, len(one | other))


def sample(pool: Iterable[Row]) -> list[list[Row]]:
    """Take periods of some days, evenly over all, each headline once."""
    of: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in pool:
        of[row.date].setdefault(row.id, row)
    days = sorted(day for day, rows in of.items() if len(rows) >= LEAST)
    starts = [round(i * (len(days) - DAYS) / (PERIODS - 1)) for i in range(PERIODS)]
    taken: dict[str, Row] = {}
    periods = []
    for start in starts:
        new = {k: row for day in days[start : start + DAYS] for k, row in of[day].items()}
        periods.append([row for k, row in sorted(new.items()) if k not in taken])
        taken |= new
    return periods


def sharing(rows: Sequence[Row]) -> Iterator[Pair]:
    """Give pairs that share one of their rarest words, and a quarter of all."""
    frequency = Counter(word for row in rows for word in set(row.words))
    having: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        rare = sorted((frequency[w], w) for w in set(row.words) if 1 < frequency[w] <= COMMON)
        for _, word in rare[:RARE]:
            having[word].append(row)
    seen: set[tuple[str, str]] = set()
    for word in sorted(having):
        for a, b in combinations(having[word], 2):
            key = (min(a.id, b.id), max(a.id, b.id))
            if key not in seen and jaccard(a.words, b.words) >= 0.25:
                seen.add(key)
                yield a, b


def near(rows: Sequence[Row], least: float = 0.9) -> Iterator[Pair]:
    """Give pairs of one period that the built-in embedder puts together."""
    X = np.asarray(HeadlineLabeler.load().embedder.transform([r.headline for r in rows]), float)
    X /= np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-9)
    for start in range(0, len(rows), 500):
        block = X[start : start + 500] @ X[start:].T
        for i, j in zip(*np.nonzero(block >= least), strict=True):
            if i < j:
                yield rows[start + i], rows[start + j]


def number_alone(a: Row, b: Row) -> bool:
    """Tell whether nothing but numbers differs."""
    numbers = NUMBERS.split()

    def rest(row: Row) -> list[str]:
        return [w for w in row.words if w not in numbers and not any(c.isdigit() for c in w)]

    return rest(a) == rest(b) and len(a.words) == len(b.words) and len(rest(a)) >= 3


def name_alone(a: Row, b: Row) -> bool:
    """Tell whether one or two capitalised words alone differ, where few others are capitalised."""
    one, other = (re.findall(r"[^\W_]+", row.headline) for row in (a, b))
    start = 0
    while one[start : start + 1] == other[start : start + 1] and start < len(one):
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    middles = [words[start : len(words) - end] for words in (one, other)]
    rest = one[1:start] + one[len(one) - end :]
    alike = SequenceMatcher(None, *(" ".join(m).casefold() for m in middles)).ratio()
    return (
        start > 0
        and all(0 < len(m) <= 2 and all(w[0].isupper() for w in m) for m in middles)
        and len(rest) >= 3
        and sum(w[0].isupper() for w in rest) < 0.7 * len(rest)
        and alike < 0.6
    )


def band(a: Row, b: Row, *, by_meaning: bool = False) -> str | None:
    """Tell in which band a pair is, if in any."""
    if "".join(a.words) == "".join(b.words):
        return "same letters"
    if number_alone(a, b):
        return "number"
    if name_alone(a, b):
        return "name"
    nearness = jaccard(a.grams, b.grams)
    for least in (0.8, 0.6, 0.4):
        if nearness >= least:
            return {0.8: ".8 to 1", 0.6: ".6 to .8", 0.4: ".4 to .6"}[least]
    return "meaning" if by_meaning and jaccard(a.words, b.words) < 0.6 else None


def order(pair: Iterable[str], salt: object) -> str:
    """Give a place in an order of chance."""
    return sha256(" ".join([str(salt), *pair]).encode()).hexdigest()


def chosen(candidates: Mapping[str, Sequence[Pair]]) -> Iterator[tuple[str, str, str]]:
    """Draw the pairs of each band: its kinds in turns, each headline and each beginning once."""
    used: set[object] = set()
    for name, wanted in sorted(WANTED.items(), key=lambda item: len(candidates[item[0]])):
        kinds: defaultdict[tuple[bool, bool], dict[tuple[str, str], Pair]] = defaultdict(dict)
        for a, b in candidates[name]:
            key = (min(a.id, b.id), max(a.id, b.id))
            kinds[a.date == b.date, a.source == b.source][key] = (a, b)
        queues = [
            sorted(kinds[kind].items(), key=lambda item: order(item[0], SEED), reverse=True)
            for kind in sorted(kinds)
        ]
        taken = 0
        while taken < wanted and any(queues):
            for queue in queues:
                while queue and taken < wanted:
                    key, pair = queue.pop()
                    marks = {part for row in pair for part in (row.id, row.words[:3])}
                    if not marks & used:
                        used |= marks
                        taken += 1
                        yield name, *key
                        break


def draw(data: Path) -> list[dict[str, str]]:
    """Draw the pairs, half of each band to choose by; what was read of them is kept."""
    periods = sample(pool(data))
    candidates: defaultdict[str, list[Pair]] = defaultdict(list)
    for a, b in sharing([row for rows in periods for row in rows]):
        if name := band(a, b):
            candidates[name].append((a, b))
    for rows in periods:
        for a, b in near(rows):
            if band(a, b, by_meaning=True) == "meaning":
                candidates["meaning"].append((a, b))
    print({name: len(found) for name, found in candidates.items()})
    read = {(row["a"], row["b"]): row for row in common.records(PAIRS)} if PAIRS.is_file() else {}
    found = sorted(chosen(candidates), key=lambda p: (list(WANTED).index(p[0]), order(p[1:], "")))
    made = []
    for place, (name, a, b) in enumerate(found):
        row = dict.fromkeys(COLUMNS, "") | read.get((a, b), {}) | {"band": name, "a": a, "b": b}
        made.append(row | {"split": ("choose", "report")[place % 2]})
    return made


def pool(data: Path) -> Iterator[Row]:
    """Give the headlines of both pools."""
    for name in POOLS:
        for date, headline, source in common.rows(data / name):
            yield Row(date, headline, source)


def show(data: Path, pairs: Sequence[Mapping[str, str]], reading: int) -> None:
    """Print the texts of all pairs for a reader, in an order of this reading."""
    wanted = {row[side] for row in pairs for side in "ab"}
    texts = {k: r.headline for r in pool(data) if (k := hashed(r.headline)) in wanted}
    shuffled = list(pairs)
    random.Random(reading).shuffle(shuffled)
    for row in shuffled:
        print(f"{row['a'][:6]}\n  {texts[row['a']]}\n  {texts[row['b']]}")


def told(pairs: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Tell how many pairs are copies, and how far both readings agree (and Cohen's kappa)."""
    both = [(row["copy"] == "yes", row["again"] == "yes") for row in pairs]
    agree = sum(a == b for a, b in both) / len(both)
    one, other = (sum(side) / len(both) for side in zip(*both, strict=True))
    chance = one * other + (1 - one) * (1 - other)
    return {
        "pairs": len(both),
        "copies": sum(a for a, _ in both),
        "share": round(one, 3),
        "copies_again": sum(b for _, b in both),
        "differ": sum(a != b for a, b in both),
        "agreement": round(agree, 3),
        "kappa": round((agree - chance) / (1 - chance), 3) if chance < 1 else None,
    }


def main() -> None:
    parser = common.arguments(__doc__, "research/copies.json")
    parser.add_argument("--read", type=int, help="print the texts, in the order of this reading")
    parser.add_argument("--draw", action="store_true", help="draw the pairs anew")
    options = parser.parse_args()
    if not common.there(options.data, *POOLS):
        return
    if options.draw:
        lines = [COLUMNS, *(row.values() for row in draw(options.data))]
        PAIRS.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    pairs = common.records(PAIRS)
    if options.read is not None:
        show(options.data, pairs, options.read)
    if options.read is not None or options.draw:
        return
    found = {
        "all": told(pairs),
        "bands": {name: told([row for row in pairs if row["band"] == name]) for name in WANTED},
        "splits": {
            half: told([row for row in pairs if row["split"] == half])
            for half in ("choose", "report")
        },
    }
    for name, part in {"all": found["all"], **found["bands"], **found["splits"]}.items():
        print(name, part)
    command = "python -m benchmarks.research.copies --data DIR"
    common.write(options.output, common.described(command, found))


if __name__ == "__main__":
    main()
