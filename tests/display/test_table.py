"""Tables of results, as a notebook shows them."""

from __future__ import annotations

from headlines.display.table import html_table, html_text, html_words


def test_what_stands_in_a_cell_is_text() -> None:
    told = html_table(["headline"], [["<script>alert(1)</script>"]])
    assert "&lt;script&gt;" in told
    assert "<script>" not in told


def test_a_right_to_left_cell_is_kept_apart() -> None:
    assert "<bdi>\u05d0\u05d1 12</bdi>" in html_table(["headline"], [["\u05d0\u05d1 12"]])


def test_what_turns_or_hides_text_is_spelled_out() -> None:
    assert html_text("\u202eabc\x00\x1b[1m") == "<bdi>\\u202eabc\\x00\\x1b[1m</bdi>"
    assert html_text("half \ud83d of a pair").encode() == b"<bdi>half \\ud83d of a pair</bdi>"


def test_further_rows_are_counted() -> None:
    assert "and 1,000 more" in html_table(["n", "share"], [[1, 0.5]], "A table", of=1001)
    assert "and 5 more" in html_table(["n"], [[n] for n in range(25)])
    assert "more" not in html_table(["n"], [[n] for n in range(20)])


def test_rows_beyond_those_shown_are_not_asked_for() -> None:
    def rows() -> object:
        for n in range(20):
            yield [n]
        raise AssertionError

    assert "and 980 more" in html_table(["n"], rows(), of=1000)


def test_a_column_that_holds_nothing_is_left_out() -> None:
    told = html_table(["headline", "date"], [["Floods", None], ["Fires", None]])
    assert "date" not in told
    assert told.count("<td") == 2
    assert ">-</td>" in html_table(["date"], [["2026-11-26"], [None]])


def test_a_long_text_is_cut_and_a_long_word_may_be_broken() -> None:
    assert html_text("A" * 10_000) == f'<bdi style="overflow-wrap: anywhere">{"A" * 200}…</bdi>'
    assert "style" not in html_text("Floods hit Siberia")


def test_a_word_for_and_a_word_against_differ_by_more_than_colour() -> None:
    told = html_words([("Drone", 2.5), ("Oil", -1.0), ("the", 0.001)])
    assert "<bdi>Drone</bdi> <small>+2.50</small>" in told
    assert "<bdi>Oil</bdi> <small>\u22121.00</small>" in told
    assert told.count("solid") == told.count("dashed") == 1
    assert told.endswith("</span> <bdi>the</bdi></p>")
