"""Dialects of tables: ours beside the standard sniffer, clevercsv and polars.

The cells of all tables are known.

Generated tables of ten real titles each (delimiters x quoting x header x other columns), seeded,
and the well-formed tables of tests/data/nasty. A reader that doesn't tell a dialect itself is given
what its own detector says: `csv.Sniffer` and clevercsv's for the csv module; polars detects
none, and reads with a comma. Right are the cells of all rows; for us also the column of headlines.

``python -m benchmarks.research.dialects``
"""

from __future__ import annotations

import collections
import csv
import io
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

import clevercsv
import polars

from benchmarks import common
from headlines import read_feed
from headlines.feeds.columns import Layout
from headlines.feeds.dialects import Dialect, read_row

DELIMITERS = (",", ";", "\t", "|", "^")
QUOTINGS = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "none": csv.QUOTE_NONE}
COLUMNS = {
    "title alone": ("title",),
    "date, title": ("datum", "titel"),
    "id, title, url, text": ("id", "title", "url", "summary"),
}
DRAWS = 5
Table = list[list[str]]


def tables() -> Iterator[tuple[str, str, Table]]:
    """Give tables as text, what is particular about each, and its cells."""
    rng = random.Random(0)
    feed = [h.headline for h in read_feed(common.SEEDS / "feed.txt")]
    kinds = itertools.product(DELIMITERS, QUOTINGS, COLUMNS, (True, False))
    for (mark, quoting, columns, header), _ in itertools.product(kinds, range(DRAWS)):
        names = COLUMNS[columns]
        rows = [list(names)] if header else []
        for i, title in enumerate(rng.sample(feed, 10)):
            cells = {"id": str(i), "url": f"https://x.org/{i}", "datum": f"2025-07-{i + 10}"}
            cells["summary"] = f'{rng.choice(feed)}, they "said"; {rng.choice(feed)}'
            rows.append([cells.get(name, title) for name in names])
        if quoting == "none":
            rows = [[cell.replace(mark, "").replace('"', "'") for cell in row] for row in rows]
        file = io.StringIO()
        csv.writer(file, delimiter=mark, quoting=QUOTINGS[quoting], lineterminator="\n").writerows(
            rows
        )
        yield f"{columns}, {quoting}", file.getvalue(), rows


def by_headlines(text: str) -> Table:
    lines = text.splitlines()
    dialect = Dialect.told(lines, Layout())
    return [read_row(line, dialect) or [] for line in lines]


def by_sniffer(text: str) -> Table:
    return list(csv.reader(io.StringIO(text), csv.Sniffer().sniff(text)))


def by_clevercsv(text: str) -> Table:
    dialect = clevercsv.Sniffer().sniff(text)
    return list(clevercsv.reader(io.StringIO(text), dialect))


def by_polars(text: str) -> Table:
    frame = polars.read_csv(io.StringIO(text), has_header=False, infer_schema=False)
    return [[cell or "" for cell in row] for row in frame.rows()]


READERS: dict[str, Callable[[str], Table]] = {
    "headlines": by_headlines,
    "csv.Sniffer": by_sniffer,
    "clevercsv": by_clevercsv,
    "polars": by_polars,
}


def scores(
    made: Sequence[tuple[str, str, Table]], read: Callable[[str], Table]
) -> dict[str, object]:
    """Count how many tables a reader gives the cells of, by their kinds."""
    right: collections.Counter[str] = collections.Counter()
    start = time.process_time()
    for kind, text, rows in made:
        try:
            right[kind] += read(text) == rows
        except Exception:  # of whatever a library raises
            right[kind] += 0
    seconds = time.process_time() - start
    return {"right": sum(right.values()), "seconds": round(seconds, 2), "by_kind": dict(right)}


def main() -> None:
    options = common.arguments(__doc__, "research/dialects.json", data=False).parse_args()
    made = list(tables())
    found = {name: scores(made, read) for name, read in READERS.items()}
    for name, score in found.items():
        print(f"{name:12} {score['right']:4} of {len(made)} tables, {score['seconds']} s")
    versions = {name: version(name) for name in ("clevercsv", "polars")}
    command = "python -m benchmarks.research.dialects"
    content = {"tables": len(made), "readers": found}
    common.write(options.output, common.described(command, content, versions))


if __name__ == "__main__":
    main()
