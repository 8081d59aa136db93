"""Headlines from Python: any iterable of them, a column, or a frame that has one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headlines.feeds.columns import column_among
from headlines.feeds.headline import Headline


def items_of(source: Iterable[Any], column: str | None = None) -> Iterable[Any]:
    """Give what a frame's column of headlines holds; of all else the source itself."""
    if isinstance(source, str | bytes):
        raise TypeError("expected a list of headlines, got one string; wrap it in a list")
    if not hasattr(source, "columns"):
        return source
    import narwhals as nw

    frame: Any = nw.from_native(source, eager_only=True)
    try:
        name = column_among(frame.columns, column)
    except ValueError as error:
        raise ValueError(f"{error}, or give the column itself") from None
    return list(frame[:, frame.columns.index(name)].to_list())


def checked_items(source: Iterable[Any], *kinds: type) -> list[Any]:
    """Give the items of `items_of` as a list; raises TypeError at one of none of these kinds."""
    items = list(items_of(source))
    # A look at the types alone is a quick yes for most.
    for position, item in enumerate(items) if set(map(type, items)) - set(kinds) else ():
        if not isinstance(item, kinds):
            raise TypeError(
                f"headline {position} is {item!r} ({type(item).__name__}), expected a string; "
                "drop or fill missing values first"
            )
    return items


def as_headlines(source: Iterable[Any]) -> list[Headline]:
    """Give strings and headlines (`checked_items`) as headlines, each read for itself."""
    return [
        item if isinstance(item, Headline) else Headline.parse(item)
        for item in checked_items(source, str, Headline)
    ]
