"""Claims about exports and copies of chats."""

from __future__ import annotations

import io

import pytest

from headlines.feeds.chats import chat_records
from headlines.feeds.reader import Feed, read_feed

TITLES = [
    "Floods Hit Siberia, Thousands Flee",
    "Court Jails Poet for Nine Years",
    "Central Bank Raises Rate Again",
]
PHONE = """[16.07.25, 10:45:12] Newsroom: \u200eMessages and calls are end-to-end encrypted.
[16.07.25, 10:45:12] Anna: Floods Hit Siberia, Thousands Flee
[16.07.25, 10:47:01] Ben: Court Jails Poet for Nine Years
https://example.org/b
\u200e[16.07.25, 10:49:33] Anna: \u200eimage omitted
[16.07.25, 10:52:10] Anna: Central Bank Raises Rate Again
"""
OTHER_PHONE = """\
7/16/25, 10:44\u202fPM - Messages and calls are end-to-end encrypted. Tap to learn more.
7/16/25, 10:45\u202fPM - Anna: Floods Hit Siberia, Thousands Flee
7/16/25, 10:47\u202fPM - Ben Tarn: Court Jails Poet for Nine Years
https://example.org/b
7/16/25, 10:49\u202fPM - Anna: <Media omitted>
7/16/25, 10:52\u202fPM - Zoë: Central Bank Raises Rate Again
"""
CHANNEL = """Newsroom Channel, [16.07.2025 10:45]
Floods Hit Siberia, Thousands Flee

Newsroom Channel, [16.07.2025 10:47]
Court Jails Poet for Nine Years
He was arrested in March at a reading in a library.
https://example.org/b

Newsroom Channel, [16.07.2025 10:52]
Central Bank Raises Rate Again
"""


def read(text: str) -> Feed:
    return read_feed(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("text", "moment", "author"),
    [
        (PHONE, "2025-07-16T10:47:01", "Ben"),
        (OTHER_PHONE, "2025-07-16T22:47:00", "Ben Tarn"),
        (CHANNEL, "2025-07-16T10:47:00", "Newsroom Channel"),
    ],
    ids=["phone", "other phone", "channel"],
)
def test_every_message_of_a_chat_is_a_headline(text: str, moment: str, author: str) -> None:
    feed = read(text)
    assert [headline.headline for headline in feed] == TITLES
    second = feed.headlines[1]
    assert (second.date, second.fields["author"]) == (moment, author)
    assert second.fields["url"] == "https://example.org/b"
    assert feed.report.lines == text.count("\n")


def test_several_titles_in_a_message_are_headlines_each() -> None:
    lines = CHANNEL.replace(
        "He was arrested in March at a reading in a library.", "Snow Falls on Ostby"
    )
    assert [h.headline for h in read(lines)] == [*TITLES[:2], "Snow Falls on Ostby", TITLES[2]]


def test_dates_of_a_chat_are_read_as_one_of_them_shows() -> None:
    text = "[01/06/2024, 10:45] Anna: Floods Hit\n[30/05/2024, 10:45] Anna: Court Jails Poet\n"
    assert [h.date for h in read(text)] == ["2024-06-01T10:45:00", "2024-05-30T10:45:00"]


@pytest.mark.parametrize(
    "lines",
    [
        ["16/07/2025, 10:45 - Moscow: Floods Hit", "16/07/2025, 10:47 - Kyiv: Rates Rise"],
        ["[Russia] - Floods Hit Siberia", "[Russia] - Court Jails Poet"],
        ["[16.07.25, 10:45] Anna: Floods Hit"],
        ["10:45 Anna: Floods Hit", "10:46 Anna: Rates Rise"],
        ["Floods Hit Siberia", "[16.07.25, 10:45] Anna: A", "[16.07.25, 10:46] Anna: B"],
        [],
    ],
)
def test_lists_with_times_are_no_chats(lines: list[str]) -> None:
    assert chat_records(list(enumerate(lines, 1))) is None
