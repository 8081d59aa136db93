"""Which index finds copies of a headline among very many, and what it costs.

The rule is that of ``copy_rules.py``, with its limit. The feed is 100,000 distinct headlines
of days that follow each other, from the middle of two pools. All pairs of them that have the same
numbers are compared, by cosine of the built-in embedder; the rule reads those of .8 and more. What
it takes for copies is the reference: pairs, and headlines with an earlier copy, which is what a
feed without copies needs. An index gives candidates, which the rule reads:

- *rare words*: headlines that share their numbers and two of their five rarest words, by the list
  that the package ships, which no feed changes; the last 30 of each such key are kept;
- *rare 5-grams*: that share their numbers and one of their six rarest runs of five characters, by
  the feed itself; the last 30 again;
- *MinHash*: that share one of 16 bands of 4 of the least hashes of their 5-grams;
- *neighbours*: the ten nearest by cosine, as the package searches them (faiss, in cells).

Seconds and memory of an index are without reading and embedding, which are told apart; memory is
what the process grew by at its peak. Seconds are the processor's, of one thread. *growth* is the
index of rare words on the first quarter, half and all of the feed.

    OMP_NUM_THREADS=1 python -m benchmarks.research.near_candidates --data DIR

DIR holds pool_news.tsv.xz and pool_tech.tsv.xz, of rumca-js/RSS-Link-Database-2022 and -2023. Linux
alone tells the memory.
"""

from __future__ import annotations

import ctypes
import gc
import random
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.research import copies
from benchmarks.research.copy_rules import grams, read, unit
from headlines import HeadlineLabeler
from headlines.clustering.copies import COPIES
from headlines.copies.rule import share_alone
from headlines.copies.wording import Wording
from headlines.neighbours import blocks, nearest, whole_vectors

LIKE = 0.8
"""Cosine from which all pairs are read."""
KEPT = 30
WORDS, GRAMS, BANDS, ROWS, NEIGHBOURS = 5, 6, 16, 4, 10
PRIME = (1 << 31) - 1

Pairs = NDArray[np.int64]
"""Places of two headlines, the earlier first, (n, 2)."""
Copies = set[tuple[int, int]]


def feed(data: Path, size: int) -> list[str]:
    """Give so many distinct headlines of days that follow each other."""
    rows = {row.id: row for row in copies.pool(data)}
    ranked = sorted(rows.values(), key=lambda row: (row.date, row.id))
    start = (len(ranked) - size) // 2
    return [row.headline for row in ranked[start : start + size]]


def all_alike(X: NDArray[np.float32], seen: Sequence[Wording]) -> Iterator[tuple[int, int, float]]:
    """Give all pairs that have the same numbers and a cosine of `LIKE` and more."""
    of: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, item in enumerate(seen):
        of[item.numbers].append(i)
    for members in of.values():
        places = np.array(members)
        points = X[places]
        for rows in blocks(len(places), 1024):
            cosine = points[rows] @ points[rows.start :].T
            for i, j in zip(*np.nonzero(cosine >= LIKE), strict=True):
                if i < j:
                    a, b = places[rows.start + i], places[rows.start + j]
                    yield int(a), int(b), float(cosine[i, j])


def sharing(keys: Iterable[Iterable[tuple[object, ...]]]) -> Pairs:
    """Give each headline with the last ones that share a key with it, in the order of the feed.

    Keys are sorted, 16 bytes each with their headlines, as a history of them could lie in a file.
    """
    hashes, owners = array("q"), array("q")
    for i, some in enumerate(keys):
        for key in some:
            digest = blake2b(repr(key).encode(), digest_size=8).digest()
            hashes.append(int.from_bytes(digest, "little", signed=True))
            owners.append(i)
    order = np.argsort(np.array(hashes), kind="stable")
    key, owner = np.array(hashes)[order], np.array(owners)[order]
    found = []
    for apart in range(1, KEPT + 1):
        same = key[apart:] == key[:-apart]
        found.append(np.unique(owner[:-apart][same] << 32 | owner[apart:][same]))
    codes = np.unique(np.concatenate(found))
    return np.column_stack([codes >> 32, codes & 0xFFFFFFFF])


def rare_words(seen: Sequence[Wording], X: NDArray[np.float32]) -> Pairs:
    def keys(item: Wording) -> Iterator[tuple[object, ...]]:
        ranked = sorted(zip(item.rarity, item.words, strict=True), reverse=True)
        words = dict.fromkeys(word for rarity, word in ranked if rarity)
        for pair in combinations(sorted(list(words)[:WORDS]), 2):
            yield item.numbers, pair
        if len(words) < 2:
            yield item.numbers, item.words

    return sharing(map(keys, seen))


def rare_grams(seen: Sequence[Wording], X: NDArray[np.float32]) -> Pairs:
    many = Counter(zlib.crc32(gram.encode()) for item in seen for gram in grams(item.text))

    def keys(item: Wording) -> Iterator[tuple[object, ...]]:
        hashes = {zlib.crc32(gram.encode()) for gram in grams(item.text)}
        ranked = sorted((many[gram], gram) for gram in hashes if many[gram] > 1)
        for _, gram in ranked[:GRAMS]:
            yield item.numbers, gram

    return sharing(map(keys, seen))


def minhash(seen: Sequence[Wording], X: NDArray[np.float32]) -> Pairs:
    """Broder, "On the resemblance and containment of documents" (1997), in bands."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(1, PRIME, size=(2, BANDS * ROWS, 1), dtype=np.uint64)

    def keys(item: Wording) -> Iterator[tuple[object, ...]]:
        hashes = np.array([zlib.crc32(gram.encode()) for gram in grams(item.text)], dtype=np.uint64)
        least = ((a * (hashes & np.uint64(PRIME)) + b) % np.uint64(PRIME)).min(axis=1)
        for band, values in enumerate(least.reshape(BANDS, ROWS)):
            yield band, item.numbers, values.tobytes()

    return sharing(map(keys, seen))


def neighbours(seen: Sequence[Wording], X: NDArray[np.float32]) -> Pairs:
    near, _ = nearest(whole_vectors(X), NEIGHBOURS)
    both = np.column_stack([np.repeat(np.arange(len(near)), NEIGHBOURS), near.reshape(-1)])
    return np.asarray(np.unique(np.sort(both, axis=1), axis=0))


INDEXES = {
    "rare words": rare_words,
    "rare 5-grams": rare_grams,
    "MinHash": minhash,
    "neighbours": neighbours,
}


class Rule:
    """The rule of ``copy_rules.py``, as its JSON has it."""

    def __init__(self) -> None:
        found = common.known(common.HERE / "research" / "copy_rules.json")
        self.slope: float = found["slope"]
        self.limit: float = found["limits"]["our rule"]

    def __call__(self, a: Wording, b: Wording, cosine: float) -> bool:
        room = self.limit - self.slope * (1 - cosine)
        if room < 0 or a.numbers != b.numbers:
            return False
        share, exchanged = share_alone(a, b)
        return not exchanged and share <= room


def resident(peak: bool = False) -> float:
    """Give the megabytes that the process has in memory, or had at most since `forget_peak`."""
    name = "VmHWM" if peak else "VmRSS"
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if name in line) / 1024


def forget_peak() -> None:
    """Give free memory back, so that what an index needs shows."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def reference(
    X: NDArray[np.float32], seen: Sequence[Wording], is_copy: Rule
) -> tuple[Copies, dict[str, Any]]:
    """Find all copies by the rule, and tell what today's threshold does with the same pairs."""
    found: Copies = set()
    compared = today = both = 0
    start = process_time()
    for a, b, cosine in all_alike(X, seen):
        compared += 1
        copy = is_copy(seen[a], seen[b], cosine)
        today += cosine >= COPIES
        both += copy and cosine >= COPIES
        if copy:
            found.add((a, b))
    told = {
        "read_pairs": compared,
        "pairs": len(found),
        "headlines": len({b for _, b in found}),
        "at_today_s_cosine": int(today),
        "of_these_by_the_rule": int(both),
        "seconds": round(process_time() - start, 1),
    }
    return found, told


def tried(
    name: str, X: NDArray[np.float32], seen: Sequence[Wording], true: Copies, is_copy: Rule
) -> dict[str, Any]:
    """Tell what an index finds of the true pairs, and what it costs."""
    forget_peak()
    before, start = resident(), process_time()
    candidates = INDEXES[name](seen, X)
    indexed = process_time()
    grown = resident(peak=True) - before
    kept = {(a, b) for a, b in candidates.tolist() if is_copy(seen[a], seen[b], float(X[a] @ X[b]))}
    ruled = process_time()
    wanted = {b for _, b in true}
    return {
        "candidates": len(candidates),
        "pairs_found": round(len(kept & true) / len(true), 4),
        "headlines_found": round(len({b for _, b in kept} & wanted) / len(wanted), 4),
        "seconds": round(indexed - start, 1),
        "rule_seconds": round(ruled - indexed, 1),
        "megabytes": round(grown),
    }


def main() -> None:
    parser = common.arguments(__doc__, "research/near_candidates.json")
    parser.add_argument("--size", type=int, default=100_000, help="headlines")
    parser.add_argument("--show", type=int, default=0, help="print so many of the copies, by lot")
    options = parser.parse_args()
    if not common.there(options.data, *copies.POOLS):
        return
    texts = feed(options.data, options.size)
    start = process_time()
    seen = [read(text) for text in texts]
    for item in seen:
        _ = item.rarity  # told with the reading
    reading = process_time() - start
    start = process_time()
    X = unit(HeadlineLabeler.load().embedder, [item.text for item in seen]).astype(np.float32)
    embedding = process_time() - start
    is_copy = Rule()
    true, told = reference(X, seen, is_copy)
    growth: dict[int, dict[str, float]] = {}
    found: dict[str, Any] = {
        "headlines": len(texts),
        "growth": growth,
        "reading_seconds": round(reading, 1),
        "embedding_seconds": round(embedding, 1),
        "reference": told,
        "indexes": {},
    }
    print(found, flush=True)
    for a, b in random.Random(0).sample(sorted(true), min(options.show, len(true))):
        print(texts[a], texts[b], "", sep="\n")
    for name in INDEXES:
        found["indexes"][name] = tried(name, X, seen, true, is_copy)
        print(name, found["indexes"][name], flush=True)
    for size in (len(texts) // 4, len(texts) // 2, len(texts)):
        start = process_time()
        many = len(rare_words(seen[:size], X))
        growth[size] = {"candidates": many, "seconds": round(process_time() - start, 1)}
    command = "OMP_NUM_THREADS=1 python -m benchmarks.research.near_candidates --data DIR"
    common.write(options.output, common.described(command, found))


if __name__ == "__main__":
    main()
