"""Claims about the names of clusters, and about the list of words that they are made with."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from conftest import write

from headlines.clustering.names import MAX_CHARACTERS, name_clusters
from headlines.copies.wordcounts import UNLISTED, WordCounts


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


STRIKES = [
    "Drone strike hits Kursk",
    "Kursk burns after drone strike",
    "Drone strike kills two in Kursk",
    "Second drone strike in a week",
    "Air defence fails as drone strike hits depot",
    "Kursk counts its dead",
]
COURTS = ["Court jails poet", "Court jails singer for a song", "Poet jailed by Moscow court"]


def test_a_large_cluster_is_named_by_phrases_that_occur_in_it() -> None:
    name = name_clusters([*STRIKES, *COURTS], [0] * 6 + [1] * 3)[0]
    assert name.casefold().startswith("drone strike, kursk")
    assert all(any(part in text for text in STRIKES) for part in name.split(", "))


def test_a_small_cluster_is_named_by_a_headline_that_says_what_the_others_say() -> None:
    names = name_clusters([*STRIKES, *COURTS], [0] * 6 + [1] * 3)
    assert names[1] in ("Court jails poet", "Poet jailed by Moscow court")


@pytest.mark.parametrize(
    ("headline", "name"),
    [
        ("Airport opens again", "Airport opens again"),
        (
            "Floods prompt evacuations in three regions after a week of heavy rain and wind",
            "Floods prompt evacuations in three regions",
        ),
        (
            "Gelendzhik airport opens its doors 3 years after it closed, and guests land",
            "Gelendzhik airport opens its doors 3 years after it closed",
        ),
        (
            "“We will not leave, whatever they say to us”: miners of the last pit stay below",
            "miners of the last pit stay below",
        ),
        (
            "Ministers of seven countries meet in the capital of the smallest for a day of talks",
            "Ministers of seven countries meet in the capital…",
        ),
    ],
)
def test_a_long_headline_loses_a_clause_and_none_of_its_words_changes(
    headline: str, name: str
) -> None:
    assert name_clusters([headline], [0]) == {0: name}
    assert len(name) <= MAX_CHARACTERS + 1


def test_what_the_whole_feed_says_names_no_cluster() -> None:
    verbs = ("bans", "taxes", "opens", "closes", "sells", "buys")
    ships = [f"Russia {verb} ships" for verb in verbs]
    farms = [f"Russia {verb} farms" for verb in verbs]
    names = name_clusters([*ships, *farms], [0] * 6 + [1] * 6)
    assert names[0].startswith("ships")
    assert names[1].startswith("farms")
    assert "Russia" not in names[0] + names[1]


def test_names_are_distinct_and_never_empty() -> None:
    same = name_clusters(["Floods hit Siberia"] * 4, [0, 0, 1, 1])
    assert same == {0: "Floods hit Siberia", 1: "Floods hit Siberia (2)"}
    assert all(name_clusters(["", "?!"], [0, 1]).values())


def test_a_given_name_is_kept_and_no_other_cluster_gets_it() -> None:
    names = name_clusters(["Poet dies", "Floods hit Siberia"], [3, 4], {4: "Poet dies", 9: "Gone"})
    assert names == {3: "Poet dies (2)", 4: "Poet dies"}


def test_a_name_does_not_say_a_word_in_two_forms() -> None:
    texts = ["Russia bans ships", "Russian ships banned", "Russians ban ships",
             "Ships of Russia", "Ban on Russian ships", "No ships for Russia", "Poet"]  # fmt: skip
    name = name_clusters(texts, [0] * 6 + [1])[0]
    words = name.casefold().replace(",", "").split()
    assert len({word[:4] for word in words}) == len(words)


def test_the_order_of_the_feed_does_not_change_a_name() -> None:
    texts, labels = [*STRIKES, *COURTS], [0] * 6 + [1] * 3
    expected = name_clusters(texts, labels)
    for seed in range(5):
        order = random.Random(seed).sample(range(9), 9)
        assert name_clusters([texts[i] for i in order], [labels[i] for i in order]) == expected
