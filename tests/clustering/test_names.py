"""Claims about the names of clusters, and about the list of words that they are made with."""

from __future__ import annotations

from pathlib import Path

from conftest import write

from headlines.clustering.rarity import UNLISTED, WordCounts


def test_a_list_of_words_is_read_with_marks_among_them(tmp_path: Path) -> None:
    path = write(tmp_path / "words.txt", "# made here\n100 headlines\n50 # the\n5 kursk\n")
    counts = WordCounts.read(path)
    assert (counts.headlines, counts.of("#"), counts.of("kursk"), counts.of("made")) == (
        100,
        50,
        5,
        0,
    )
    assert counts.idf(["unlisted"]) == WordCounts(100, {"unlisted": UNLISTED}).idf(["unlisted"])


def test_the_shipped_list_is_read_once_and_is_sorted_by_rarity() -> None:
    shipped = WordCounts.shipped()
    assert shipped is WordCounts.shipped()
    the, says, oligarch = shipped.idf(["the", "says", "oligarch"])
    assert 0 < the < says < oligarch
