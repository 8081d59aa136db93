"""A table for a person: one line a headline, whatever the headline holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import IO, Any

import wcwidth

from headlines.errors import shown

MIN_HEADLINE_WIDTH = 20
"""Columns that headlines have, however narrow the terminal."""

MIN_WIDTH = 12
"""Columns of a cell where the rows to come aren't known."""

FIRST_ROWS = 1000
"""Rows that the widths of the columns are taken from; a wider cell further on is cut."""

MAX_REASON_WIDTH = 40
"""Columns of why a headline has no topic, at most."""

COLUMNS = ("topic", "probability", "cluster", "name", "strength")
"""What a table shows before the headline, where rows have it and nothing else was chosen."""


def write_table(
    rows: Iterable[Mapping[str, Any]],
    file: IO[str],
    columns: Sequence[str] = COLUMNS,
    *,
    at_once: bool = False,
) -> int:
    """Write a line a row, the headline last and cut to the terminal; give the number of rows.

    Of `columns`, those that the first row has are shown. Where there is no topic, why stands in
    its place and in that of the probability. With `at_once` no row waits for the next one.
    """
    stream = iter(rows)
    first = list(islice(stream, 1 if at_once else FIRST_ROWS))
    names = [name for name in columns if first and name in first[0]]
    heads = ["probability" if n.endswith("_probability") else n for n in names]
    widths = [wcwidth.width(head) for head in heads]
    if at_once:
        widths = [max(MIN_WIDTH, width) for width in widths]
    for cells in [_cells(row, names) for row in first]:
        _widen(widths, cells)
    room = max(MIN_HEADLINE_WIDTH, terminal_width() - sum(widths) - 2 * len(widths))
    if first:
        file.write(aligned([*heads, "headline"], [*widths, room]))
    count = 0
    for row in chain(first, stream):
        file.write(_line(_cells(row, names), widths, row["headline"], room))
        if at_once:
            file.flush()
        count += 1
    return count


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str | None]:
    """Give a row's cells, None for one whose room the cell before it has."""
    cells: list[str | None] = [cell(row[name]) for name in names]
    for place, name in enumerate(names):
        why = row.get(f"{name.removesuffix('probability')}abstained")
        if place and name.endswith("probability") and why is not None:
            cells[place - 1 : place + 1] = [cell(why), None]
    return cells


def _widen(widths: list[int], cells: Sequence[str | None]) -> None:
    """Make room for a row's cells; there is a limit to what one takes that has two columns."""
    for i, text in enumerate(cells):
        if text is None:
            continue
        if i + 1 < len(cells) and cells[i + 1] is None:
            wanted = min(wcwidth.width(text), MAX_REASON_WIDTH) - widths[i + 1] - 2
        else:
            wanted = wcwidth.width(text)
        widths[i] = max(widths[i], wanted)


def _line(cells: Sequence[str | None], widths: Sequence[int], headline: str, room: int) -> str:
    texts: list[str] = []
    rooms: list[int] = []
    for text, width in zip(cells, widths, strict=True):
        if text is None:
            rooms[-1] += width + 2
        else:
            texts.append(text)
            rooms.append(width)
    return aligned([*texts, headline], [*rooms, room])


def terminal_width() -> int:
    """Give the columns of the terminal, 110 where there is none."""
    return shutil.get_terminal_size((110, 24)).columns


def aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Give a line of cells, each cut to its width and all but the last filled up to it."""
    shown_cells = [cut(text, width) for text, width in zip(cells, widths, strict=True)]
    filled = [wcwidth.ljust(text, width) for text, width in zip(shown_cells, widths, strict=True)]
    return "  ".join([*filled[:-1], shown_cells[-1]]) + "\n"


def cell(value: Any) -> str:
    """Show a value in few characters, and harmlessly."""
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else shown(str(value))


def cut(text: str, room: int) -> str:
    """Cut a text to so many columns, harmlessly and in time that doesn't grow with it."""
    rest = len(text) > 8 * room  # a sign may have many marks on it
    text = shown(text[: 8 * room])
    if not rest and wcwidth.width(text) <= room:
        return text
    return wcwidth.clip(text, 0, room - 1).rstrip() + "…"
