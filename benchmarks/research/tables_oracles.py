"""Tables beside two oracles: the csv module and pandas, told the dialect, on well-formed tables.

Tables of random cells, seeded: delimiters, quotes, line breaks in cells, blanks, empty cells, odd
characters; all rows of one length, and a column called headline. The cells that `read_feed` gives
(the headline as `Headline.parse` reads it, the other columns as they are) are compared with
those of `csv.reader` and of `pandas.read_csv`, and each disagreement is counted under its cause.

``python -m benchmarks.research.tables_oracles``
"""

from __future__ import annotations

import collections
import csv
import io
import random
from importlib.metadata import version

import pandas

from benchmarks import common
from headlines.feeds.headline import Headline
from headlines.feeds.reader import FeedReader

TABLES = 2000
WORDS = ["floods", "hit", "Siberia", "EU", "talks", "“no”", "Köln", "Путин", "5%", "R&D"]
ODD = [",", ";", '"', "'", "\n", " ", "\\", "|", "\t", "\u2028", "\xa0"]


def made(rng: random.Random) -> tuple[str, str, list[list[str]]]:
    """Make a table: its text, its delimiter, and its rows with the header."""
    names = rng.sample(["url", "date", "id", "body", "note"], rng.randrange(1, 5))
    names.insert(rng.randrange(len(names) + 1), "headline")
    rows = [names]
    for _ in range(rng.randrange(1, 30)):
        row = []
        for _ in names:
            cell = " ".join(rng.choices(WORDS, k=rng.randrange(8)))
            if rng.random() < 0.2:
                at = rng.randrange(len(cell) + 1)
                cell = cell[:at] + rng.choice(ODD) + cell[at:]
            row.append(cell)
        rows.append(row)
    mark = rng.choice(",;\t|")
    file = io.StringIO()
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(file, delimiter=mark, quoting=quoting, lineterminator="\n").writerows(rows)
    return file.getvalue(), mark, rows


def ours(text: str, names: list[str]) -> tuple[list[list[str]], int]:
    """Give the rows that hold a headline, as we read them, and how many were set aside."""
    reader = FeedReader(io.BytesIO(text.encode()), format="csv")
    found = [
        [h.headline if name == "headline" else str(h.fields[name]) for name in names]
        for h in reader
    ]
    return found, reader.report.kinds["quarantined"]


def by_csv(text: str, mark: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if row]


def by_pandas(text: str, mark: str) -> list[list[str]]:
    options = {"dtype": str, "keep_default_na": False, "header": None}
    frame = pandas.read_csv(io.StringIO(text), sep=mark, **options)
    return [[str(cell) for cell in row] for row in frame.to_numpy()]


def cause_of(found: list[list[str]], wanted: list[list[str]], aside: int, mark: str) -> str:
    """Say why rows differ; nothing where they don't."""
    if found == wanted:
        return ""
    if aside:
        return "rows set aside"
    if len(found) != len(wanted):
        return "another number of rows"
    pairs = [(a, b) for x, y in zip(found, wanted, strict=True) for a, b in zip(x, y, strict=True)]
    if mark == "|" and all(a == b.strip() for a, b in pairs):
        return "blanks around cells between bars"
    if mark == "\t" and all(b in (a, a.strip('"').replace('""', '"')) for a, b in pairs):
        return "quotes of a cell between tabs that needs none"
    return "other cells"


def main() -> None:
    options = common.arguments(__doc__, "research/tables_oracles.json", data=False).parse_args()
    causes: dict[str, collections.Counter[str]] = {
        "csv": collections.Counter(),
        "pandas": collections.Counter(),
    }
    for seed in range(TABLES):
        text, mark, rows = made(random.Random(seed))
        place = rows[0].index("headline")
        found, aside = ours(text, rows[0])
        found = [row for row in found if any(map(str.isalnum, row[place]))]  # others may be blank
        for name, read in (("csv", by_csv), ("pandas", by_pandas)):
            wanted = []
            for row in read(text, mark)[1:]:
                row[place] = Headline.parse(row[place]).headline
                if any(map(str.isalnum, row[place])):
                    wanted.append(row)
            cause = cause_of(found, wanted, aside, mark)
            causes[name][cause or "the same cells"] += 1
            if cause == "other cells" or cause == "another number of rows":
                print(f"seed {seed}, {name}: {cause}")
    content = {"tables": TABLES, "oracles": {name: dict(found) for name, found in causes.items()}}
    for name, counts in causes.items():
        print(name, dict(counts))
    command = "python -m benchmarks.research.tables_oracles"
    common.write(options.output, common.described(command, content, {"pandas": version("pandas")}))


if __name__ == "__main__":
    main()
