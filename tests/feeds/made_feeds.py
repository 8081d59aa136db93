"""Inputs made by lot: feeds of every format, decorated, damaged, and encoded in many ways."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

TITLES = [
    "EU Approves New Round of Sanctions", "Floods, Fires and Storms Hit Siberia",
    'He said "no" to peace talks', "Court Jails Poet for Seven Years – Kommersant",
    "Zelenskyy’s Plan: What We Know", "Straßenbahn in Köln entgleist, acht Verletzte",
    "Путин встретился с Си Цзиньпином", "国務院総理出席経済形勢座談会",
    "Profit <2% & falling at R&D",
    "[Russia] - Drone Hits Depot", "Is This the End? | Opinion", "🚀 Launch Delayed 👩‍🚀 Again",
    "5 Killed in Crash", "بوتين يلتقي شي في بكين", "Soft\xadhyphen and zero\u200bwidth",
]  # fmt: skip
ODD = [
    "", " ", '"', '""', "\\", '\\"', ",", ";", "\t", "|", "\x00", "\x85", "\u2028", "\ufeff",
    "\r", "\n", "\r\n", "\f", "{", "[", "}", "<", "&amp;", "\x1b[31m", "sep=;", "headline", "- ",
]  # fmt: skip
ENCODINGS = ("utf-8",) * 8 + (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251", "koi8-r", "cp932", "gb18030",
)  # fmt: skip
COLUMNS = ("headline", "Titel", "title", "url", "date", "source", "id", "text", "body", "")


def made_feed(rng: random.Random) -> bytes:
    """Make one input."""
    titles = [_title(rng) for _ in range(rng.choice((0, 1, 2, 3, 5, 8, 20, 60)))]
    text = rng.choice(_WRITERS)(titles, rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(ODD) + text[at + rng.choice((0, 0, 1, 5)) :]
    data = text.encode(rng.choice(ENCODINGS), "replace")
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.05 else data


def _title(rng: random.Random) -> str:
    title = rng.choice(TITLES)
    if rng.random() < 0.15:
        at = rng.randrange(len(title) + 1)
        title = title[:at] + rng.choice(ODD) + title[at:]
    return f"{title} {rng.randrange(99)}" if rng.random() < 0.7 else title


def _lines(titles: Sequence[str], rng: random.Random) -> str:
    ends = rng.choice(("\n", "\n", "\r\n", "\r", "\u2028", "\r\r\n"))
    front = rng.choice(("", "", "- ", "1. ", "10:45 ", "Reuters\t"))
    return ends.join(front + title for title in titles) + rng.choice(("", ends))


def _table(titles: Sequence[str], rng: random.Random) -> str:
    names = rng.sample(COLUMNS, rng.randrange(1, 5))
    place = rng.randrange(len(names))
    cells = {"url": "https://x.org/7", "date": "2025-07-01", "id": "7"}
    file = io.StringIO()
    writer = csv.writer(
        file,
        delimiter=rng.choice(",,,;;\t|^"),
        quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        lineterminator=rng.choice(("\n", "\r\n", "\r")),
    )
    if rng.random() < 0.8:
        writer.writerow(names)
    for title in titles:
        row = [cells.get(name, "some words, or none") for name in names]
        row[place] = title
        writer.writerow(row if rng.random() < 0.97 else row[1:])
    return file.getvalue()


def _objects(titles: Sequence[str], rng: random.Random) -> list[object]:
    name = rng.choice(("headline", "title", "webTitle"))
    return [
        {name: title, "n": i, "tags": ["a"]}
        if rng.random() < 0.95
        else rng.choice((7, None, title))
        for i, title in enumerate(titles)
    ]


def _jsonl(titles: Sequence[str], rng: random.Random) -> str:
    plain = rng.random() < 0.5
    return "".join(json.dumps(value, ensure_ascii=plain) + "\n" for value in _objects(titles, rng))


def _json(titles: Sequence[str], rng: random.Random) -> str:
    value: object = _objects(titles, rng)
    if rng.random() < 0.5:
        value = {"title": "The Site", "items": value}
    return json.dumps(value, indent=rng.choice((None, 2)), ensure_ascii=rng.random() < 0.5)


def _rss(titles: Sequence[str], rng: random.Random) -> str:
    items = "".join(
        f"<item><title>{escape(title)}</title><link>https://x.org/{i}</link></item>\n"
        for i, title in enumerate(titles)
    )
    head = rng.choice(("", '<?xml version="1.0"?>\n'))
    return f'{head}<rss version="2.0"><channel><title>The Site</title>{items}</channel></rss>'


def _atom(titles: Sequence[str], rng: random.Random) -> str:
    items = "".join(f"<entry><title>{escape(title)}</title></entry>\n" for title in titles)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>The Site</title>{items}</feed>'


_WRITERS: Sequence[Callable[[Sequence[str], random.Random], str]] = (
    _lines, _lines, _table, _table, _table, _jsonl, _json, _rss, _atom,
)  # fmt: skip
