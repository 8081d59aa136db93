"""The user's topics, and the labels that people gave."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headlines.cli.rows import replacing
from headlines.errors import TaxonomyError
from headlines.feeds.headline import Headline
from headlines.files import SEEDS

__all__ = [
    "Conflict",
    "GoldLabel",
    "Taxonomy",
    "Topic",
    "add_topics",
    "merge_corrections",
    "read_labels",
]

FEW = 10
"""Phrases and examples below which a topic is learned from its name and definition too."""


@dataclass(frozen=True)
class Topic:
    """One class of a taxonomy.

    Attributes
    ----------
    name : str
        The label that headlines get.
    definition : str
        What belongs to it, for people and for the reader of its labels.
    ties : tuple of str
        Rules that decide against neighbouring topics.
    phrases : tuple of str
        Short descriptions that a classifier may learn from.
    examples : tuple of str
        Headlines written as examples: training data, never test data.
    """

    name: str
    definition: str = ""
    ties: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What a classifier learns from: phrases and examples, with too few of them also words."""
        written = (*self.phrases, *self.examples)
        if len(written) >= FEW:
            return written
        return tuple(t for t in (self.name, self.definition, *written) if t)


@dataclass(frozen=True)
class Taxonomy:
    """Two or more topics, in their order.

    Examples
    --------
    >>> taxonomy = Taxonomy.load()
    >>> taxonomy.names[:3]
    ('sanctions', 'drones', 'courts')
    """

    topics: tuple[Topic, ...]
    source: str = field(default="taxonomy", compare=False)

    def __post_init__(self) -> None:
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated:
            raise TaxonomyError(
                f"{self.source}: topic {sorted(repeated)[0]!r} appears twice; merge the two"
            )
        if len(self.topics) < 2:
            raise TaxonomyError(
                f"{self.source}: {len(self.topics)} topic(s), a classifier needs two or more; "
                "add another [[topic]]"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names in their order."""
        return tuple(topic.name for topic in self.topics)

    @classmethod
    def load(cls, path: str | Path | None = None) -> Taxonomy:
        """Read a topics file.

        Parameters
        ----------
        path : str or Path, optional
            A TOML file with one ``[[topic]]`` table a topic: `name`, and optionally
            `definition`, `ties`, `phrases`, `examples`. The built-in topics by default.

        Returns
        -------
        Taxonomy

        Raises
        ------
        TaxonomyError
            When the file can't be read, is malformed, or has fewer than two topics.
        """
        path = Path(path) if path is not None else SEEDS / "topics.toml"
        return cls(_topics(path), str(path))


def add_topics(path: str | Path, topics: Sequence[Topic]) -> None:
    """Write topics at the end of a topics file; what stands in it stays as it is.

    Parameters
    ----------
    path : path
        Is made where it doesn't exist; a classifier wants two topics or more in it.
    topics : sequence of Topic

    Raises
    ------
    TaxonomyError
        When the file can't be read or has a topic of that name.
    OutputError
        When it can't be written.
    """
    path = Path(path)
    text = "version = 1\n"
    if path.exists():
        taken = {topic.name for topic in _topics(path)}
        for topic in topics:
            if topic.name in taken:
                raise TaxonomyError(
                    f"{path}: has a topic {topic.name!r}; rename or remove it first"
                )
        text = path.read_text(encoding="utf-8")
    for topic in topics:
        text += f"\n[[topic]]\nname = {_quoted(topic.name)}\n"
        text += f"definition = {_quoted(topic.definition)}\n"
        for key in ("ties", "phrases", "examples"):
            if values := getattr(topic, key):
                listed = "".join(f"    {_quoted(value)},\n" for value in values)
                text += f"{key} = [\n{listed}]\n"
    with replacing(path) as file:
        file.write(text.encode())


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's strings are."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _topics(path: Path) -> tuple[Topic, ...]:
    """Read the tables of a topics file."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise TaxonomyError(
            f"{path}: can't be read ({error.strerror}); give a topics file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: not TOML: {error}") from None
    tables = content.get("topic", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise TaxonomyError(f"{path}: 'topic' must be written as [[topic]] tables")
    return tuple(_topic(table, number, path) for number, table in enumerate(tables, 1))


def _topic(table: dict[str, Any], number: int, path: Path) -> Topic:
    known = {"name": str, "definition": str, "ties": list, "phrases": list, "examples": list}
    values: dict[str, Any] = {}
    for key, value in table.items():
        kind = known.get(key)
        if kind is None:
            raise TaxonomyError(
                f"{path}: topic {number}: unknown key {key!r}; the keys are {', '.join(known)}"
            )
        if not isinstance(value, kind) or (
            kind is list and not all(isinstance(v, str) and v.strip() for v in value)
        ):
            wanted = "a string" if kind is str else "a list of strings that aren't empty"
            raise TaxonomyError(f"{path}: topic {number}: {key} is {value!r}, expected {wanted}")
        values[key] = value.strip() if kind is str else tuple(value)
    if not values.get("name"):
        raise TaxonomyError(f'{path}: topic {number} has no name; add name = "..."')
    return Topic(**values)


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
    """

    headline: Headline
    topic: str
    also: tuple[str, ...] = ()
    quotable: bool = True
    drawn: bool = True


def read_labels(
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline] = (),
) -> list[GoldLabel]:
    """Read gold labels from CSV files with the columns headline, topic and, optionally, also.

    Parameters
    ----------
    paths : path or iterable of paths
        The files (UTF-8); `also` holds further topics, separated by commas. In the place of
        `headline` a column `sha256` may hold the SHA-256 of the headline under `normalise_v1`,
        where the text itself can't be published. A column `drawn` with ``no`` marks headlines
        that were chosen for being hard or rare.
    topics : sequence of str
        The topics that may be named.
    headlines : iterable of Headline, optional
        Where headlines are looked up by their hash.

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
    for label, where, _ in _labels(paths, topics, headlines):
        earlier = found.setdefault(label.headline.id, (label, where))
        if earlier[0].topic != label.topic:
            raise TaxonomyError(
                f"{where}: {label.headline.headline!r} is labelled {label.topic!r}, but "
                f"{earlier[0].topic!r} in {earlier[1]}; keep one of them, or put the later one "
                "into a file of corrections"
            )
    return [label for label, _ in found.values()]


@dataclass(frozen=True)
class Conflict:
    """Two labels of one headline, of which the later was taken.

    Attributes
    ----------
    headline : str
    earlier, later : str
        The topics.
    where_earlier, where_later : str
        File and line of each.
    """

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
) -> tuple[list[GoldLabel], list[Conflict]]:
    """Overrule gold labels by corrections, the latest of which wins.

    Parameters
    ----------
    labels : sequence of GoldLabel
    paths, topics, headlines
        As for `read_labels`. The latest is the one that stands last, or, where two have a date
        in a column `corrected` (ISO 8601), the one with the later date.

    Returns
    -------
    labels : list of GoldLabel
        One for each distinct headline.
    conflicts : list of Conflict
        What was overruled.

    Raises
    ------
    TaxonomyError
        When a file can't be read, or a topic isn't known.
    """
    found = {label.headline.id: (label, "the labels", "") for label in labels}
    conflicts = []
    for label, where, row in _labels(paths, topics, headlines):
        date = (row.get("corrected") or "").strip()
        before = found.get(label.headline.id)
        now = (label, where, date)
        if before is not None:
            early, late = (now, before) if date and date < before[2] else (before, now)
            if early[0].topic != late[0].topic:
                conflicts.append(
                    Conflict(label.headline.headline, early[0].topic, late[0].topic,
                             early[1], late[1])
                )  # fmt: skip
            now = late
        found[label.headline.id] = now
    return [label for label, _, _ in found.values()], conflicts


def _labels(
    paths: str | Path | Iterable[str | Path],
    topics: Sequence[str],
    headlines: Iterable[Headline],
) -> Iterator[tuple[GoldLabel, str, dict[str, str]]]:
    """Give each label of the files, where it stands, and its row."""
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    at_hand: dict[str, Headline] | None = None
    for path in files:
        for line, row in _rows(Path(path)):
            where = f"{path}: line {line}"
            if None in row:  # where csv puts what goes beyond the header
                raise TaxonomyError(f"{where}: more fields than the header; quote what has commas")
            also = tuple(t for t in re.split(r"\s*[,;|]\s*", (row.get("also") or "").strip()) if t)
            topic = (row.get("topic") or "").strip()
            for name in (topic, *also):
                if name not in topics:
                    raise TaxonomyError(
                        f"{where}: unknown topic {name!r}; the topics are {', '.join(topics)}"
                    )
            published = "headline" in row
            if published:
                headline = Headline.parse(row["headline"] or "")
                if row.get("date"):
                    headline = replace(headline, date=row["date"].strip())
            else:
                if at_hand is None:
                    at_hand = {h.id: h for h in headlines}
                known = at_hand.get(_id_of(row["sha256"] or "", where))
                if known is None:
                    continue
                headline = known
            if not headline.headline:
                raise TaxonomyError(f"{where}: the headline is empty; fill it in or delete the row")
            drawn = (row.get("drawn") or "yes").strip().casefold()
            if drawn not in ("yes", "no"):
                raise TaxonomyError(f"{where}: drawn is {drawn!r}, expected yes or no")
            yield GoldLabel(headline, topic, also, published, drawn == "yes"), where, row


def _id_of(digest: str, where: str) -> str:
    """Give the id that a headline of this SHA-256 has."""
    digest = digest.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise TaxonomyError(f"{where}: sha256 is {digest!r}, expected 64 hexadecimal digits")
    return digest[:16]


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [c.strip().casefold() for c in reader.fieldnames or ()]
            named = "sha256" if "sha256" in columns and "headline" not in columns else "headline"
            missing = {named, "topic"} - set(columns)
            if missing:
                raise TaxonomyError(
                    f"{path}: line 1: no column {' and no column '.join(sorted(missing))}; "
                    f"the columns are {', '.join(columns) or '(none)'}"
                )
            reader.fieldnames = columns
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise TaxonomyError(f"{path}: can't be read ({error.strerror}); give a CSV file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TaxonomyError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from None
