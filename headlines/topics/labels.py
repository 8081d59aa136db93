"""Gold labels: the topics that people gave to headlines, and what they corrected later."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from headlines.errors import FeedError, TaxonomyError
from headlines.feeds.archives import ByteStream, open_input
from headlines.feeds.columns import Layout
from headlines.feeds.dates import instant_of, iso_date, read_date
from headlines.feeds.decoding import (
    SNIFF_BYTES,
    decoded,
    encoding_of,
    end_of_lines,
    is_broken,
    line_by_line,
    pieces_of,
)
from headlines.feeds.dialects import SAMPLE_LINES, Dialect
from headlines.feeds.headline import Headline, normalise_v1
from headlines.feeds.page import LineKind
from headlines.feeds.tables import table_records
from headlines.topics.taxonomy import known_names

MAX_SHOWN = 50
"""Topics that a message lists."""

_BETWEEN = re.compile(r"([,;|])")


@dataclass(frozen=True)
class GoldLabel:
    """The topic that a person gave to a headline.

    Attributes
    ----------
    headline : Headline
    topic : str
        The primary topic.
    also : tuple of str
        Further topics that apply.
    quotable : bool
        Whether a model may keep the headline's text; not where only its hash was published.
    drawn : bool
        Whether the headline came as headlines come, and not for being hard or rare: those drawn
        so tell how sure the model may be.
    origin : str or None
        The file that it stands in, as who keeps it calls it; None where nobody does.
    """

    headline: Headline
    topic: str
    also: tuple[str, ...] = ()
    quotable: bool = True
    drawn: bool = True
    origin: str | None = None


def read_labels(
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline] = (),
    *,
    was: Mapping[str, str] | None = None,
    origin: Callable[[Path], str] | None = None,
) -> list[GoldLabel]:
    """Read gold labels from tables with the columns headline, topic and, optionally, also.

    Parameters
    ----------
    paths : path or iterable of paths
        The files; `also` holds further topics, see `topics_in`. They are read as a feed's tables
        are, in any dialect and encoding, but a row that can't be read is an error. In the place of
        `headline` a column `sha256` may hold the SHA-256 of the headline under `normalise_v1`,
        where the text itself can't be published. A column `drawn` with ``no`` marks headlines
        that were chosen for being hard or rare, a column `withdrawn` with ``yes`` a row that takes
        another one back (`merge_corrections`).
    topics : sequence of str
        The topics that may be named; case, white space and the encoding of accents don't count.
    headlines : iterable of Headline, optional
        Where headlines are looked up by their hash.
    was : mapping of str to str, optional
        Earlier names of topics, each with today's (`Taxonomy.was`): a label may have either.
    origin : callable, optional
        Gives what a file is called in the labels' `origin`.

    Returns
    -------
    list of GoldLabel
        One for each distinct headline, in the order of the files. A hash that no headline at
        hand has is left out.

    Raises
    ------
    TaxonomyError
        When a file can't be read, a topic isn't known, or a headline has two labels.
    """
    found: dict[str, tuple[GoldLabel, str]] = {}
    for row in _standing(_labels(paths, topics, headlines, was, origin)):
        label, where = row.label, row.where
        earlier = found.setdefault(label.headline.id, (label, where))
        if earlier[0].topic != label.topic:
            raise TaxonomyError(
                f"{where}: {label.headline.headline!r} is labelled {label.topic!r}, but "
                f"{earlier[0].topic!r} in {earlier[1]}; keep one of them, or put the later one "
                "into a file of corrections"
            )
    return [label for label, _ in found.values()]


def ids_by_hash(paths: Iterable[str | Path]) -> set[str]:
    """Give the ids of headlines that files label by their hash alone, at hand or not.

    Raises TaxonomyError when a file can't be read.
    """
    rows: Counter[str] = Counter()
    for path in paths:
        for line, row in () if _is_empty(Path(path)) else _rows(Path(path)):
            if "headline" in row:
                break  # and so have all others
            where = f"{path}: line {line}"
            gone = _said(row, "withdrawn", where, otherwise="no")
            rows[_id_of(row["sha256"], where)] += -1 if gone else 1
    return {id for id, standing in rows.items() if standing > 0}


@dataclass(frozen=True)
class Conflict:
    """Two labels of one headline, of which the later was taken, each with its file and line."""

    headline: str
    earlier: str
    later: str
    where_earlier: str
    where_later: str

    def to_row(self) -> dict[str, str]:
        """Give the conflict as one JSON object."""
        return dict(self.__dict__)


def merge_corrections(
    labels: Sequence[GoldLabel],
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline] = (),
    *,
    was: Mapping[str, str] | None = None,
    origin: Callable[[Path], str] | None = None,
) -> tuple[list[GoldLabel], list[Conflict]]:
    """Overrule gold labels by corrections, the latest of which wins, and give what was overruled.

    The corrections are read as by `read_labels`; there is one label for each distinct headline. The
    latest is the one that stands last, or, where two have a date in a column `corrected`, the one
    with the later date; a time without a zone is UTC. A row with ``yes`` in a column `withdrawn`
    takes back the latest earlier row of its headline that has its topics, as if that one had never
    been written. An empty file has none. Raises TaxonomyError when a file can't be read, a topic
    isn't known, or a date can't be read or may be two days.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [path for path in files if not _is_empty(Path(path))]
    found = {label.headline.id: _Row(label, "the labels") for label in labels}
    conflicts = []
    for row in _standing(_labels(files, topics, headlines, was, origin, dated=True)):
        now = row
        if before := found.get(row.label.headline.id):
            early, now = (before, row) if row.is_after(before) else (row, before)
            if early.label.topic != now.label.topic:
                conflicts.append(
                    Conflict(
                        headline=row.label.headline.headline,
                        earlier=early.label.topic,
                        later=now.label.topic,
                        where_earlier=early.where,
                        where_later=now.where,
                    )
                )
        found[row.label.headline.id] = now
    return [row.label for row in found.values()], conflicts


@dataclass(frozen=True)
class _Row:
    """A row of a file of labels, and where it stands."""

    label: GoldLabel
    where: str
    corrected: datetime | None = None
    withdrawn: bool = False
    place: int = -1  # among all rows

    def is_after(self, other: _Row) -> bool:
        """Say whether it was written later: by the dates of both, or else by where they stand."""
        if self.corrected and other.corrected and self.corrected != other.corrected:
            return self.corrected > other.corrected
        return self.place > other.place

    def takes_back(self, other: _Row) -> bool:
        """Say whether it withdraws such a row."""
        same = self.label.topic == other.label.topic and self.label.also == other.label.also
        return same and self.is_after(other)


def _standing(rows: Iterable[_Row]) -> list[_Row]:
    """Give the rows that count: without those that were taken back, and what took them back."""
    read = list(rows)
    by_id: dict[str, list[_Row]] = {}
    for row in read:
        if not row.withdrawn:
            by_id.setdefault(row.label.headline.id, []).append(row)
    gone: set[int] = set()
    for row in read:
        latest: _Row | None = None
        for other in by_id.get(row.label.headline.id, ()) if row.withdrawn else ():
            takes = other.place not in gone and row.takes_back(other)
            if takes and (latest is None or other.is_after(latest)):
                latest = other
        if latest is not None:
            gone.add(latest.place)
    return [row for row in read if not row.withdrawn and row.place not in gone]


def _corrected(written: str, where: str) -> datetime | None:
    """Read when a correction was made."""
    if not written.strip():
        return None
    found = read_date(written)
    if found is None:
        raise TaxonomyError(
            f"{where}: corrected is {written.strip()[:60]!r}, which is no date or may be two; "
            "write it as 2024-06-01, or 2024-06-01T08:00+02:00"
        )
    return instant_of(found)


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


def _labels(
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline],
    was: Mapping[str, str] | None,
    origin: Callable[[Path], str] | None,
    *,
    dated: bool = False,
) -> Iterator[_Row]:
    """Give each label of the files; the dates of corrections where they are asked for."""
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    known = {normalise_v1(name): now for name, now in (was or {}).items()} | known_names(topics)
    at_hand: dict[str, Headline] | None = None
    places = itertools.count()
    for path in files:
        for line, row in _rows(Path(path)):
            where = f"{path}: line {line}"
            topic = known.get(normalise_v1(row["topic"]))
            if topic is None:
                raise _unknown(row["topic"].strip(), topics, where)
            published = "headline" in row
            if published:
                headline = Headline.parse(row["headline"])
                if row.get("date"):
                    headline = replace(headline, date=iso_date(row["date"]) or row["date"].strip())
            else:
                if at_hand is None:
                    at_hand = {h.id: h for h in headlines}
                found = at_hand.get(_id_of(row["sha256"], where))
                if found is None:
                    continue
                headline = found
            if not headline.headline:
                raise TaxonomyError(f"{where}: the headline is empty; fill it in or delete the row")
            try:
                also = topics_in(row.get("also", ""), known)
            except ValueError as error:
                raise _unknown(str(error), topics, where) from None
            drawn = _said(row, "drawn", where, otherwise="yes")
            yield _Row(
                GoldLabel(
                    headline,
                    topic,
                    also=tuple(dict.fromkeys(also)),
                    quotable=published,
                    drawn=drawn,
                    origin=origin(Path(path)) if origin else None,
                ),
                where,
                corrected=_corrected(row.get("corrected", ""), where) if dated else None,
                withdrawn=_said(row, "withdrawn", where, otherwise="no"),
                place=next(places),
            )


def _said(row: Mapping[str, str], column: str, where: str, *, otherwise: str) -> bool:
    """Read a cell of yes or no."""
    cell = (row.get(column) or "").strip().casefold() or otherwise
    if cell not in ("yes", "no"):
        raise TaxonomyError(f"{where}: {column} is {cell[:60]!r}, expected yes or no")
    return cell == "yes"


def topics_in(cell: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Give the topics that a cell names, with commas, semicolons or bars between them.

    It is read from the left, and the longest name that fits is taken, so that a name may have
    a comma in it; it may stand in quotes. `known` is what `known_names` gives. Raises ValueError
    with a name that isn't known.

    Examples
    --------
    >>> topics_in("Arts, Culture, sport", {"arts, culture": "Arts, Culture", "sport": "Sport"})
    ('Arts, Culture', 'Sport')
    """
    parts = _BETWEEN.split(cell)  # what stands between the names' parts has the odd places
    most = 2 * max((len(_BETWEEN.findall(name)) for name in known), default=0) + 1
    found: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(min(len(parts), start + most), start, -2):
            name = "".join(parts[start:end]).strip(" \t\"'“”")
            if topic := known.get(normalise_v1(name)):
                found.append(topic)
                break
            if end == start + 1 and name:
                raise ValueError(name)
        start = end + 1
    return tuple(dict.fromkeys(found))


def _unknown(name: str, topics: Sequence[str], where: str) -> TaxonomyError:
    shown = ", ".join(topics[:MAX_SHOWN]) + (", ..." if len(topics) > MAX_SHOWN else "")
    said = f"unknown topic {name[:80]!r}" if name else "no topic"
    return TaxonomyError(f"{where}: {said}; the topics are {shown}")


def _id_of(digest: str, where: str) -> str:
    """Give the id that a headline of this SHA-256 has."""
    digest = digest.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise TaxonomyError(f"{where}: sha256 is {digest[:80]!r}, expected 64 hexadecimal digits")
    return digest[:16]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of a file by the names of their columns; it is read as a feed's table is."""

    def refuse(line: int, why: str, raw: str) -> None:
        raise TaxonomyError(f"{path}: line {line}: {why} ({raw.strip()[:60]!r}); mend the row")

    try:
        with open_input(path) as file:
            stream = ByteStream(file, str(path))
            head = stream.peek(SNIFF_BYTES)
            encoding = encoding_of(head, str(path))
            pieces = decoded(
                pieces_of(stream, encoding),
                encoding,
                refuse,
                plain=False,
                end=end_of_lines(head),
                fault=lambda: stream.fault,
            )
            lines = list(line_by_line(pieces))
        column, dialect = _checked_columns(lines, path)
        if strict := _strict_rows(lines, dialect):
            yield from strict
            return
        for record in table_records(lines, Layout(column=column, header=True), str(path)):
            if record.kind is LineKind.QUARANTINED:
                refuse(record.line, record.reason, record.text)
            if record.kind is LineKind.HEADLINE:
                row = {name.strip().casefold(): value for name, value in record.fields.items()}
                yield record.line, row | {column: record.text}
    except FeedError as error:
        raise TaxonomyError(str(error)) from None


def _strict_rows(
    lines: Sequence[tuple[int, str]], dialect: Dialect
) -> list[tuple[int, dict[str, str]]]:
    """Give the rows of a file with withdrawals where all are CSV to the letter, else none.

    Such a file is written by programs, and any headline may stand in it: one with a backslash
    before a quote is not to change how the others are read.
    """
    head = [name.casefold() for name in dialect.head]
    if "withdrawn" not in head:
        return []
    reader = csv.reader(
        (f"{line}\n" for _, line in lines), delimiter=dialect.delimiter or ",", strict=True
    )
    found, start = [], 0
    try:
        for cells in reader:
            number, start = lines[start][0], reader.line_num
            names = [cell.strip().casefold() for cell in cells]
            if not any(names) or names == head:
                continue
            if len(cells) != len(head) or any(is_broken(cell) for cell in cells):
                return []
            found.append((number, dict(zip(head, cells, strict=True))))
    except csv.Error:
        return []
    return found


def _checked_columns(lines: Sequence[tuple[int, str]], path: Path) -> tuple[str, Dialect]:
    """Give the column of headlines, or of their hashes, where each column is there once."""
    sample = [line for _, line in lines[:SAMPLE_LINES]]
    dialect = Dialect("", (), header=True)
    if any(map(str.strip, sample)):
        dialect = Dialect.told(sample, Layout(header=True))
    columns = [name.casefold() for name in dialect.head]
    column = "sha256" if "sha256" in columns and "headline" not in columns else "headline"
    if missing := sorted({column, "topic"} - set(columns)):
        raise TaxonomyError(
            f"{path}: line 1: no column {' and no column '.join(missing)}; "
            f"the columns are {', '.join(columns) or '(none)'}"
        )
    for name in (column, "topic", "also", "corrected", "drawn", "withdrawn"):
        if columns.count(name) > 1:
            places = " and ".join(str(i) for i, other in enumerate(columns, 1) if other == name)
            raise TaxonomyError(
                f"{path}: line 1: columns {places} are both called {name!r}; rename one"
            )
    return column, dialect
