"""Which column of an input holds the headline, and which tell more about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from headlines.feeds.dates import iso_date

HEADLINE_COLUMNS = ("headline", "title", "text")
TOLD_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "publisher": ("publisher",),
    "date": ("date",),
    "language": ("language", "lang"),
}
"""What else a headline has of its own, and the columns that it may stand in."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How an input is laid out, as far as the user says so.

    Attributes
    ----------
    column : str or None
        The column or key of the headlines.
    delimiter : str or None
        What stands between the cells of a table.
    header : bool or None
        Whether a table's first row names its columns.
    """

    column: str | None = None
    delimiter: str | None = None
    header: bool | None = None


def column_among(columns: Iterable[Any], wanted: str | None = None) -> Any:
    """Give the name, as it stands, of the column of headlines; raises ValueError with the others'.

    Without `wanted` it is one of `HEADLINE_COLUMNS`, in upper or lower case.
    """
    names = list(columns)
    folded = {str(name).casefold(): name for name in reversed(names)}
    sought = (wanted.casefold(),) if wanted else HEADLINE_COLUMNS
    for name in sought:
        if name in folded:
            return folded[name]
    raise ValueError(
        f"no column {' or '.join(map(repr, sought))}; the columns are "
        f"{', '.join(map(str, names))}; rename one"
    )


def told_by(fields: Mapping[str, Any]) -> dict[str, str]:
    """Give publisher, date and language, each where the fields of a row tell it.

    The date is in ISO 8601 where it can be read, else as it stands.
    """
    folded = {str(name).casefold(): value for name, value in reversed(list(fields.items()))}
    told = {}
    for attribute, names in TOLD_COLUMNS.items():
        for name in names:
            if (value := folded.get(name)) not in (None, ""):
                told[attribute] = (attribute == "date" and iso_date(value)) or str(value)
                break
    return told
