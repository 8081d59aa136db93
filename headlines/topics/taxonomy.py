"""The user's topics, and the labels that people gave."""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headlines.errors import TaxonomyError, short
from headlines.feeds.headline import Headline, normalise_v1
from headlines.files import SEEDS, replacing

MIN_WRITTEN_TEXTS = 10
"""Phrases and examples below which a topic is learned from its name and definition too."""

MAX_NAME = 1000
"""Characters of a name or code."""


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
    code : str
        What it is called in a scheme that others use, as ``medtop:15000000`` in IPTC's Media
        Topics; kept in a model.
    was : tuple of str
        Names that it had: what was labelled so is labelled with it.

    Examples
    --------
    >>> Topic("tariffs", phrases=("new import duties",)).texts
    ('tariffs', 'new import duties')
    """

    name: str
    definition: str = ""
    ties: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    code: str = ""
    was: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What a classifier learns from: phrases and examples, with too few of them also words."""
        written = (*self.phrases, *self.examples)
        if len(written) >= MIN_WRITTEN_TEXTS:
            return written
        return tuple(t for t in (self.name, self.definition, *written) if t)


@dataclass(frozen=True)
class Taxonomy:
    """Two or more topics, in their order.

    Names that differ in nothing but case, white space or how accents are encoded are one topic's;
    an example or phrase may stand under one topic only. A topic that was renamed, or merged from
    several, says what it was; where two were one, which of them labels of the old name belong to
    isn't known, unless one of them still has that name.

    Examples
    --------
    >>> taxonomy = Taxonomy.load()
    >>> taxonomy.names[:3]
    ('sanctions', 'drones', 'courts')
    """

    topics: tuple[Topic, ...]
    source: str = field(default="taxonomy", compare=False)

    def __post_init__(self) -> None:
        known: dict[str, str] = {}
        for name in self.names:
            key = normalise_v1(name)
            if earlier := known.get(key):
                also = "" if earlier == name else f", once as {earlier!r}"
                raise TaxonomyError(
                    f"{self.source}: topic {name!r} appears twice{also}; merge the two"
                )
            known[key] = name
        for topic in self.topics:
            _check_shows(topic, self.source)
            if twice := [n for n, k in Counter(map(normalise_v1, topic.was)).items() if k > 1]:
                raise TaxonomyError(
                    f"{self.source}: topic {topic.name!r} was {twice[0]!r} twice; write it once"
                )
            if normalise_v1(topic.name) in map(normalise_v1, topic.was):
                raise TaxonomyError(
                    f"{self.source}: topic {topic.name!r} was itself; name in was = [...] what it "
                    "was called before"
                )
        _check_examples(self.topics, self.source)
        if len(self.topics) < 2:
            raise TaxonomyError(
                f"{self.source}: {len(self.topics)} topic(s), a classifier needs two or more; "
                "add another [[topic]]"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The topics' names in their order."""
        return tuple(topic.name for topic in self.topics)

    @property
    def codes(self) -> tuple[str, ...]:
        """The topics' codes in their order, empty where there is none."""
        return tuple(topic.code for topic in self.topics)

    @property
    def was(self) -> dict[str, str]:
        """Earlier names of topics, each with today's; not those of which several topics were."""
        told = Counter(normalise_v1(name) for topic in self.topics for name in topic.was)
        names = known_names(self.names)
        return {
            name: topic.name
            for topic in self.topics
            for name in topic.was
            if told[normalise_v1(name)] == 1 and normalise_v1(name) not in names
        }

    def now(self, name: str) -> str | None:
        """Give today's name of a topic; None where there is none, or several topics were it."""
        if name in self.names:
            return name
        return {normalise_v1(old): new for old, new in self.was.items()}.get(normalise_v1(name))

    def today(self, name: str) -> str:
        """Give today's name of a topic, or the name itself where there is none."""
        return self.now(name) or name

    @classmethod
    def load(cls, path: str | Path | None = None) -> Taxonomy:
        """Read a topics file.

        Parameters
        ----------
        path : str or Path, optional
            A TOML file with one ``[[topic]]`` table a topic: `name`, and optionally
            `definition`, `ties`, `phrases`, `examples`, `code`, `was`. The built-in topics by
            default.

        Raises
        ------
        TaxonomyError
            When the file can't be read, is malformed, or has fewer than two topics.
        """
        path = Path(path) if path is not None else SEEDS / "topics.toml"
        return cls(_topics(path), str(path))


def known_names(names: Iterable[str]) -> dict[str, str]:
    """Give topics' names by what they are looked up by: their form under `normalise_v1`."""
    return {normalise_v1(name): name for name in names}


def add_topics(path: str | Path, topics: Sequence[Topic]) -> None:
    """Write topics at the end of a topics file; what stands in it stays as it is.

    The file is made where it doesn't exist; a classifier wants two topics or more in it. Raises
    TaxonomyError when it can't be read or has a topic of that name, OutputError when it can't be
    written.
    """
    path = Path(path)
    text = "version = 1\n"
    if path.exists():
        taken = known_names(topic.name for topic in _topics(path))
        if twice := [t.name for t in topics if normalise_v1(t.name) in taken]:
            raise TaxonomyError(f"{path}: has a topic {twice[0]!r}; rename or remove it first")
        text = path.read_text(encoding="utf-8")
    for topic in topics:
        text += f"\n[[topic]]\nname = {_quoted(topic.name)}\n"
        text += f"definition = {_quoted(topic.definition)}\n"
        if topic.code:
            text += f"code = {_quoted(topic.code)}\n"
        for key in ("ties", "phrases", "examples", "was"):
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
        written = path.read_bytes().decode("utf-8-sig")
        content = tomllib.loads(written)
    except OSError as error:
        said = f"can't be read ({error.strerror}); give a topics file"
        raise TaxonomyError(f"{path}: {said}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TaxonomyError(f"{path}: not TOML: {error}") from None
    tables = content.get("topic", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise TaxonomyError(f"{path}: 'topic' must be written as [[topic]] tables")
    topics = tuple(_topic(table, number, path) for number, table in enumerate(tables, 1))
    _check_examples(topics, str(path), written)
    return topics


def _check_examples(topics: Sequence[Topic], source: str, written: str = "") -> None:
    """Refuse a text that stands under two topics: it would be silently the later one's."""
    found: dict[str, tuple[str, str]] = {}
    for topic in topics:
        for text in (*topic.phrases, *topic.examples):
            earlier, as_written = found.setdefault(Headline.parse(text).id, (topic.name, text))
            if earlier != topic.name:
                places = _lines_with(written, {as_written, text})
                where = f"lines {places[0]} and {places[-1]}: " if len(places) > 1 else ""
                raise TaxonomyError(
                    f"{source}: {where}{text!r} stands under {earlier!r} and {topic.name!r}; "
                    "keep it under one of them"
                )


def _lines_with(written: str, texts: Iterable[str]) -> list[int]:
    """Give the lines, from 1, that one of the texts stands in."""
    sought = {form for text in texts for form in (text, _quoted(text)[1:-1])}
    lines = enumerate(written.split("\n"), 1)
    return [number for number, line in lines if any(text in line for text in sought)]


def _check_shows(topic: Topic, source: str) -> None:
    """Refuse a name or code that no model file may hold: with what doesn't show, or too long."""
    for what, text in (("name", topic.name), ("code", topic.code)):
        if odd := next((letter for letter in text if not letter.isprintable()), None):
            called = unicodedata.name(odd, "a character without a name")
            raise TaxonomyError(
                f"{source}: topic {text!r}: its {what} holds {called} (U+{ord(odd):04X}), which "
                "doesn't show; remove it, or write a blank"
            )
        if len(text) > MAX_NAME:
            raise TaxonomyError(
                f"{source}: topic {short(repr(text), 60)}: its {what} has {len(text):,} "
                f"characters; write {MAX_NAME:,} or fewer"
            )


def _topic(table: dict[str, Any], number: int, path: Path) -> Topic:
    known = {"name": str, "definition": str, "ties": list, "phrases": list, "examples": list}
    known |= {"code": str, "was": list}
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
    values["name"] = unicodedata.normalize("NFC", " ".join(values["name"].split()))
    return Topic(**values)
