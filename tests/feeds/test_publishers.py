"""Claims about publishers: what a page sets around a title goes, and what it is about stays."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import write
from hypothesis import given
from hypothesis import strategies as st

from headlines import read_feed
from headlines.feeds.headline import Headline
from headlines.feeds.joints import jointed
from headlines.feeds.publishers import taken_apart
from headlines.textarray import Texts

TITLES = [
    "Putin Arrives in Beijing for Talks on Gas Pipeline",
    "Russia’s Largest Banks Exploring Bailouts as Bad Loans Grow",
    "Wildfire smoke chokes Siberian towns for a third week",
    "Navalny Dies – Kremlin",
    "Ukraine War: Kyiv Hit",
    "Putin - Person of the Year",
    "5 Killed in Helicopter Crash in Russia's Far East",
]

BEHIND = [
    " | The Guardian", " · Meduza", " » Kyiv Post", " « Springfield Daily Herald", " - BBC News",
    " — The New York Times", " – Bloomberg", "-- Vyorstka", " -- Reuters", " :: RFE/RL", "| CNN",
    " / The Moscow Times", " | site.com", " - www.site.co.uk", " · meduza.io", " - nj.com",
    " - World - The Moscow Times", " — Politics — The Hill", " | World news | The Guardian",
    " - Yahoo! News", " | REUTERS", " - FOX 5 Atlanta", " - The Springfield Gazette", " - TIME",
    " | Politics", " - World News", " (Reuters)", " – Reports", " • NPR", " ｜ NHK",
]  # fmt: skip

BEFORE = [
    "Reuters: ", "Agency: ", "BBC News - ", "Opinion | ", "Opinion: ", "Exclusive: ", "WATCH: ",
    "LIVE: ", "BREAKING: ", "Analysis | ", "[Russia] - ", "BREAKING NEWS - ", "Live – ", "WSJ: ",
    "UPDATE 2-", "[Video] ", "Today’s Papers: ", "CNN | ", "World News: ", "🔴 LIVE: ", "Watch : ",
]  # fmt: skip


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("behind", BEHIND)
def test_what_stands_behind_a_title_is_not_embedded(title: str, behind: str) -> None:
    assert Headline.parse(title + behind).text == Headline.parse(title).text == title


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("before", BEFORE)
def test_what_stands_before_a_title_is_not_embedded(title: str, before: str) -> None:
    assert Headline.parse(before + title).text == title


@pytest.mark.parametrize("title", TITLES)
def test_both_ends_are_cut(title: str) -> None:
    around = Headline.parse(f"Opinion | {title} – Bloomberg | World news | The Guardian")
    assert around.text == title
    assert around.section == "Opinion, World news"
    assert around.attribution == "Bloomberg, The Guardian"
    assert around.publisher == "The Guardian"


@pytest.mark.parametrize(
    "title",
    [
        "What We Know So Far – Warsaw Blackout",
        "What We Know So Far | Warsaw Blackout",
        "Here's What to Know Today | Gaza Ceasefire",
        "Navalny Dies – Kremlin",
        "Ukraine War: Kyiv Hit",
        "Trump: I Will Win",
        "Biden – A Life",
        "Review | The Zone of Interest Is a Masterpiece",
        "Obituary: The Ballerina of Leningrad",
        "Putin - Person of the Year",
        "Moscow – City of Churches",
        "Russia Holds Talks With Hamas – Lavrov",
        "World Mourns the Queen – Bad News",
        "The Press Under Putin - A Brief History of Hard Times",
        "Elon Musk Named Person of the Year – Time",
        "Disney: Elon Musk calls for boss to be fired",
        "Russian Missiles Hit Kyiv | Four People Killed in Capital",
        "Russia–Ukraine War | Day 700",
        "Tehran | Tel Aviv",
        "Le « grand remplacement » Selon Eux",
        "Oil price - what happens next?",
        "AC/DC / Metallica Tour Dates Announced",
        "Paris 2024: Opening Ceremony on the Seine",
        "COVID-19 Cases Rise in St. Petersburg",
        "An Old Friend (Again)",
        "Ratings Fall at Fox News",
        "Kommersant Editor Quits",
        "BBC",
        "| BBC",
        "- BBC News -",
        "Opinion |",
        "Reuters:",
        "",
    ],
)
def test_what_a_title_is_about_stays(title: str) -> None:
    assert taken_apart(title).text == title


def test_a_lead_word_is_cut_and_what_follows_it_is_not() -> None:
    assert taken_apart("Live – Premier League")[:3] == ("Premier League", "Live", None)


def test_a_source_that_a_title_refers_to_is_not_its_publisher() -> None:
    assert Headline.parse("Banks Exploring Bailouts – Bloomberg").publisher is None
    assert Headline.parse("WSJ: Banks Exploring Bailouts").publisher is None
    assert Headline.parse("Banks Exploring Bailouts | Bloomberg").publisher == "Bloomberg"
    assert Headline.parse("Banks Exploring Bailouts - Bloomberg").publisher == "Bloomberg"


def test_a_publisher_that_the_feed_gives_comes_first(tmp_path: Path) -> None:
    rows = 'headline,publisher\n"Banks Exploring Bailouts | Bloomberg",Meduza\nFire | CNN,\n'
    rows += "Floods Hit Siberia Again - CNN,\n"
    found = read_feed(write(tmp_path / "feed.csv", rows)).headlines
    assert [h.publisher for h in found][::2] == ["Meduza", "CNN"]


sides = st.lists(
    st.sampled_from(
        [
            *TITLES,
            *BEHIND,
            *BEFORE,
            "|",
            " ",
            "Abc",
            "bbc.com",
            "–",
            "--",
            ":",
            " : ",
            "é",
            "»",
            "::",
        ]
    ),
    max_size=6,
).map("".join)


@given(st.lists(sides | st.text("|-:/ .aB)(]«»·–é\n", max_size=60), max_size=6))
def test_titles_that_are_passed_over_have_nothing_to_cut(titles: list[str]) -> None:
    for title, marked in zip(titles, jointed(Texts.of(titles)), strict=True):
        assert marked or taken_apart(title).text == title


@pytest.mark.parametrize(
    "unit",
    ["| ", " |", "- ", "--", " – ", ": ", "[", "(", ")", "a.", " / ", ":: ", "LIVE: ", "[a] - ",
     " | A", " - BBC News", "« ", "A-", "\u3000", "ा", "x"],
)  # fmt: skip
def test_a_long_line_takes_no_longer_than_its_length(unit: str) -> None:
    line = unit * (100_000 // len(unit))
    started = time.thread_time()
    taken_apart(line)
    taken_apart("Putin Arrives in Beijing" + line)
    assert time.thread_time() - started < 1
