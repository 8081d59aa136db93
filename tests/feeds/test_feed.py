"""Claims about reading feeds."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from conftest import DATA, SEEDS, write
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headlines.errors import FeedError
from headlines.feeds.headline import Headline, normalise_v1
from headlines.feeds.reader import FeedReader, read_feed
from headlines.feeds.report import Quarantined

LINES = ["EU Approves Sanctions", "Floods Hit Siberia", "Court Jails Poet – Kommersant"]


def test_seed_feed_gives_its_118_headlines_and_accounts_for_389_lines() -> None:
    feed = read_feed(SEEDS / "feed.txt")
    assert len(feed) == 118
    assert feed.report.format == "page"
    assert feed.report.lines == 389
    assert feed.report.kinds["headline"] == 118
    assert feed.report.kinds["boilerplate"] == 5
    lines = (SEEDS / "feed.txt").read_text(encoding="utf-8").split("\n")
    assert [h.headline for h in feed] == [lines[h.line - 1].strip() for h in feed if h.line]


def test_seed_feed_prefixes_and_attributions_become_fields() -> None:
    feed = read_feed(SEEDS / "feed.txt")
    assert sum(h.section == "Russia" for h in feed) == 62
    assert not any(h.text.startswith("[") for h in feed)
    found = [h.attribution for h in feed if h.attribution]
    assert found == ["Bloomberg", "Reports", "OCCRP", "Kommersant", "Analysis", "Vyorstka"]


@pytest.mark.parametrize("name", ["harbour", "valley", "capital"])
def test_other_pages_give_exactly_their_headlines(name: str) -> None:
    expected = (DATA / "pages" / f"{name}.expected.txt").read_text(encoding="utf-8").splitlines()
    feed = read_feed(DATA / "pages" / f"{name}.txt")
    assert [h.headline for h in feed] == expected


def test_a_page_keeps_headlines_that_sound_like_its_boilerplate() -> None:
    kept = [
        "Russia Pays Recruits $2,000 a Month", "EU Court Rules on Copyright of AI Art",
        "Telegram Changes Privacy Policy After Durov's Arrest", "Share This Burden, Macron Says",
        "Join US Sanctions, Kyiv Urges Swiss", "Merchandise Trade Falls 9% in First Half",
        "Support Our Troops, Says Duma Speaker", "Get Your Money Out, Banks Tell Clients",
        "Follow US Lead on Tariffs, Lawmakers Say", "Terms of Surrender Rejected by Kyiv",
        "Subscribers Leave State TV Channel", "Putin Wins Election", "Recommended Reading in Exile",
    ]  # fmt: skip
    body = "The harbour was quiet when the ferry came in. " * 12
    page = [
        "Menu",
        "Sign in",
        "Advertise",
        "",
        body,
        "",
        *kept,
        "",
        "© 2025 The Site",
        "Contact us",
    ]
    feed = read_feed(io.BytesIO("\n".join(page).encode()))
    assert [h.headline for h in feed] == kept
    assert feed.report.page[5] == "article text"
    assert [n for n, kind in feed.report.page.items() if kind == "boilerplate"] == [1, 2, 3, 21, 22]


@pytest.mark.parametrize("path", sorted((DATA / "lists").iterdir()), ids=lambda p: p.stem)
def test_plain_lists_never_lose_a_line(path: Path) -> None:
    filled = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    feed = read_feed(path)
    assert feed.report.format == "text"
    assert len(feed) == len(filled)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends_make_no_difference(
    tmp_path: Path, encoding: str, newline: str
) -> None:
    lines = ["Zelenskyy’s Plan – Reports", "Łódź hosts talks", "Floods"]
    path = write(tmp_path / "feed.txt", newline.join(lines).encode(encoding))
    assert [h.headline for h in read_feed(path)] == lines


def test_windows_1252_is_recognised(tmp_path: Path) -> None:
    lines = ["Zelenskyy’s plan – a “new” start for Köln", "Café owners fined in Besançon"]
    path = write(tmp_path / "feed.txt", "\n".join(lines).encode("cp1252"))
    feed = read_feed(path)
    assert feed.report.encoding == "cp1252"
    assert [h.headline for h in feed] == lines


def test_a_broken_row_of_a_utf8_file_is_quarantined_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.txt", "Köln\nMünchen\n".encode() + b"br\xffken\n")
    report = read_feed(path).report
    assert (report.encoding, report.quarantined[0].line) == ("utf-8", 3)


def test_mojibake_and_composition_are_repaired(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.txt", "Zelenskyy\u00e2\u0080\u0099s plan\nCafe\u0301 &amp; bar\n")
    assert [h.headline for h in read_feed(path)] == ["Zelenskyy’s plan", "Caf\u00e9 & bar"]


def test_copies_are_marked_and_kept() -> None:
    feed = read_feed(["Floods Hit  Siberia", "floods hit siberia", "Other"])
    assert [h.duplicate_of for h in feed] == [None, feed.headlines[0].id, None]
    assert feed.headlines[0].id == feed.headlines[1].id
    assert feed.report.kinds["duplicate"] == 1


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("csv", "Date,Headline\n" + "".join(f'2025-01-01,"{line}"\n' for line in LINES)),
        ("tsv", "date\ttitle\n" + "".join(f"2025-01-01\t{line}\n" for line in LINES)),
        ("json", json.dumps([{"title": line, "date": "2025-01-01"} for line in LINES])),
        ("json", json.dumps({"items": [{"title": x, "date": "2025-01-01"} for x in LINES]})),
        ("jsonl", "".join(f'{{"headline": "{x}", "date": "2025-01-01"}}\n' for x in LINES)),
    ],
)
def test_tables_and_json_by_ending_and_by_content(
    tmp_path: Path, ending: str, content: str, compressed: bool
) -> None:
    if compressed:
        path = write(tmp_path / f"feed.{ending}.gz", gzip.compress(content.encode()))
    else:
        path = write(tmp_path / "feed", content)
    feed = read_feed(path)
    assert feed.report.format == ending
    assert [h.headline for h in feed] == LINES
    assert {h.date for h in feed} == {"2025-01-01"}


def test_a_list_that_starts_with_a_bracket_is_no_json() -> None:
    stream = io.BytesIO(b"[Russia] - Court Jails Poet\n[Russia] - Floods\n")
    assert [h.text for h in read_feed(stream)] == ["Court Jails Poet", "Floods"]


def test_rows_of_another_length_are_quarantined(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "headline,date\nFloods,2025\nToo,many,cells\n\nFires,2024\n")
    feed = read_feed(path)
    assert [(h.headline, h.line) for h in feed] == [("Floods", 2), ("Fires", 5)]
    assert feed.report.quarantined[0].line == 3
    assert feed.report.lines == 5


def test_an_open_quote_loses_nothing(tmp_path: Path) -> None:
    lines = ['"Open quote', *(f"Headline {i}" for i in range(20_000))]
    path = write(tmp_path / "f.csv", ["headline", *lines])
    rows: list[Quarantined] = []
    reader = FeedReader(path, set_aside=rows.append)
    found = list(reader)
    assert reader.report.lines == 20_002
    kept = "".join(h.headline for h in found) + "".join(q.raw for q in rows)
    assert all(f"Headline {i}" in kept for i in range(0, 20_000, 997))


def test_a_tsv_has_no_quoting_but_what_spreadsheets_write(tmp_path: Path) -> None:
    rows = ['"Go" or stay', '"Never" again', 'Open "quote', '"He said ""no"" to talks"']
    path = write(tmp_path / "f.tsv", ["n\theadline", *(f"1\t{row}" for row in rows)])
    assert [h.headline for h in read_feed(path)] == [*rows[:3], 'He said "no" to talks']


def test_a_quoted_line_break_is_counted_once(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", 'headline,date\n"Floods\nagain",2025\nFires,2024\n')
    feed = read_feed(path)
    assert [(h.headline, h.line) for h in feed] == [("Floods again", 2), ("Fires", 4)]
    assert feed.report.kinds["continued"] == 1
    assert feed.report.lines == 4


def test_a_csv_without_headlines_names_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "date,body\n2025,Floods\n")
    with pytest.raises(FeedError, match=r"line 1: no column 'headline'.*date, body"):
        read_feed(path)
    assert len(read_feed(path, column="Body")) == 1


def test_line_57_of_a_jsonl_goes_to_quarantine(tmp_path: Path) -> None:
    lines = [json.dumps({"headline": f"Headline {i}"}) for i in range(1, 100)]
    lines[56] = lines[56][:-3]
    feed = read_feed(write(tmp_path / "f.jsonl", lines))
    assert len(feed) == 98
    assert [q.line for q in feed.report.quarantined] == [57]
    assert feed.report.quarantined[0].raw == lines[56]


def test_json_values_that_hold_no_headline_are_quarantined(tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", ['"Floods"', '{"body": "x"}', "17", "", '{"title": null}'])
    feed = read_feed(path)
    assert [h.headline for h in feed] == ["Floods"]
    assert [q.line for q in feed.report.quarantined] == [2, 3, 5]


@pytest.mark.parametrize("content", ['{"a": 1}', '"one"', "[1", "[" * 200_000])
def test_json_that_is_no_list_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(FeedError, match=r"f\.json"):
        read_feed(write(tmp_path / "f.json", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no headlines"),
        (b"\n \n", "2 lines"),
        (b"ADVERTISE\n\nSubscribe now\n\nPrivacy policy\n\nSign in\n", "4 boilerplate"),
        (bytes(range(256)) * 50, "binary"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00\x01" * 900, "binary"),
        (b"x" * 1_000_000, "no headlines"),
    ],
)
def test_inputs_without_headlines_are_errors(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read_feed(write(tmp_path / "feed.txt", content))


def test_missing_files_and_folders_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="No such file"):
        read_feed(tmp_path / "nothing.txt")
    with pytest.raises(FeedError, match="is a folder"):
        read_feed(tmp_path)
    with pytest.raises(FeedError, match="can't be read"):
        read_feed(write(tmp_path / "feed.gz", gzip.compress(b"Floods hit Siberia")[:10]))


def test_a_line_with_nul_or_a_megabyte_is_quarantined_whole(tmp_path: Path) -> None:
    long = "word " * 200_000
    path = write(tmp_path / "f.txt", ["Floods", "nul\x00here", long, "Fires"])
    feed = read_feed(path)
    assert [h.line for h in feed] == [1, 4]
    assert [q.line for q in feed.report.quarantined] == [2, 3]
    assert feed.report.quarantined[1].raw == long


def test_right_to_left_and_emoji_headlines_pass_unchanged() -> None:
    texts = ["بوتين يلتقي شي في بكين", "רוסיה תקפה את קייב", "🚀 Launch delayed 👩‍🚀"]
    assert [h.headline for h in read_feed(texts)] == texts


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_columns_and_frames_are_read(frame: type) -> None:
    data = frame({"Title": LINES, "n": [1, 2, 3]})
    assert [h.headline for h in read_feed(data["Title"])] == LINES
    assert [h.headline for h in read_feed(data)] == LINES
    with pytest.raises(FeedError, match="the columns are n"):
        read_feed(frame({"n": [1]}))


def test_missing_values_of_a_column_are_quarantined() -> None:
    report = read_feed(pd.Series(["Floods", None, float("nan")])).report
    assert [q.line for q in report.quarantined] == [2, 3]


def test_an_unknown_format_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="format is 'docx'"):
        read_feed("f.txt", format="docx")


def test_a_stream_of_lines_larger_than_a_page_is_read_as_lines() -> None:
    lines = [f"Headline number {i} of a long list of headlines" for i in range(250_000)]
    reader = FeedReader(io.BytesIO("\n".join(lines).encode()))
    assert sum(1 for _ in reader) == len(lines)
    assert reader.report.kinds["duplicate"] == 0


@given(st.lists(st.text(max_size=60), max_size=20))
def test_any_text_is_accounted_for_line_by_line(lines: list[str]) -> None:
    """Whatever comes, the report's kinds add up to the number of lines."""
    data = "\n".join(lines).encode("utf-8", "replace")
    reader = FeedReader(io.BytesIO(data), format="text")
    try:
        found = list(reader)
    except FeedError:
        return
    text = data.decode()
    assert len(io.BytesIO(data).readlines()) <= reader.report.lines <= len(text.splitlines())
    assert len(found) == reader.report.kinds["headline"] + reader.report.kinds["duplicate"]


@settings(max_examples=500)
@example("á\x86")
@given(st.text())
def test_parsing_is_stable_and_ids_fold_case_and_space(text: str) -> None:
    parsed = Headline.parse(text)
    assert Headline.parse(parsed.headline).headline == parsed.headline
    assert normalise_v1(normalise_v1(text)) == normalise_v1(text)
    assert Headline.parse(f"  {parsed.headline} ").id == parsed.id


@pytest.mark.parametrize(
    ("published", "text", "attribution"),
    [
        ("Arms Costs Rise – Bloomberg", "Arms Costs Rise", "Bloomberg"),
        ("Arms Costs Rise-- Analysis", "Arms Costs Rise", "Analysis"),
        ("Arms Costs Rise - The Moscow Times", "Arms Costs Rise", "The Moscow Times"),
        (
            "‘We won’t go back’ – voices of Mariupol",
            "‘We won’t go back’ – voices of Mariupol",
            None,
        ),
        ("Talks Fail – What Happens Next?", "Talks Fail – What Happens Next?", None),
        ("Moscow – Beijing", "Moscow – Beijing", None),
        ("A state-run F-16 plan", "A state-run F-16 plan", None),
    ],
)
def test_only_names_after_a_dash_are_attributions(
    published: str, text: str, attribution: str | None
) -> None:
    parsed = Headline.parse(published)
    assert (parsed.text, parsed.attribution, parsed.headline) == (text, attribution, published)


def test_one_broken_byte_in_json_takes_its_item_and_says_nothing_of_the_encoding(
    tmp_path: Path,
) -> None:
    good = [{"title": "Court Jails Poet"}, {"title": "Bank Cuts Rate"}, {"title": "Floods Hit"}]
    data = json.dumps(good, indent=1).encode().replace(b"Bank", b"Ba\xffk")
    feed = read_feed(write(tmp_path / "feed.json", data))
    assert [h.headline for h in feed] == ["Court Jails Poet", "Floods Hit"]
    assert (feed.report.encoding, len(feed.report.quarantined)) == ("utf-8", 1)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\n", b"{\\rtf1\\ansi Hi}"]
)
def test_a_document_is_refused_with_what_to_do(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"is a document .*save its text"):
        read_feed(write(tmp_path / "paper", data))
