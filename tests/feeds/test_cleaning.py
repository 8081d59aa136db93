"""Claims about cleaning: what isn't the title's own is cut, and what is its own is kept."""

from __future__ import annotations

import itertools
import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from conftest import write

from headlines import HeadlineLabeler
from headlines.feeds.block import Titles
from headlines.feeds.cleaning import cleaned
from headlines.feeds.headline import Headline
from headlines.feeds.marks import spelled_out
from headlines.feeds.reader import FeedReader

BARE = "Warsaw Blackout Leaves Thousands Without Heat"

MARKS = {
    "soft hyphen": "\xad", "zero-width space": "\u200b", "non-joiner": "\u200c",
    "joiner": "\u200d", "left to right": "\u200e", "right to left": "\u202e", "isolate": "\u2066",
    "word joiner": "\u2060", "byte-order mark": "\ufeff", "variation": "\ufe0f",
    "other variation": "\U000e0101", "tag": "\U000e0041", "grapheme joiner": "\u034f",
    "Arabic mark": "\u061c", "control": "\x02", "C1 control": "\x81", "vowel": "\u180b",
    "annotation": "\ufffa", "escape": "\x1b[1;31m", "title of a terminal": "\x1b]0;x\x07",
}  # fmt: skip


def spellings(mark: str) -> list[str]:
    """Give the ways to write a mark, the longer ones escaped again."""
    ways = [mark]
    if len(mark) == 1 and ord(mark) >= 0xA0:
        code = ord(mark)
        ways += [f"&#{code};", f"&#x{code:X};", f"&amp;#{code};", f"&amp;amp;#x{code:x};"]
        ways += [f"&amp;amp;amp;#{code};", f"&#38;#{code};"]
        if code < 0x10000:
            ways.append(f"\\u{code:04x}")
    return ways


ESCAPED = ["&shy;", "&zwnj;", "&zwj;", "&lrm;", "&rlm;", "&ZeroWidthSpace;", "&NoBreak;",
           "&amp;shy;", "&amp;amp;zwnj;", "&amp;amp;amp;lrm;"]  # fmt: skip


@pytest.mark.parametrize("mark", [*itertools.chain(*map(spellings, MARKS.values())), *ESCAPED])
def test_a_mark_in_any_spelling_changes_nothing(mark: str) -> None:
    for title in (f"{mark}{BARE}", f"{BARE}{mark}", BARE.replace("ous", f"o{mark}us"),
                  BARE.replace(" B", f"{mark} B"), BARE.replace(" B", f" {mark} B")):  # fmt: skip
        found = Headline.parse(title)
        assert (found.headline, found.text) == (BARE, BARE)
    assert cleaned(mark * 3).headline == ""


def test_every_format_character_is_a_mark_or_kept_for_a_reason() -> None:
    shown = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}  # signs
    joined = {0x180E} | set(range(0x13430, 0x13440))  # of hieroglyphs
    for code in range(0x110000):
        if unicodedata.category(chr(code)) == "Cf" and code not in shown | joined:
            assert spelled_out(f"a{chr(code)}b") == "ab"


def test_joiners_stay_where_a_script_is_spelled_with_them() -> None:
    persian, malayalam, mongolian = "می\u200cخواهم", "\u0d28\u0d4d\u200d", "\u182d\u180b"
    for title in (persian, f"{malayalam} {persian}", mongolian):
        assert cleaned(title).headline == title
    assert cleaned("می&amp;zwnj;خواهم").headline == persian
    assert cleaned("\u200c" + persian + "\u200c x\u200cy").headline == persian + " xy"


def test_emoji_stay_whole() -> None:
    emoji = ["👩\u200d👧\u200d👦", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "👍🏽",
             "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🇺🇦"]  # fmt: skip
    for one in emoji:
        assert cleaned(f"Win {one} now").headline == f"Win {one} now"
    assert cleaned("Win 👩\u200d now 1\ufe0f").headline == "Win 👩 now 1"


@pytest.mark.parametrize(
    "blank", ["", " ", "\u200b", "\ufeff\u200d", "&nbsp;", "&amp;nbsp;&shy;", "\u3164", "\u2800"]
)
def test_a_line_of_marks_and_blanks_alone_is_blank(tmp_path: Path, blank: str) -> None:
    reader = FeedReader(write(tmp_path / "f.txt", f"Oil Price Hits Record\n{blank}\n"))
    assert [h.line for h in reader] == [1]
    assert reader.report.kinds["blank"] == 1


@pytest.mark.parametrize(
    ("published", "headline"),
    [
        ("Profit <2% &amp; falling at R&amp;D", "Profit <2% & falling at R&D"),
        ("&lt;b&gt;Profit&lt;/b&gt; &amp;lt;2% at AT&amp;amp;T;", "Profit <2% at AT&T;"),
        ("&amp;amp;quot;No&amp;amp;quot; &#8216;yes&#8217 &EACUTE;t&eacute;", '"No" ‘yes’ Été'),
        ("<p><b>Rus</b>sia<br/>Wins</p>", "Russia Wins"),
        ("<title><![CDATA[Oil <i>Up</i>]]></title>", "Oil Up"),
        ("Oil<!-- x --> Up<script>var a = '<b>'</script>", "Oil Up"),
        ('<a href="https://x.org" title=\'a > b\'>Oil Up</a>', "Oil Up"),
        ("<b>Oil Up", "Oil Up"),
        ("[Oil Up](https://x.org/a_(b)) in Oslo", "Oil Up in Oslo"),
        ("[![alt](x.png) Oil](https://x.org)", "Oil"),
        ("[[Oil|Crude]] Up in [[Oslo]]", "Crude Up in Oslo"),
        ("<https://x.org/a|Oil Up>", "Oil Up"),
        ("**Oil** *is* __on up__ _now_ ~~not~~ `so` ***very***", "Oil is on up now not so very"),
        ("## Oil Up ##", "Oil Up"),
        ("[b]Oil[/b] Up", "Oil Up"),
        ("Oil Up https://x.org/a?b=c#d", "Oil Up"),
        ("Oil Up: https://t.co/a1B2", "Oil Up"),
        ("Oil Up (https://x.org) pic.twitter.com/abc", "Oil Up"),
        ("Oil Up | www.x.org", "Oil Up"),
        ("Oil Up bit.ly/3xYz", "Oil Up"),
        ("Oil Up via https://x.org", "Oil Up"),
        ("https://x.org/oil - Oil Up", "Oil Up"),
        ("Oil Up https://t.co/a1 in Oslo", "Oil Up in Oslo"),
        ("It\\u2019s Up", "It’s Up"),
        ("\x1b[31mOil\x1b[0m Up", "Oil Up"),
    ],
)  # fmt: skip
def test_mark_up_and_links_are_cut(published: str, headline: str) -> None:
    assert cleaned(published).headline == headline


FURNITURE: list[tuple[str, dict[str, Any]]] = [
    ("1. {}", {"rank": 1}),
    ("12) {}", {"rank": 12}),
    ("(3) {}", {"rank": 3}),
    ("#4 {}", {"rank": 4}),
    ("#4: {}", {"rank": 4}),
    ("[7] {}", {"rank": 7}),
    ("2/ {}", {"rank": 2}),
    ("- {}", {}),
    ("* {}", {}),
    ("• {}", {}),
    ("•{}", {}),
    ("– {}", {}),
    ("▪ {}", {}),
    ("→ {}", {}),
    ("> {}", {}),
    ("- [ ] {}", {}),
    ("- [x] {}", {}),
    ("☐ {}", {}),
    ("- 3. {}", {"rank": 3}),
    ("10:45 {}", {"time": "10:45"}),
    ("[10:45] {}", {"time": "10:45"}),
    ("10:45 AM - {}", {"time": "10:45 AM"}),
    ("10.45 Uhr {}", {"time": "10.45 Uhr"}),
    ("10:45 GMT | {}", {"time": "10:45 GMT"}),
    ("10.45am {}", {"time": "10.45am"}),
    ("2024-05-01 - {}", {"date": "2024-05-01"}),
    ("01.05.2024: {}", {"date": "2024-05-01"}),
    ("2024-05-01 10:45 {}", {"date": "2024-05-01T10:45:00", "time": "10:45"}),
    ("May 1, 2024 - {}", {"date": "2024-05-01"}),
    ("[1 May 2024] {}", {"date": "2024-05-01"}),
    ("Wed, 01 May 2024 10:45 - {}", {"date": "2024-05-01T10:45:00", "time": "10:45"}),
    ("4 hours ago - {}", {"age": "4 hours ago"}),
    ("2h ago | {}", {"age": "2h ago"}),
    ("{} 4 hours ago", {"age": "4 hours ago"}),
    ("{} · 2h", {"age": "2h"}),
    ("{} - 4 hours ago", {"age": "4 hours ago"}),
    ("{} (2 hours ago)", {"age": "2 hours ago"}),
    ("{} - 3 min read", {}),
    ("{} 3 min read", {}),
    ("{} (5 minute read)", {}),
    ("{} (Updated)", {"note": "Updated"}),
    ("[UPDATED] {}", {"note": "UPDATED"}),
    ("{} (VIDEO)", {"note": "VIDEO"}),
    ("(Photos) {}", {"note": "Photos"}),
    ("[Video] - {}", {"note": "Video"}),
    ("{} – video", {"note": "video"}),
    ("{} - Updated", {"note": "Updated"}),
    ("{} (Updated: May 3)", {"note": "Updated: May 3"}),
    ("{} [PHOTOS, VIDEO]", {"note": "PHOTOS, VIDEO"}),
    ("12:30 GMT {}", {"time": "12:30 GMT"}),
    ("{}\tReuters\t10:45", {"time": "10:45", "publisher": "Reuters"}),
    ("10:45\t{}", {"time": "10:45"}),
    ("3\t{}\thttps://x.org", {"rank": 3, "url": "https://x.org"}),
    ("Reuters\t{}\t4 hours ago", {"publisher": "Reuters", "age": "4 hours ago"}),
]


@pytest.mark.parametrize(("form", "told"), FURNITURE)
def test_list_furniture_gives_the_bare_id_and_topic_and_what_it_says(
    labeler: HeadlineLabeler, form: str, told: dict[str, Any]
) -> None:
    found = Headline.parse(form.format(BARE))
    assert (found.headline, found.id, found.text) == (BARE, Headline.parse(BARE).id, BARE)
    assert cleaned(form.format(BARE)).told == told
    bare, furnished = labeler.label([BARE, form.format(BARE)])
    assert (bare.topic, bare.probability) == (furnished.topic, furnished.probability)


@pytest.mark.parametrize(
    "title",
    [
        "5 Killed in Kharkiv", "1. FC Köln Wins", "7. Bundesliga-Spieltag Begins",
        "3 Dead in Oslo", "2024 Election: What to Know", "10 Downing Street Gets a Cat",
        "100 Days of War", "9/11 Trial Begins", "24: Live Another Day", "10:10 Campaign Begins",
        "3:10 to Yuma Returns", "24/7 Service Ends", "1. Mai in Berlin", "1984. Orwell Was Right",
        "50 Cent Sued Again", "10-Year-Old Saved", "3D Printing Booms", "#MeToo Goes On",
        "#1 Alabama Beats #2 Georgia", "10.5 Million Flee", "1-0 Win for Ajax", "$AAPL Falls",
        "@name Suspended", "-5 Degrees in Oslo", "(Reuters) Oil Falls", "[Russia] - Oil Falls",
        "C* Code Leaks", "If a < b > c, 5 * 3 * 2", "snake_case and __init__ and f**k the s**t",
        "M*A*S*H Returns", "Use the <title> Tag", "The <tr>'s and <td>'s", "HTTP: The Guide",
        "TCP/IP and/or OS/2", "Boy last seen 4 hours ago", "20 Years Ago, a Coup in Iran",
        "Titanic Sank 100 Years Ago", "A five-minute read", "Saturday Night Live",
        "Terms of Service; Didn't Read", "Oil (2019)", "Paris (Texas)",
        "Yoko Ono – Live and Let Die Forever", "The Verge's Video Problem", "May Day in Moscow",
        "September 11: What We Know", "12 Angry Men", "A Gateway to https://x.org",
        "WhatsApp’s 10:45 PM Outage", "§ 218 Falls", "!!! Play Oslo", "1 in 5 Is Poor",
        "5G: What Now?",
    ],
)  # fmt: skip
def test_what_is_the_titles_own_is_kept(title: str) -> None:
    assert cleaned(title).headline == title


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("https://x.org/oil-hits-record", "quarantined"),
        ("[](https://x.org)", "quarantined"),
        ("10:45", "boilerplate"),
        ("4 hours ago", "boilerplate"),
        ("May 1, 2024", "boilerplate"),
        ("3 min read", "boilerplate"),
        ("* * *", "boilerplate"),
        ("----------", "boilerplate"),
        ("- [ ] ", "boilerplate"),
        ("1917", "headline"),
        ("Oil", "headline"),
        ("🚨🚨", "headline"),
        ("???", "headline"),
    ],
)
def test_a_line_that_is_no_title_is_accounted_for_as_what_it_is(
    tmp_path: Path, line: str, kind: str
) -> None:
    rows = [{"title": "Oil Price Hits Record"}, {"title": line}]
    reader = FeedReader(write(tmp_path / "f.jsonl", "\n".join(map(json.dumps, rows))))
    assert [h.line for h in reader] == ([1, 2] if kind == "headline" else [1])
    assert reader.report.kinds[kind] == 1 + (kind == "headline")
    found = Headline.parse(line)
    assert found.headline  # from Python nothing is lost either
    assert bool(found.text) == (kind == "headline")


@pytest.mark.parametrize("title", ["3. {}\tReuters", "Reuters\t{}", "{}\tReuters"])
def test_a_known_publisher_after_a_tab_is_its_own_field(title: str) -> None:
    found = Headline.parse(title.format(BARE))
    assert (found.headline, found.publisher) == (BARE, "Reuters")


def test_a_tab_among_the_words_of_a_title_is_white_space() -> None:
    found = Headline.parse("Russian Forces Advance\tNear Kharkiv")
    assert (found.text, found.publisher) == ("Russian Forces Advance Near Kharkiv", None)


def test_a_title_in_small_letters_is_found_behind_a_time() -> None:
    assert cleaned("10:45 oil hits record").headline == "oil hits record"
    assert cleaned("3:10 to yuma returns").headline == "3:10 to yuma returns"


def test_fields_of_the_feed_come_before_what_a_title_says(tmp_path: Path) -> None:
    path = write(
        tmp_path / "f.jsonl",
        '{"title": "2. 2024-05-01 - Oil Up https://x.org", "url": "https://y.org", "date": "2023"}',
    )
    [found] = FeedReader(path)
    assert (found.headline, found.date) == ("Oil Up", "2023")
    assert found.fields == {"url": "https://y.org", "date": "2023", "rank": 2}


PIECES = [
    "amp;", "&amp;", "&", "&#", "&#8203;", "&amp;lt;b&amp;gt;", ". |", "<", "[", "](", "(", "*",
    "**a", "_a ", "`", "~~", "<b>", "<a x=", '<a x="', "<a b=c ", "<!--", "<script", "<![CDATA[",
    "[[a", "[a](b", "![", "[b]", "\xad", "\u200b", "\u200d", "\ufe0f", "\ufeff", "\x1b[", "\x1b]",
    "é", "Ã©", "РџСЂ", "\ud83d", "\u0645\u06cc\u200c", "\U0001f469\u200d", " - ", "— A", "A -- ",
    "a.", "a.b/", "http://", "t.co/a ", "1. ", "(1) ", "- ", "10:45 ", "2024-05-01 ",
    "May 1, 2024 ", "(Updated) ", "[Video] ", " - live", "4 hours ago ", "| 2h ", "\t", "a\t", "#",
    "# ", "> ", "**<b>", "full access ", "=", " ", "\\u2019",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_long_lines_of_any_pattern_are_cleaned(piece: str) -> None:
    # A cost that grew with the square of a line's length would take hours for the longest.
    for size in (1_000, 10_000, 100_000):
        [headline] = Titles.parse([f"Oil {piece * (size // len(piece))} Up"]).headlines
        assert headline.startswith("Oil")
        assert cleaned(headline).headline == headline


def test_furniture_may_stand_around_furniture() -> None:
    rng = random.Random(0)
    before = ["1. ", "- ", "10:45 ", "2024-05-01 - ", "[Video] ", "> ", "**", "<b>"]
    after = [" (Updated)", " – video", " https://x.org", " - 3 min read", "**", "</b>", " | 2h ago"]
    for _ in range(300):
        marks = rng.sample(before[:6], rng.randrange(4)), rng.sample(after[:4], rng.randrange(4))
        title = "".join(marks[0]) + BARE + "".join(marks[1])
        assert cleaned(title).headline == BARE
        if not marks[0]:
            assert cleaned(f"- **{title}**").headline == BARE
