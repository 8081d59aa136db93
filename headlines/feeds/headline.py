"""The headline: one title as published, its id, and what is read out of it alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from headlines.feeds.cleaning import cleaned, own_words
from headlines.feeds.languages import language_of


def normalise_v1(headline: str) -> str:
    r"""Fold a headline to the form that its id is made of; never changes.

    The form is NFC, white space collapsed to single blanks, case folded.

    Examples
    --------
    >>> normalise_v1("  EU  Approves\tSanctions ")
    'eu approves sanctions'
    """
    return " ".join(unicodedata.normalize("NFC", headline).split()).casefold()


@dataclass(frozen=True, slots=True)
class Headline:
    """One title as published, and what was read out of it.

    Attributes
    ----------
    headline : str
        The title as published, without marks, mark-up, links and list furniture: see `cleaned`.
    text : str
        What is embedded: the title without what a page has set before and behind it. Nothing, of
        a line that has no title, such as an address or a time.
    section, attribution : str or None
        ``Russia`` of ``[Russia] - ...``, ``Bloomberg`` of ``... – Bloomberg``.
    source, line : str or None, int or None
        The input's name, and the line there (from 1).
    publisher, date, language : str or None
        As the feed gives them; the date in ISO 8601 where it can be read. A feed that gives no
        publisher has the one that ends its titles, as in ``... | The Guardian``; a language that
        it doesn't give is the title's own where that isn't English.
    duplicate_of : str or None
        The id of an earlier copy, which is this headline's own id too.
    fields : mapping of str to object
        What else came with it: the input's other columns, under their names there.

    Examples
    --------
    >>> headline = Headline.parse("[Russia] - Drone Hits  Depot – Reuters")
    >>> headline.text, headline.section, headline.attribution
    ('Drone Hits Depot', 'Russia', 'Reuters')
    >>> headline.headline, headline.id
    ('[Russia] - Drone Hits Depot – Reuters', 'bd715fdf43894379')
    """

    headline: str
    text: str
    section: str | None = None
    attribution: str | None = None
    source: str | None = None
    line: int | None = None
    publisher: str | None = None
    date: str | None = None
    language: str | None = None
    duplicate_of: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of the headline under `normalise_v1`."""
        folded = normalise_v1(self.headline).encode("utf-8", "replace")
        return sha256(folded).hexdigest()[:16]

    @classmethod
    def parse(cls, published: str) -> Headline:
        """Read one headline, as it was published; a pure function of this one string.

        Examples
        --------
        >>> h = Headline.parse("[Russia] - Arms Spending Hits Record-- Analysis")
        >>> h.text, h.section, h.attribution
        ('Arms Spending Hits Record', 'Russia', 'Analysis')
        """
        found = cleaned(published)
        if not found.is_title:
            return cls(found.headline, "", **found.parts)
        apart = own_words(found.headline)
        told = {"language": language_of(apart.text)} | apart.told() | found.parts
        return cls(found.headline, apart.text, **told)


@dataclass(frozen=True, slots=True)
class HeadlineResult:
    """What every result tells of the headline that it is about."""

    item: Headline

    @property
    def id(self) -> str:
        """The headline's id, shared by its copies."""
        return self.item.id

    @property
    def source(self) -> str | None:
        """Name of the input; None for a string from Python."""
        return self.item.source

    @property
    def line(self) -> int | None:
        """Line of the input, from 1; None for a string from Python."""
        return self.item.line

    @property
    def headline(self) -> str:
        """The title as published."""
        return self.item.headline

    def _row(self, /, **found: Any) -> dict[str, Any]:
        item = self.item
        row = {"id": item.id, "source": item.source, "line": item.line, "headline": item.headline}
        told = {"publisher": item.publisher, "date": item.date, "language": item.language}
        return with_fields(row | found | told, item.fields)


def with_fields(row: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Carry an input's other columns in a row; one whose name is taken is called `input_NAME`.

    A column that says the same as the row's own isn't repeated.

    Examples
    --------
    >>> with_fields({"id": "b7", "date": "2024"}, {"id": 12, "date": "2024", "url": "x.org"})
    {'id': 'b7', 'date': '2024', 'input_id': 12, 'url': 'x.org'}
    """
    for name, value in fields.items():
        if name in row and _is_same(row[name], value):
            continue
        while name in row:
            name = f"input_{name}"
        row[name] = value
    return row


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)  # 1 is neither True nor 1.0
