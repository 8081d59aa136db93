"""Figures and tables out of the JSON that the programs leave here, for cog.

cog runs the Python that stands in comments of README.md, benchmarks/README.md and docs/, and puts
what it prints after them: ``make tables`` rewrites the files, and a test fails where they differ.
A table is a function of `tables`, as ``print(tables.topics())``; prose with figures in it is said,
each figure by its path in the JSON::

    tables.say("No topic for {certainty/other_text/abstained:pct1} of other texts.")

The formats `share` and `share2` write .770 and .77, `pct` and `pct1` 77 % and 77.0 %; any other
format is Python's.
"""

from __future__ import annotations

import functools
import json
import string
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@functools.cache
def result(name: str) -> dict[str, Any]:
    """Read what the program of that name found."""
    places = [HERE / f"{name}.json", *HERE.glob(f"*/{name}.json")]
    path = next(path for path in places if path.is_file())
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def figure(path: str) -> Any:
    """Give one figure: the program and the keys that lead to it, with slashes between them."""
    name, *keys = path.split("/")
    value: Any = result(name)
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


class _Figures(string.Formatter):
    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return figure(field_name), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in ("share", "share2"):
            return share(value, 2 if format_spec == "share2" else 3)
        if format_spec in ("pct", "pct1"):
            return percent(value, 1 if format_spec == "pct1" else 0)
        return str(format(value, format_spec))


def say(text: str) -> None:
    """Print prose, its figures filled in."""
    told = _Figures().vformat(text.strip("\n"), (), {})
    for number, paragraph in enumerate(told.split("\n\n")):
        lines = textwrap.wrap(paragraph, 110, break_long_words=False, break_on_hyphens=False)
        print("\n" * bool(number) + "\n".join(lines))


def share(value: float, digits: int = 3) -> str:
    """Write a share of one, as .770."""
    return f"{value:.{digits}f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.{digits}f}"


def percent(value: float, digits: int = 0) -> str:
    """Write a share as a percentage."""
    return f"{100 * value:.{digits}f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str = "l") -> str:
    """Lay out a table; `align` has l or r for each column, the last stands for those after it."""
    assert all(len(row) == len(head) for row in rows), "a row has other columns than the head"
    marks = align + align[-1] * (len(head) - len(align))
    lines = [head, ["--:" if mark == "r" else "---" for mark in marks], *rows]
    cells = [[f" {cell} " if cell else " " for cell in line] for line in lines]
    cells[1] = [cell.strip() for cell in cells[1]]
    return "\n".join(f"|{'|'.join(line)}|" for line in cells)


def interval(found: Mapping[str, float], name: str = "strict") -> str:
    """Write a 95 % interval."""
    return f"{share(found[f'{name}_low'], 2)} to {share(found[f'{name}_high'], 2)}"


def seconds(value: float) -> str:
    """Write seconds with the digits that matter."""
    return f"{value:.1f}" if value >= 0.1 else f"{value:.3f}"
