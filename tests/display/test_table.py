"""Tables of results, as a notebook shows them."""

from __future__ import annotations

from headlines.display.table import html_table


def test_what_stands_in_a_cell_is_text() -> None:
    told = html_table(["headline"], [["<script>alert(1)</script>"]])
    assert "&lt;script&gt;" in told
    assert "<script>" not in told


def test_a_right_to_left_cell_is_kept_apart() -> None:
    assert "<bdi>\u202eabc</bdi>" in html_table(["headline"], [["\u202eabc"]])


def test_further_rows_are_counted() -> None:
    assert "and 1,000 more" in html_table(["n", "share"], [[1, 0.5]], "A table", more=1000)
    assert "more" not in html_table(["n"], [[1]])
