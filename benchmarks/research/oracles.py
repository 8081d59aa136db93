"""Compare what is read with what the formats' own libraries read.

RSS and Atom: the titles of feedparser's entries, over its own tests' feeds (unpack its source
distribution, or clone it: ``--feeds feedparser/tests``), after the same cleaning. JSON: the
items of `json.loads`. Every disagreement is listed with its kind.
"""

from __future__ import annotations

import argparse
import io
import json
import warnings
from collections import Counter
from pathlib import Path

import feedparser

from headlines.errors import FeedError
from headlines.feeds.cleaning import cleaned
from headlines.feeds.reader import read_feed

KINDS = {
    "no feed": "refused or read otherwise, since its root is none of a feed's",
    "media title": "feedparser takes the title of a picture or film for the item's",
    "no titles": "no entry has a title: the text's first sentence is taken",
    "bare sign": "a lone & or <, or an entity of HTML, is mended before the feed is parsed",
    "sanitised": "feedparser drops or completes mark-up of the title, which is cut here",
    "encoding": "the bytes are told to be in another encoding",
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
    if b"&" in data and any("&" in title or "<" in title for title in [*ours, *theirs]):
        return "bare sign"
    if any(not title.isascii() for title in [*ours, *theirs]):
        return "encoding"
    return "sanitised"


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
    return {"feeds": counts.total(), "counts": dict(counts), "differences": differences}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=Path, required=True, help="feedparser's folder tests/")
    parser.add_argument("--output", type=Path, help="where the JSON goes (default: it is printed)")
    options = parser.parse_args()
    found = compare_feeds(options.feeds)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in found.items() if k != "differences"}))
    if not options.output:
        print(text)


if __name__ == "__main__":
    main()
