"""Tables in HTML, as a notebook shows them; headlines in them are text, whatever they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

MAX_ROWS = 20
"""Rows that a table shows of a long result."""


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "", more: int = 0
) -> str:
    """Give a table as HTML, with how many further rows there are.

    Every cell stands in a `bdi` element, so that a right-to-left one leaves the rest as it is.
    """
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = [
        "<table>",
        f"<caption>{escape(caption)}</caption>" if caption else "",
        f"<thead><tr>{columns}</tr></thead>",
        "<tbody>",
        *(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows),
        "</tbody>",
        f'<tfoot><tr><td colspan="{len(head)}">and {more:,} more</td></tr></tfoot>' if more else "",
        "</table>",
    ]
    return "\n".join(line for line in lines if line)


def _cell(value: object) -> str:
    if value is None:
        return "<td>-</td>"
    if isinstance(value, float):
        return f'<td style="text-align: right">{value:.2f}</td>'
    if isinstance(value, int):
        return f'<td style="text-align: right">{value:,}</td>'
    return f'<td style="text-align: left"><bdi>{escape(str(value))}</bdi></td>'
