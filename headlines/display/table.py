"""Tables in HTML, as a notebook shows them; headlines in them are text, whatever they hold.

Notebooks are light or dark: text has the colour that it has there, and nothing a background of its
own but shaded words, whose shade lets both through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from headlines.errors import short

MAX_ROWS = 20
"""Rows that a table shows of a long result."""

MAX_CHARACTERS = 200
"""Characters that a cell shows of a long text."""

LONG_WORD = 24
"""Characters from which on a word may be broken, so that a table stays as wide as the page."""


CELL = "padding: 0.2em 0.6em; overflow: hidden"
"""How a cell looks; marks that tower over their letter stay in it."""


def html_table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    caption: str = "",
    *,
    of: int | None = None,
    digits: int = 2,
) -> str:
    """Give the first rows of a table as HTML, and how many more there are.

    Numbers stand on the right, those that aren't whole with so many `digits`; None is a dash, and
    a column of nothing else is left out. All else is text, and apart from what is around it: a
    right-to-left one leaves the rest as it is.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : iterable of sequences of str, int, float or None
    caption : str, optional
    of : int, optional
        How many rows there are, where `rows` hasn't all of them or gives them one by one.
    digits : int, default 2
    """
    if of is None:
        rows = list(rows)
        of = len(rows)
    shown = list(islice(rows, MAX_ROWS))
    told = [i for i in range(len(head)) if not shown or any(row[i] is not None for row in shown)]
    sides = ["right" if any(_is_number(row[i]) for row in shown) else "left" for i in told]
    columns = "".join(
        f'<th scope="col" style="{CELL}; text-align: {side}">{escape(head[i])}</th>'
        for i, side in zip(told, sides, strict=True)
    )
    more = of - len(shown)
    lines = [
        '<table style="margin-bottom: 1em">',
        f'<caption style="text-align: left">{html_text(caption)}</caption>' if caption else "",
        f"<thead><tr>{columns}</tr></thead>",
        "<tbody>",
        *(f"<tr>{_cells([row[i] for i in told], sides, digits)}</tr>" for row in shown),
        "</tbody>",
        f"<tfoot><tr>{_foot(more, len(told))}</tr></tfoot>" if more > 0 else "",
        "</table>",
    ]
    return "\n".join(line for line in lines if line)


def html_words(words: Iterable[tuple[str, float]]) -> str:
    """Give words in a row, each with its effect: a sign and a number, and a line and a shade.

    What is for something is underlined and blue, what is against it dashed and orange, the stronger
    the darker.
    """
    told = list(words)
    most = max((abs(effect) for _, effect in told), default=0.0) or 1.0
    parts = [_word(word, effect, abs(effect) / most) for word, effect in told]
    return f'<p dir="auto" style="line-height: 2; overflow: hidden">{" ".join(parts)}</p>'


def html_parts(*parts: str) -> str:
    """Put tables and lines below each other, without those that are empty."""
    return "<div>\n" + "\n".join(part for part in parts if part) + "\n</div>"


def html_text(text: str) -> str:
    """Give a stranger's words as one line of HTML that is nothing but text, apart from the rest.

    What can't be printed is shown as its number, and of a long text the beginning.
    """
    told = short(text, MAX_CHARACTERS)
    long = any(len(word) > LONG_WORD for word in told.split())
    style = ' style="overflow-wrap: anywhere"' if long else ""
    return f"<bdi{style}>{escape(told)}</bdi>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _cells(row: Sequence[object], sides: Sequence[str], digits: int) -> str:
    cells = ""
    for value, side in zip(row, sides, strict=True):
        told = "-" if value is None else html_text(str(value))
        if isinstance(value, int | float):
            told = f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"
        cells += f'<td style="{CELL}; text-align: {side}">{told}</td>'
    return cells


def _foot(more: int, columns: int) -> str:
    return f'<td colspan="{columns}" style="{CELL}; text-align: left">and {more:,} more</td>'


def _word(word: str, effect: float, strength: float) -> str:
    number = f"{effect:+.2f}".replace("-", "\u2212")
    if number[1:] == "0.00":
        return html_text(word)
    colour, line = ("30, 110, 240", "solid") if effect > 0 else ("235, 120, 0", "dashed")
    style = f"background: rgba({colour}, {0.35 * strength:.2f})"
    style += f"; border-bottom: 2px {line} rgb({colour})"
    return f'<span style="{style}">{html_text(word)} <small>{number}</small></span>'
