"""Compare what is read with what the formats' own libraries read.

RSS and Atom: the titles of feedparser's entries, over its own tests' feeds (unpack its source
distribution, or clone it: ``--feeds feedparser/tests``), after the same cleaning. JSON: the
items of `json.loads`. Every disagreement is listed with its kind.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import warnings
from collections import Counter
from pathlib import Path

import feedparser

from benchmarks import common
from headlines.errors import FeedError
from headlines.feeds.cleaning import cleaned
from headlines.feeds.columns import Layout
from headlines.feeds.objects import json_records
from headlines.feeds.reader import read_feed

KINDS = {
    "no feed": "refused, since its root is none of a feed's",
    "media title": "feedparser takes a picture's title for that of an item without one",
    "no titles": "no entry has a title: the first sentence of its text is taken",
    "sanitised": "feedparser drops mark-up that no page has had for long, such as <blink>, or "
    "keeps a picture for a title, which is blank here",
    "other": "not explained",
}


def titles_of_feedparser(data: bytes) -> list[str]:
    """Give the titles that feedparser gives, cleaned as ours are; empty ones are no headlines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = feedparser.parse(io.BytesIO(data))
    titles = [cleaned(entry.get("title", "")).headline for entry in found["entries"]]
    return [title for title in titles if title]


def kind_of(data: bytes, ours: list[str] | None, theirs: list[str]) -> str:
    """Say what a disagreement comes from."""
    if ours is None:
        return "no feed"
    if b"media:title" in data or b"mediarss" in data:
        return "media title"
    if not theirs:
        return "no titles"
    return "sanitised" if any("<" in title for title in [*ours, *theirs]) else "other"


def compare_feeds(folder: Path) -> dict[str, object]:
    """Compare all feeds below a folder."""
    counts: Counter[str] = Counter()
    differences = []
    for path in sorted(folder.rglob("*.xml")):
        data = path.read_bytes()
        theirs = titles_of_feedparser(data)
        try:
            ours: list[str] | None = [h.headline for h in read_feed(io.BytesIO(data), format="xml")]
        except FeedError as error:
            ours = [] if str(error).startswith("no headlines") else None
        except RecursionError:
            ours = None
        if ours == theirs or (not ours and not theirs):
            counts["equal"] += 1
            continue
        kind = kind_of(data, ours, theirs)
        counts[kind] += 1
        differences.append(
            {"file": str(path.relative_to(folder)), "kind": kind, "ours": ours, "theirs": theirs}
        )
    return {
        "feeds": counts.total(),
        "counts": dict(counts),
        "kinds": KINDS,
        "differences": differences,
    }


def compare_json(documents: int, seed: int) -> dict[str, int]:
    """Compare made documents: the items and all their keys, in each of three wrappings."""
    rng = random.Random(seed)
    letters = "aé漢\U0001f680\\\"/\n\t\u2028{}[],:'<&"
    equal = 0
    for _ in range(documents):
        items = [
            {
                "title": "".join(rng.choices(letters, k=rng.randint(1, 40))),
                "n": rng.choice([None, True, -0.5, 10**18, [1, {"x": []}], {"title": "other"}]),
            }
            for _ in range(rng.randint(1, 20))
        ]
        value = rng.choice([items, {"title": "x", "items": items}, {"a": {"docs": items, "b": 1}}])
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
        records = json_records(text, Layout(), "made")
        equal += [{"title": r.text, **r.fields} for r in records] == items
    return {"documents": documents, "equal": equal}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=Path, required=True, help="feedparser's folder tests/")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    found = {**compare_feeds(options.feeds), "json": compare_json(2000, seed=0)}
    command = "python -m benchmarks.research.oracles --feeds feedparser/tests"
    common.write(options.output, common.described(command, found))
    print(json.dumps({name: found[name] for name in ("feeds", "counts", "json")}))


if __name__ == "__main__":
    main()
