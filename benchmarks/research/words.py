"""How often words stand in headlines of news in general: makes models/words.txt.

Counts in how many headlines of two pools each word stands, a text that occurs again left out;
words of fewer than five headlines are left out, which are misspelt, foreign or of one story.

    python -m benchmarks.research.words --data DIR
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks import common
from headlines.embedding.vocabulary import tokenize
from headlines.files import MODELS, replacing

POOLS = ("pool_news.tsv.xz", "pool_tech.tsv.xz")
LEAST = 5
HEAD = """\
# For `headlines.copies.wordcounts`: in how many headlines words stand. How many were counted; then
# a number of headlines and the words that stand in as many. Of two pools of news and technology of
# 2022 and 2023 (rumca-js/RSS-Link-Database), by benchmarks/research/words.py.
"""


def counted(headlines: Iterable[str]) -> Counter[str]:
    """Count headlines by word."""
    return Counter(word for headline in headlines for word in set(tokenize(headline)))


def lines(headlines: int, counts: Mapping[str, int]) -> Iterator[str]:
    """Give a list line by line, the commonest words first."""
    having: defaultdict[int, list[str]] = defaultdict(list)
    for word, count in counts.items():
        having[count].append(word)
    yield f"{headlines} headlines"
    for count in sorted(having, reverse=True):
        yield " ".join([str(count), *sorted(having[count])])


def main() -> None:
    parser = common.arguments(__doc__, "research/words.json")
    parser.add_argument("--list", type=Path, default=MODELS / "words.txt", help="the list to make")
    options = parser.parse_args()
    if not common.there(options.data, *POOLS):
        return
    headlines = {row[1] for name in POOLS for row in common.rows(options.data / name)}
    counts = counted(headlines)
    listed = {word: count for word, count in counts.items() if count >= LEAST}
    with replacing(options.list) as file:
        file.write(HEAD.encode())
        file.writelines(f"{line}\n".encode() for line in lines(len(headlines), listed))
    found = {
        "headlines": len(headlines),
        "words": len(counts),
        "listed": len(listed),
        "bytes": options.list.stat().st_size,
        "share_of_occurrences_listed": round(sum(listed.values()) / counts.total(), 4),
    }
    print(json.dumps(found, indent=1))
    command = "python -m benchmarks.research.words --data DIR"
    common.write(options.output, common.described(command, found))


if __name__ == "__main__":
    main()
