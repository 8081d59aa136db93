"""Claims about pages, mails and plain lists: which lines are headlines."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from conftest import DATA, SEEDS, write

from headlines.feeds.clutter import is_furniture
from headlines.feeds.evidence import Mark, mark_of
from headlines.feeds.page import LineKind, sort_page
from headlines.feeds.reader import Feed, read_feed

PAGES = sorted(path for path in (DATA / "pages").glob("*.txt") if "." not in path.stem)

STAMPS = [
    "4 hours ago", "12 mins ago", "Updated 3h ago", "an hour ago", "Just now", "3 min read",
    "Last updated: 16 July 2025 at 09:14 BST", "128 comments", "1.2K views", "Comments (14)",
    "120 points by tarnhelm 3 hours ago | hide | 45 comments", "Posted by u/koss 1 day ago",
    "Reuters · 4 hours ago", "World | 12 min read", "https://example.org/a?b=c", "vor 4 Stunden",
    "<https://example.org/2025/07/01/a-long-address>", "July 16, 2025 · 3:42 PM UTC · 2 hours ago",
    "4小时前", "il y a 3 heures", "3 часа назад",
]  # fmt: skip
SIGNS = [
    "14:05", "2:05 p.m. ET", "July 16, 2025", "16 Jul 2025", "2025-07-16", "Wed, 16 July 2025",
    "12 min", "3h", "By A. Writer", "By Ada Lind and Per Skau", "by Our Foreign Staff",
    "Photograph: Jana Kral/AFP", "Jana Kral / AFP", "#floods #siberia",
    "By Petra Halloran in Ostrava",
    "From: Delta Brief <brief@delta.example>", "Ines Palka / Meridian:",
]  # fmt: skip
BUTTONS = [
    "Sign in", "LOG IN", "Read more →", "Subscribe now", "Skip to main content", "Privacy Policy",
    "View in browser", "Unsubscribe | Update your preferences", "Accept all", "Most read", "Page 2",
    "Image source, Getty Images", "See more results | Edit this alert", "Read more → https://a.org/b",
]  # fmt: skip
ON_PAGES = [
    "Opinion", "US & Canada", "Health, Science and Environment", "The Moscow Times", "Reuters",
    "News | Opinion | Business | Arts", "Brent 68.71 ▲ 0.4%", "Moscow 23°C",
    "S&P 500 5,123.45 +0.5%",
    "Photo: AP", "Tags: Russia, Ukraine, Grain", "Kherson front line 4 hours ago",
    "We use cookies to improve your experience.", "Subscribe to our weekly newsletter",
    "You have received this email because you have subscribed to Google Alerts.",
    "© 2025 Valley Media", "Unlimited Portal Access + Monthly Magazine - 12 issues",
    "Support us from $1 a month", "44,459.65", "Bank News",
]  # fmt: skip
HEADLINES = [
    "4 Hours Ago, a City Fell Silent", "By Sea, by Rail, by Donkey: How Parcels Cross a Border",
    "128 Comments That Shook the Ministry", "Share Prices Tumble on Rumours of a Levy",
    "Delhi Hits Record 50°C, Schools Close", "Photos: A Winter Fair on the Ice",
    "Storm Ada Reaches the Coast | Live", "10:45 Blast at Depot Outside the Capital",
    "Lakers 102, Celtics 99 in Season Opener", "Floods Hit Siberia https://example.org/a",
    "Sign Up or Ship Out, Conscripts Are Warned", "Read More Books, Patriarch Tells Deputies",
    "Trump Sues New York Times Over Book", "Russia Pays Recruits $2,000 a Month",
    "中部山区暴雨致三座桥梁受损",
]  # fmt: skip


def read(*lines: str) -> Feed:
    return read_feed(io.BytesIO("\n".join(lines).encode()))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_and_mails_give_exactly_their_headlines(path: Path) -> None:
    expected = path.with_suffix(".expected.txt").read_text(encoding="utf-8").splitlines()
    assert [h.headline for h in read_feed(path)] == expected


@pytest.mark.parametrize(
    ("lines", "mark"),
    [(STAMPS, Mark.STAMP), (SIGNS, Mark.SIGN), (BUTTONS, Mark.BUTTON)],
)
def test_furniture_is_known_wherever_it_stands(lines: list[str], mark: Mark) -> None:
    assert {line: mark_of(line) for line in lines} == dict.fromkeys(lines, mark)


def test_some_furniture_is_known_on_pages_only() -> None:
    assert [line for line in ON_PAGES if not is_furniture(line)] == []


def test_headlines_that_begin_or_end_as_furniture_does_are_none() -> None:
    assert [line for line in HEADLINES if mark_of(line) or is_furniture(line)] == []


def test_a_time_alone_is_left_out_of_a_list_and_nothing_else_is() -> None:
    titles = ["Floods Hit Siberia", "Snow", "Search", "Court Jails Poet", "Rates Rise", "X"]
    feed = read(*titles[:3], "", "4 hours ago", "", *titles[3:])
    assert [h.headline for h in feed] == titles
    assert feed.report.kinds["boilerplate"] == 1


def test_one_teaser_gives_its_title() -> None:
    feed = read("Floods Hit Siberia, Thousands Flee", "4 hours ago", "Reuters")
    assert [h.headline for h in feed] == ["Floods Hit Siberia, Thousands Flee"]


def test_a_short_title_with_its_time_is_kept() -> None:
    assert [h.headline for h in read("Bank Hacked", "4 hours ago")] == ["Bank Hacked"]


@pytest.mark.parametrize(
    "lines",
    [
        ["See all the winners at the Oscars"],
        ["Subscribe"],
        ["Twitter", "Search", "X", "Print", "Apple", "Google", "Amazon Web Services", "OpenAI"],
        ["Twitter", "Search", "About Time", "Subscribe", "Sign In"],
        ["Follow Us", "Home", "Live", "Next", "Back", "Read More", "Yesterday", "Let It Be"],
    ],
)
def test_a_list_of_few_words_loses_no_line(lines: list[str]) -> None:
    assert [h.headline for h in read(*lines)] == lines


def test_lists_drawn_at_random_lose_no_line_whatever_names_are_among_them() -> None:
    """500 lists of 1 to 120 headlines of the feed, with words that menus have too."""
    names = [
        "Twitter",
        "Search",
        "Home",
        "Live",
        "Video",
        "Print",
        "X",
        "Help",
        "Contact",
        "Privacy",
    ]
    titles = [headline.headline for headline in read_feed(SEEDS / "feed.txt")]
    draw = random.Random(3)
    for _ in range(500):
        lines = draw.sample(titles, draw.choice([1, 2, 5, 20, 60, 118]))
        lines += draw.sample(names, draw.choice([0, 1, len(lines) // 3 + 1]) % len(names))
        draw.shuffle(lines)
        if draw.random() < 0.5:
            lines = [part for line in lines for part in (line, "")]
        kinds = sort_page(lines)
        assert kinds is None, lines


def test_a_link_below_a_headline_is_its_field() -> None:
    feed = read(
        "Floods Hit Siberia, Thousands Flee", "Reuters", "<https://example.org/a>", "",
        "Court Jails Poet for Nine Years", "The Moscow Times", "", "https://example.org/b",
    )  # fmt: skip
    assert [(h.headline, dict(h.fields)) for h in feed] == [
        ("Floods Hit Siberia, Thousands Flee", {"url": "https://example.org/a"}),
        ("Court Jails Poet for Nine Years", {"url": "https://example.org/b"}),
    ]


def test_a_quoted_mail_is_read_without_its_marks(tmp_path: Path) -> None:
    path = write(tmp_path / "mail.txt", (DATA / "pages" / "forwarded_mail.txt").read_bytes())
    assert not any(h.headline.startswith(">") for h in read_feed(path))


WORST = [
    "full access ", ". |", "| ", "· ", ".\"'", "a'", "a b ", "By A ", "4 hours ago ", "1:1", "> ",
    "support us $1 ", "©", "http://", "://", "www.", "#a ", "x / ", "/AP", ", 4 St", "a - ", "...",
    "\u4e00", "   ", "(", "\t", "A. ", "unsubscribe ", "accept cookies by continuing ", "a@", "12 ",
]  # fmt: skip


@pytest.mark.parametrize("size", [1_000, 10_000, 100_000])
def test_the_cost_of_a_line_is_that_of_reading_it(size: int) -> None:
    """Every expression's worst line, on a page and alone: this test ends, and the rest stands."""
    page = (DATA / "pages" / "valley.txt").read_text(encoding="utf-8").splitlines()
    usual = sort_page(page)
    assert usual is not None
    for part in WORST:
        line = (part * (size // len(part) + 1))[:size] + "x"
        for long in (line, line[::-1]):
            assert mark_of(long) in (None, Mark.STAMP)
            assert (sort_page([long]) or [LineKind.HEADLINE]) == [LineKind.HEADLINE]
            assert (sort_page([*page, long]) or [])[: len(page)] == usual, part


def test_a_page_of_short_titles_with_their_times_gives_the_titles() -> None:
    titles = ["Ferry Fares Rise Again", "Poet Wins Prize", "Rates Fall by Half"]
    lines = [part for t in titles for part in ("Reuters", t, "4 hours ago", "")]
    assert [h.headline for h in read(*lines)] == titles


def test_what_an_alert_was_set_for_is_no_headline() -> None:
    feed = read(
        "Google Alerts", "grain ships strait", "Daily update · July 16, 2025", "NEWS",
        "Grain Ships Turned Back From Strait", "The Northern Herald", "<https://example.org/a>",
    )  # fmt: skip
    assert [h.headline for h in feed] == ["Grain Ships Turned Back From Strait"]
