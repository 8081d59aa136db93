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

COLUMNS = ("topic", "probability", "cluster", "name", "strength")
"""What a table shows before the headline, where rows have it."""


def write_table(rows: Iterable[Mapping[str, Any]], file: IO[str], *, at_once: bool = False) -> int:
    """Write a line a row, the headline last and cut to the terminal; give the number of rows.

    With `at_once` no row waits for the next one.
    """
    stream = iter(rows)
    first = list(islice(stream, 1 if at_once else FIRST_ROWS))
    names = [name for name in COLUMNS if first and name in first[0]]
    cells = [[cell(row[name]) for name in names] for row in first]
    widths = [
        max(MIN_WIDTH if at_once else len(name), *(wcwidth.width(line[i]) for line in cells))
        for i, name in enumerate(names)
    ]
    room = max(MIN_HEADLINE_WIDTH, terminal_width() - sum(widths) - 2 * len(widths))
    if first:
        file.write(aligned([*names, "headline"], [*widths, room]))
    count = 0
    for row in chain(first, stream):
        line = [cell(row[name]) for name in names]
        file.write(aligned([*line, row["headline"]], [*widths, room]))
        if at_once:
            file.flush()
        count += 1
    return count


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
