"""Names and sections that headlines of a pool end with, and how well they are told apart.

A name stands behind a sign on many different headlines of few sources, and seldom elsewhere in
them: `learned` finds such tails of one half of the sources, for a person to add to
models/publishers.txt. What the list does is measured on titles that have nothing before or
behind them, with names that aren't in it, and on the other half of the sources.

    python -m benchmarks.research.publishers --data DIR
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from benchmarks import common
from headlines.feeds.headline import Headline
from headlines.feeds.publishers import MAX_NAME, taken_apart

POOLS, TITLES = ("pool_news.tsv.xz", "pool_tech.tsv.xz"), "guardian_sections.tsv.xz"
SIGNS = (" | ", " · ", " » ", " - ", " — ", " – ", "-- ", " :: ", " / ")
LEADS = ("Reuters: ", "Agency: ", "BBC News - ", "Opinion | ", "WATCH: ", "BREAKING: ", "[Asia] - ")
TAIL = re.compile(rf"(.*) (?:[|·»–—-]|--) (\S.{{0,{MAX_NAME}}})$")

KNOWN = (
    "The Guardian", "BBC News", "Reuters", "The New York Times", "Bloomberg", "Al Jazeera",
    "Kommersant", "site.com", "www.site.co.uk", "Yahoo News", "The Hill", "WSJ", "Forbes",
)  # fmt: skip
UNKNOWN = (  # not in the list: written for this measurement
    "The Springfield Herald", "Quad-City Times", "Lansing State Journal", "Cape Gazette", "Puck",
    "Radio Kerry", "KTVU", "Metro Philadelphia", "Bklyner", "The Lever", "Defector", "Hell Gate",
    "Noema", "The Baffler", "Tangle", "Dublin Inquirer", "Gazeta Lubuska", "Sofia Globe",
    "Kigali Today", "Dhaka Courier", "Nepali Times", "Samoa Observer", "Cook Islands News",
    "Yukon News", "The Coast", "Tampa Free Press", "Mesabi Tribune", "Tahoe Daily Tribune",
)  # fmt: skip


def is_for_learning(source: str) -> bool:
    """Say in which half of the sources one is."""
    return sha256(source.encode()).digest()[0] % 2 == 0


def learned(rows: Iterable[tuple[str, str]], least: int = 10) -> Iterator[tuple[str, int, str]]:
    """Give tails that may be names, with how many headlines of which source end with them."""
    tails: defaultdict[str, Counter[str]] = defaultdict(Counter)
    words: Counter[str] = Counter()
    for headline, source in rows:
        if found := TAIL.match(headline):
            tails[found[2]][source] += 1
        words.update(set(headline.split()))
    for tail, sources in sorted(tails.items(), key=lambda item: -item[1].total()):
        total, (source, most) = sources.total(), sources.most_common(1)[0]
        elsewhere = min(words[word] for word in tail.split()) - total
        if total < least or most < 0.9 * total or elsewhere >= total or not tail[0].isupper():
            continue
        title = "A Full Headline of Many Words"
        if taken_apart(f"{title} - {tail}").text != title:  # none that is known yet
            yield tail, total, source


def kept(titles: Sequence[str], lead: str, sign: str, names: Sequence[str]) -> float:
    """Give the share of titles that have the same text with a name behind or a word before."""
    same = 0
    for i, title in enumerate(titles):
        decorated = lead + title + sign + names[i % len(names)]
        same += Headline.parse(decorated).text == Headline.parse(title).text
    return round(same / len(titles), 4)


def main() -> None:
    options = common.arguments(__doc__, "research/publishers.json").parse_args()
    if not common.there(options.data, *POOLS, TITLES):
        return
    pool = [(row[1], row[2]) for name in POOLS for row in common.rows(options.data / name)]
    print("may be names, and aren't in models/publishers.txt:")
    for tail, count, source in learned(row for row in pool if is_for_learning(row[1])):
        print(f"{count:8} {tail} ({source})")
    every = [row[1] for row in common.rows(options.data / TITLES)]
    titles = random.Random(11).sample(every, 1000)
    other = [headline for headline, source in pool if not is_for_learning(source)]
    measured = {
        "titles": len(titles),
        "same_text": {
            "known": {sign.strip(): kept(titles, "", sign, KNOWN) for sign in SIGNS},
            "unknown": {sign.strip(): kept(titles, "", sign, UNKNOWN) for sign in SIGNS},
            "before": {lead.strip(): kept(titles, lead, "", [""]) for lead in LEADS},
        },
        "other_half": {
            "headlines": len(other),
            "cut": sum(taken_apart(headline).text != headline for headline in other),
        },
    }
    print(json.dumps(measured, indent=1, ensure_ascii=False))
    command = "python -m benchmarks.research.publishers --data DIR"
    common.write(options.output, common.described(command, measured))


if __name__ == "__main__":
    main()
