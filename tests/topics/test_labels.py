"""Claims about topics files, labels and corrections as people write them."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from conftest import write

from headlines.errors import TaxonomyError
from headlines.feeds.headline import Headline
from headlines.topics.labels import GoldLabel, merge_corrections, read_labels, topics_in
from headlines.topics.taxonomy import Taxonomy, known_names

NAMES = ("Arts, Culture", "Arts", "food/drink", "Économie", "war; peace | truce")
KNOWN = known_names(NAMES)
DECOMPOSED = unicodedata.normalize("NFD", "Économie")


@pytest.mark.parametrize(
    ("cell", "topics"),
    [
        ("", ()),
        ("Arts, Culture", ("Arts, Culture",)),
        ("arts,  culture", ("Arts, Culture",)),
        ("Arts, food/drink", ("Arts", "food/drink")),
        ("food/drink, Arts, Culture", ("food/drink", "Arts, Culture")),
        ("Arts; Arts, Culture|food/drink", ("Arts", "Arts, Culture", "food/drink")),
        ("war; peace | truce, Arts", ("war; peace | truce", "Arts")),
        ('"Arts, Culture"; “food/drink”', ("Arts, Culture", "food/drink")),
        (f"{DECOMPOSED} | ÉCONOMIE", ("Économie",)),
        (" ,; Arts,, ", ("Arts",)),
    ],
)
def test_a_cell_names_topics_the_longest_first(cell: str, topics: tuple[str, ...]) -> None:
    assert topics_in(cell, KNOWN) == topics


def test_an_unknown_name_in_a_cell_is_told_alone() -> None:
    with pytest.raises(ValueError, match=r"^Culture$"):
        topics_in("food/drink, Culture", KNOWN)


def test_a_long_cell_costs_no_more_than_reading_it() -> None:
    assert topics_in("Arts, " * 20_000, KNOWN) == ("Arts",)


def test_labels_name_topics_in_any_case_and_encoding(tmp_path: Path) -> None:
    path = write(
        tmp_path / "topics.toml",
        f'[[topic]]\nname = "{DECOMPOSED}"\n[[topic]]\nname = "Sport"\n'.encode(),
    )
    taxonomy = Taxonomy.load(path)
    assert taxonomy.names == ("Économie", "Sport")
    labels = write(
        tmp_path / "labels.csv",
        f"headline,topic\nRates Rise,{DECOMPOSED}\nCup Won,SPORT\n".encode(),
    )
    assert [label.topic for label in read_labels(labels, taxonomy.names)] == ["Économie", "Sport"]


GOOD = "Floods Hit Siberia", "Court Jails Poet – Köln"


@pytest.mark.parametrize(
    "content",
    [
        "headline,topic\nFloods Hit Siberia,media\nCourt Jails Poet – Köln,rights\n".encode(),
        "\ufeffHeadline ; TOPIC ;also;\nFloods Hit Siberia;Media;;\n\n;;;\n"
        "Court Jails Poet – Köln; rights;media;\n".encode(),
        "topic\theadline\r\nmedia\tFloods Hit Siberia\r\n"
        "rights\tCourt Jails Poet – Köln\r\n".encode("utf-16"),
        '"topic","n","headline"\n"media",1,"Floods Hit Siberia"\n'
        '"rights",2,"Court Jails Poet – Köln"\n'.encode("cp1252"),
    ],
    ids=["plain", "semicolons", "utf-16", "cp1252"],
)
def test_labels_are_read_in_any_dialect_and_encoding(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "labels.csv", content)
    found = read_labels(path, ("media", "rights"))
    assert [(g.headline.headline, g.topic) for g in found] == [
        (GOOD[0], "media"),
        (GOOD[1], "rights"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'headline,topic\n"Floods,media\nCourt Jails Poet,rights\nRain,media\n',
            r"line 2: a quote",
        ),
        ("headline,topic\nFloods,media,x\nCourt Jails Poet,rights\n", r"line 2: 3 fields"),
        ("headline,topic,topic\nFloods,media,x\n", r"line 1: columns 2 and 3 .* 'topic'"),
        ("headline,a,headline,topic\nF,b,c,media\n", r"line 1: columns 1 and 3 .* 'headline'"),
        ("title,label\nFloods,media\n", r"line 1: no column headline and no column topic"),
        ("", r"line 1: no column headline and no column topic; the columns are \(none\)"),
        ("headline,topic\n,media\n", r"line 2: the headline is empty"),
        ("headline,topic\nFloods,\n", r"line 2: no topic; the topics are media, rights"),
        ("headline,topic,also\nFloods,media,sprots\n", r"line 2: unknown topic 'sprots'"),
        (b"headline,topic\nK\xc3\xb6ln,media\nbr\xffken,rights\n", r"line 3: holds bytes"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 900, "is binary"),
    ],
)
def test_labels_that_cannot_be_read_are_errors_with_their_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(TaxonomyError, match=r"labels\.csv: " + message):
        read_labels(write(tmp_path / "labels.csv", data), ("media", "rights"))


@pytest.mark.parametrize(
    ("first", "second", "topic"),
    [
        ("2024-05-01T23:30:00-05:00", "2024-05-02T01:00:00+00:00", "media"),
        ("2024-05-02T08:00", "2024-05-02 09:00", "rights"),
        ("2 May 2024", "2024-05-01", "media"),
        ("2024-05-02T08:00+02:00", "2024-05-02T07:00", "rights"),
        ("30/05/2024", "2024-05-31", "rights"),
        ("", "2024-05-31", "rights"),
        ("2024-05-31", "", "rights"),
        ("2024-05-31", "2024-05-31T00:00Z", "rights"),
    ],
)
def test_the_later_correction_wins_by_the_time_that_its_date_means(
    tmp_path: Path, first: str, second: str, topic: str
) -> None:
    path = write(
        tmp_path / "c.csv",
        f"headline,topic,corrected\nFloods,media,{first}\nFloods,rights,{second}\n".encode(),
    )
    before = [GoldLabel(Headline.parse("Floods"), "rights")]
    found, _ = merge_corrections(before, path, ("media", "rights"))
    assert [label.topic for label in found] == [topic]


@pytest.mark.parametrize("date", ["01/06/2024", "soon", "2024-13-01", "May"])
def test_a_correction_whose_date_is_none_or_two_is_an_error(tmp_path: Path, date: str) -> None:
    content = f"headline,topic,corrected\nRain,media,2024-05-30\nFloods,media,{date}\n"
    path = write(tmp_path / "c.csv", content.encode())
    with pytest.raises(TaxonomyError, match=rf"c\.csv: line 3: corrected is '{date}'.*2024-06-01"):
        merge_corrections([], path, ("media", "rights"))


def standing(tmp_path: Path, *rows: str) -> list[str]:
    """The topics that count after corrections of a headline that is labelled media."""
    head = "headline,topic,also,corrected,withdrawn"
    path = write(tmp_path / "c.csv", [head, *rows])
    before = [GoldLabel(Headline.parse("Floods"), "media")]
    found, _ = merge_corrections(before, path, ("media", "rights", "war"))
    return [label.topic for label in found if label.headline.headline == "Floods"]


@pytest.mark.parametrize(
    ("rows", "topic"),
    [
        (["Floods,rights,,,", "Floods,rights,,,yes"], "media"),
        (["Floods,rights,,,", "Floods,war,,,", "Floods,war,,,yes"], "rights"),
        (["Floods,rights,,,", "Floods,war,,,", "Floods,rights,,,yes"], "war"),
        (["Floods,rights,,,", "Floods,rights,,,", "Floods,rights,,,yes"], "rights"),
        (["Floods,rights,war,,", "Floods,rights,,,yes"], "rights"),
        (["Floods,rights,,,yes", "Floods,rights,,,"], "rights"),
        (["Floods,rights,,,", "Floods,rights,,,yes", "Floods,rights,,,NO"], "rights"),
        (["Rain,rights,,,", "Floods,rights,,,", "Rain,rights,,,yes"], "rights"),
        # Sorted by topic in a spreadsheet, dates still tell what came first.
        (["Floods,rights,,2026-01-02,yes", "Floods,rights,,2026-01-01,"], "media"),
        (["Floods,war,,2026-01-02,", "Floods,rights,,2026-01-01,", "Floods,war,,2026-01-03,yes"],
         "rights"),
    ],
)  # fmt: skip
def test_a_withdrawn_row_takes_back_the_latest_earlier_one_with_its_topics(
    tmp_path: Path, rows: list[str], topic: str
) -> None:
    assert standing(tmp_path, *rows) == [topic]


def test_a_label_that_was_taken_back_is_none(tmp_path: Path) -> None:
    rows = ["headline,topic,withdrawn", "Rain,rights,", "Snow,war,", "Rain,rights,yes"]
    path = write(tmp_path / "c.csv", rows)
    for found in (merge_corrections([], path, ("rights", "war"))[0],
                  read_labels(path, ("rights", "war"))):  # fmt: skip
        assert [label.headline.headline for label in found] == ["Snow"]


def test_an_empty_file_of_corrections_has_none(tmp_path: Path) -> None:
    assert merge_corrections([], write(tmp_path / "corrections.csv", ""), ["courts"]) == ([], [])
    with pytest.raises(TaxonomyError, match="no column headline"):
        merge_corrections([], write(tmp_path / "blank.csv", "\n"), ["courts"])


def test_a_withdrawal_is_said_by_yes_or_no(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"c\.csv: line 2: withdrawn is 'x', expected yes"):
        standing(tmp_path, "Floods,rights,,,x")


def test_what_a_labels_file_says_of_corrections_is_not_read_as_a_date(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", ["headline,topic,corrected", "Rain,rights,by Ann"])
    assert [label.topic for label in read_labels(path, ("rights", "war"))] == ["rights"]


ODD = ['He said \\"', '\\" \\\\ Strike ends', 'Mayor, "Hero"', "---", "=1+1", 'x\\", y', "a\\"]


@pytest.mark.parametrize("first", ODD)
def test_no_headline_changes_how_the_rows_after_it_are_read(tmp_path: Path, first: str) -> None:
    path = tmp_path / "c.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [("headline", "topic", "withdrawn"), *((text, "war", "") for text in (first, *ODD))]
        csv.writer(file, lineterminator="\n").writerows(rows)
    found, _ = merge_corrections([], path, ("war", "rights"))
    assert {label.headline.id for label in found} == {Headline.parse(text).id for text in ODD}


def test_a_file_with_withdrawals_that_is_not_csv_to_the_letter_is_read_as_others_are(
    tmp_path: Path,
) -> None:
    rows = ["sep=;", "Headline;topic;withdrawn", 'He said "no";war;', "", "Rain;rights"]
    rows.append("Rain;war;")
    with pytest.raises(TaxonomyError, match=r"c\.csv: line 5: 2 fields"):
        merge_corrections([], write(tmp_path / "c.csv", rows), ("war", "rights"))
    found, _ = merge_corrections(
        [], write(tmp_path / "c.csv", rows[:4] + rows[5:] + rows[1:2]), ("war", "rights")
    )
    assert [label.headline.headline for label in found] == ['He said "no"', "Rain"]
