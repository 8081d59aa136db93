"""Nesting: where in a JSON value the items are, and where in an item its headline is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from headlines.errors import short
from headlines.feeds.columns import HEADLINE_COLUMNS

MAX_DEPTH = 8
"""Deeper than any service nests its items."""

_NAMES = tuple(dict.fromkeys(("headline", "title", "webtitle", "web_title", *HEADLINE_COLUMNS)))
_INNER = ("main", "rendered", "default", "text", "plain", "value", "#text", "$t", "_", "__cdata")
"""Keys of the text itself where a headline is an object, as services and XML converters have it."""

_ITEM_LISTS = {
    "articles", "children", "data", "docs", "edges", "entries", "entry", "headlines", "hits",
    "item", "items", "list", "news", "nodes", "posts", "records", "response", "results", "rows",
    "stories", "value", "values",
}  # fmt: skip
_ONE_ITEM = {"article", "entry", "item"}
_OTHER_THINGS = {
    "ads", "advertisements", "author", "authors", "breadcrumbs", "categories", "category",
    "channel", "comments", "feed", "image", "images", "links", "media", "menu", "multimedia", "nav",
    "navigation", "pages", "publisher", "related", "section", "sections", "site", "source",
    "sources", "sponsored", "tags", "thumbnail", "topics", "user", "users", "video", "videos",
}  # fmt: skip
"""Names of what has a title of its own and is no item."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A headline in an item, and all else that the item holds, laid flat."""

    headline: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list of items, and the names that lead to it."""

    path: Path
    items: Sequence[Any]

    @property
    def name(self) -> str:
        """The path as a person writes it."""
        return ".".join(self.path) or "the list itself"

    def rank(self, column: str | None) -> tuple[int, int]:
        """Tell which of several lists is that of the items: by its name, then by its length."""
        name = self.path[-1].casefold() if self.path else "items"
        likely = 2 if name in _ITEM_LISTS else 0 if name in _OTHER_THINGS else 1
        return likely, sum(headline_of(item, column) is not None for item in self.items)


def headline_of(item: Any, column: str | None = None) -> Found | None:
    """Find the headline in an item: the item itself, one of its keys, or a key further inside.

    `column` names the key, or the keys that lead to it with dots between them.
    """
    if isinstance(item, str):
        return Found(item, {})
    if not isinstance(item, dict):
        return None
    path = _path_to(item, column.casefold()) if column else None
    if path is None:
        path = _told_path(item, (column.casefold(),) if column else _NAMES)
    if path is None:
        return None
    text, rest = _taken(item, path)
    return None if text is None else Found(text, rest)


def _path_to(item: Any, column: str) -> Path | None:
    """Follow names with dots between them; a key may have dots in its own name."""
    if not isinstance(item, dict):
        return None
    for key, value in item.items():
        name = str(key).casefold()
        if name == column and _text_of(value) is not None:
            return (key,)
        if column.startswith(f"{name}."):
            inner = _path_to(value, column[len(name) + 1 :])
            if inner is not None:
                return (key, *inner)
    return None


def why_none(item: Any, column: str | None) -> str:
    """Say why `headline_of` finds nothing in an item."""
    if not isinstance(item, dict):
        return f"JSON of type {type(item).__name__}, expected a string or an object"
    for key, value in item.items():
        if str(key).casefold() in ((column.casefold(),) if column else _NAMES):
            what = "null" if value is None else f"of type {type(value).__name__}"
            what = f"a list of {len(value)}" if isinstance(value, list) else what
            return f"{key} is {what}, expected a string"
    wanted = f"no key {column!r}" if column else "no headline"
    return f"{wanted} among the keys {short(', '.join(map(str, item)) or '(none)', 200)}"


def _told_path(item: Mapping[str, Any], names: Sequence[str] = _NAMES) -> Path | None:
    """Find the headline by its name, in the outermost object that has one of these."""
    level: list[tuple[Path, Mapping[str, Any]]] = [((), item)]
    for _ in range(MAX_DEPTH):
        folded = [(path, part, {str(key).casefold(): key for key in part}) for path, part in level]
        for name in names:
            for path, part, keys in folded:
                if name not in keys:
                    continue
                value = part[keys[name]]
                if _text_of(value) is not None:
                    return (*path, keys[name])
                if not isinstance(value, dict) and name in ("headline", "title"):
                    return None  # empty here; a title further inside is that of another thing
        level = [
            ((*path, key), value)
            for path, part in level
            for key, value in part.items()
            if isinstance(value, dict) and str(key).casefold() not in _OTHER_THINGS
        ]
    return None


def _text_of(value: Any) -> str | None:
    """Give the text of a headline that may stand in an object, or alone in a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        return _text_of(value[0])
    if isinstance(value, dict):
        for name in _INNER:
            if isinstance(value.get(name), str):
                return str(value[name])
    return None


def _taken(item: Mapping[str, Any], path: Path) -> tuple[str | None, dict[str, Any]]:
    """Take the headline out of an item; what stands around it is laid flat, the inner name first.

    A name that an inner object has too gets `outer_` before it.
    """
    key, *inner = path
    others = {k: v for k, v in item.items() if k != key}
    if not inner:
        value = item[key]
        if isinstance(value, dict):
            text = _text_of(value)
            others |= {f"{key}.{k}": v for k, v in value.items() if v != text}
        return _text_of(value), others
    text, fields = _taken(item[key], tuple(inner))
    for name, value in others.items():
        while name in fields:
            name = f"outer_{name}"
        fields[name] = value
    return text, fields


def item_lists(value: Any, column: str | None = None) -> list[ItemList]:
    """Find the lists that hold items: the list of items first, others that compete behind it.

    An object's own title is no item while there is a list of them in it. Lists of items with the
    same keys beside each other, such as the sections of a paper, are one list.
    """
    by_path: dict[Path, list[Any]] = {}
    for path, items in _lists_in(value, (), column):
        by_path.setdefault(path, []).extend(items)
    found = [ItemList(path, items) for path, items in by_path.items()]
    objects = [some for some in found if any(isinstance(item, dict) for item in some.items)]
    found = objects or found
    if len(found) < 2:
        return found
    found.sort(key=lambda some: some.rank(column), reverse=True)  # stable: else as they stand
    first = found[0]
    alike = [
        some
        for some in found
        if some.path[:-1] == first.path[:-1]
        and _keys_of(some) == _keys_of(first) != frozenset()
        and some.rank(column)[0] > 0
    ]
    if len(alike) < 2:
        return found
    alike.sort(key=lambda some: list(by_path).index(some.path))
    joined = ItemList(first.path[:-1], [item for some in alike for item in _of_section(some)])
    return [joined, *(some for some in found if some not in alike)]


def _of_section(some: ItemList) -> Iterator[Any]:
    """Give the items of one section; each keeps the section's name."""
    for item in some.items:
        yield item if "section" in item else {**item, "section": some.path[-1]}


def _keys_of(some: ItemList) -> frozenset[str]:
    """Give the keys of a list's items; none where they aren't all objects."""
    if not all(isinstance(item, dict) for item in some.items):
        return frozenset()
    return frozenset(some.items[0]) if some.items else frozenset()


def _lists_in(value: Any, path: Path, column: str | None) -> Iterator[tuple[Path, Sequence[Any]]]:
    if len(path) > MAX_DEPTH:
        return
    if isinstance(value, dict):
        inside = [((*path, str(key)), inner) for key, inner in value.items()]
        for where, inner in inside:  # converters of XML make no list of one
            if where[-1] in _ONE_ITEM and isinstance(inner, dict) and headline_of(inner, column):
                yield where, [inner]
                return
    elif not isinstance(value, list):
        return
    elif (rows := _of_rows(value)) is not None:
        yield path, rows
        return
    elif _holds_items(value, path, column):
        yield path, value
        return
    else:
        inside = [(path, inner) for inner in value if not _is_row(inner)]
    for where, inner in inside:
        if isinstance(inner, dict | list):
            yield from _lists_in(inner, where, column)


def _is_row(value: Any) -> bool:
    """Say whether a list is a row of cells, which is no list of headlines."""
    return isinstance(value, list) and not any(isinstance(cell, dict | list) for cell in value)


def _holds_items(value: Sequence[Any], path: Path, column: str | None) -> bool:
    """Say whether a list is one of items: texts, objects with a headline, or nothing as yet."""
    name = path[-1].casefold() if path else "items"
    if not value:
        return name in _ITEM_LISTS
    if any(isinstance(item, dict) and headline_of(item, column) for item in value):
        return not any(is_wrapper(item) for item in value[:10])
    if column or not all(isinstance(item, str) for item in value):
        return False
    return name in _ITEM_LISTS or name.removesuffix("s") in _NAMES


def is_wrapper(value: Any) -> bool:
    """Say whether an object holds a list of items with titles, so that its own is none of them."""
    return isinstance(value, dict) and any(
        isinstance(inner, list)
        and str(key).casefold() in _ITEM_LISTS
        and any(isinstance(item, dict) and _has_title(item) for item in inner[:10])
        for key, inner in value.items()
    )


def _has_title(item: Mapping[str, Any]) -> bool:
    path = _told_path(item)
    return path is not None and path[-1].casefold() != "text"


def _of_rows(value: Sequence[Any]) -> list[dict[str, Any]] | None:
    """Give the rows of a table, as spreadsheets give it: lists, the first of which is a header."""
    if len(value) < 2 or not all(isinstance(row, list) for row in value):
        return None
    header = value[0]
    if not all(isinstance(name, str) for name in header) or len(set(header)) < len(header):
        return None
    if not {name.casefold() for name in header} & set(_NAMES):
        return None
    return [dict(zip_longest(header, row)) if len(row) <= len(header) else row for row in value[1:]]


def items_at(value: Any, names: Sequence[str]) -> tuple[list[Any], str]:
    """Follow names from the outermost value through objects and lists.

    Gives the objects of the innermost list on the way, and the names that lead on from there.
    """
    if len(names) > MAX_DEPTH or not names:
        return [], ""
    if isinstance(value, list):
        found = [items_at(inner, names) for inner in value]
        deeper = [(items, rest) for items, rest in found if items]
        if deeper:
            return [item for items, _ in deeper for item in items], deeper[0][1]
        return [inner for inner in value if _path_to(inner, ".".join(names))], ".".join(names)
    if isinstance(value, dict):
        for key, inner in value.items():
            if str(key).casefold() == names[0]:
                if len(names) == 1 and isinstance(inner, list):
                    return inner, ""
                return items_at(inner, names[1:])
    return [], ""


def of_columns(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Turn columns into items, as frames are written: ``{"title": [...], "url": [...]}``.

    The columns are lists or objects with the rows' names as keys; an object of objects that each
    have a headline is a list of items too, named by their keys.
    """
    columns = list(value.values())
    told = any(str(name).casefold() in _NAMES for name in value)
    if told and all(isinstance(column, list) for column in columns):
        if len({len(column) for column in columns}) == 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    elif columns and all(isinstance(column, dict) for column in columns):
        if told and len({tuple(column) for column in columns}) == 1:
            return [{name: column[row] for name, column in value.items()} for row in columns[0]]
        if len(columns) > 1 and all(_named_directly(column) for column in columns):
            return [{"key": key, **item} for key, item in value.items()]
    elif {"columns", "data"} <= set(value) and all(
        isinstance(value[name], list) for name in ("columns", "data")
    ):
        return _of_rows([value["columns"], *value["data"]])
    return None


def _named_directly(item: Mapping[str, Any]) -> bool:
    path = _told_path(item)
    return path is not None and len(path) == 1
