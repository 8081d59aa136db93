"""The user's topics, and the labels that people gave."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headlines.errors import TaxonomyError
from headlines.files import SEEDS, replacing

MIN_WRITTEN_TEXTS = 10
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

        Raises
        ------
        TaxonomyError
            When the file can't be read, is malformed, or has fewer than two topics.
        """
        path = Path(path) if path is not None else SEEDS / "topics.toml"
        return cls(_topics(path), str(path))


def add_topics(path: str | Path, topics: Sequence[Topic]) -> None:
    """Write topics at the end of a topics file; what stands in it stays as it is.

    The file is made where it doesn't exist; a classifier wants two topics or more in it. Raises
    TaxonomyError when it can't be read or has a topic of that name, OutputError when it can't be
    written.
    """
    path = Path(path)
    text = "version = 1\n"
    if path.exists():
        taken = {topic.name for topic in _topics(path)}
        if twice := [topic.name for topic in topics if topic.name in taken]:
            raise TaxonomyError(f"{path}: has a topic {twice[0]!r}; rename or remove it first")
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
        said = f"can't be read ({error.strerror}); give a topics file"
        raise TaxonomyError(f"{path}: {said}") from None
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
