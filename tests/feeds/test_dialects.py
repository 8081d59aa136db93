"""Claims about tables: every dialect, told by the content, each row read by itself."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from conftest import write

from headlines.errors import FeedError
from headlines.feeds.columns import place_among, told_by
from headlines.feeds.reader import Feed, FeedReader, read_feed
from headlines.feeds.report import write_quarantine

TITLES = [
    "EU Approves New Round of Sanctions",
    "Floods, Fires and Storms Hit Siberia",
    'He said "no" to peace talks',
    'Poets|Lawyers; a "Court" Jails Both',
]


def read(text: str, **options: object) -> Feed:
    return read_feed(io.BytesIO(text.encode()), **options)  # type: ignore[arg-type]


def titles(text: str, **options: object) -> list[str]:
    return [h.headline for h in read(text, **options)]


def cell(text: str, delimiter: str) -> str:
    quoted = delimiter in text or '"' in text
    return '"' + text.replace('"', '""') + '"' if quoted else text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01"])
@pytest.mark.parametrize("header", ["datum{}titel{}quelle", ""])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiter_header_and_line_ends_are_told_by_the_content(
    delimiter: str, header: str, ending: str
) -> None:
    rows = [f"2024-05-0{i + 1}{delimiter}{cell(t, delimiter)}{delimiter}MT" for i, t in
            enumerate(TITLES)]  # fmt: skip
    lines = [header.format(delimiter, delimiter)] * bool(header) + rows
    feed = read(ending.join(lines))
    assert [h.headline for h in feed] == TITLES
    assert [h.date for h in feed] == [f"2024-05-0{i}" for i in range(1, 5)]
    assert feed.report.layout.delimiter == delimiter
    assert feed.report.layout.header is bool(header)
    others = ["datum", "quelle"] if header else ["date", "column_3"]
    assert list(feed.headlines[0].fields) == others


def test_the_ending_of_a_name_is_a_hint_and_no_more(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", "date\ttitle\n2024-01-01\tFloods, Fires\n")
    assert [h.headline for h in read_feed(path)] == ["Floods, Fires"]
    path = write(tmp_path / "f.tsv", "date;title\n2024-01-01;Floods, Fires\n")
    assert [h.headline for h in read_feed(path)] == ["Floods, Fires"]
    path = write(tmp_path / "g.csv", '{"title": "Floods, Fires"}\n')
    assert [h.headline for h in read_feed(path)] == ["Floods, Fires"]


def test_excels_first_line_names_the_delimiter() -> None:
    feed = read("sep=;\r\nDatum;Titel\r\n2024-01-01;Floods, Fires\r\n")
    assert [(h.headline, h.line) for h in feed] == [("Floods, Fires", 3)]
    assert feed.report.kinds["header"] == 2


@pytest.mark.parametrize(
    "name",
    [
        "headline",
        "Headline",
        "headline_text",
        "Title",
        "titel",
        "Überschrift",
        "titre",
        "titulo",
        "título",
        "titolo",
        "заголовок",
        "webTitle",
        "article_title",
        "news_title",
        "name",
        "HEADLINES",
        "Schlagzeile",
        "rss_item_title",
        "标题",
        "otsikko",
        "title_en",
    ],
)
def test_the_column_is_known_by_its_name_in_many_languages_and_styles(name: str) -> None:
    feed = read(f"id,{name},body\n7,Floods Hit Siberia,Long rivers rise and rise and rise\n")
    assert [h.headline for h in feed] == ["Floods Hit Siberia"]
    assert feed.report.layout.column == name


def test_a_title_is_taken_rather_than_a_text_or_a_description() -> None:
    text = "text,description,article_title\nLong one here,And another one,Floods Hit Siberia\n"
    assert titles(text) == ["Floods Hit Siberia"]
    assert place_among(["job_title", "title_id", "subtitle", "text"]) == 3


def test_a_column_without_a_known_name_is_guessed_and_shown() -> None:
    rows = "".join(f"{i},https://x.org/{i},Storm Number {i} Hits the Coast\n" for i in range(9))
    feed = read("a,b,c\n" + rows)
    assert feed.headlines[8].headline == "Storm Number 8 Hits the Coast"
    assert "9 headline, 1 header" in str(feed.report)
    assert "column 'c'" in str(feed.report)


def test_a_column_is_named_by_its_number_or_its_name() -> None:
    text = "headline,source,headline\nFloods Hit,Agency,floods-hit\n"
    with pytest.raises(FeedError, match=r"columns 1 and 3 are both called 'headline'.*--column 1"):
        read(text)
    feed = read(text, column="1")
    assert [h.headline for h in feed] == ["Floods Hit"]
    assert dict(feed.headlines[0].fields) == {"source": "Agency", "headline_2": "floods-hit"}
    assert titles(text, column="source") == ["Agency"]


def test_a_layout_that_was_said_is_followed() -> None:
    text = "title;Storms\nFloods;Rivers\n"
    feed = read(text, column="2", header=False, delimiter=";")
    assert [h.headline for h in feed] == ["Storms", "Rivers"]
    assert titles("a title\nFloods\n", header=True, format="csv") == ["Floods"]


def test_a_column_that_a_plain_text_lacks_is_an_error() -> None:
    with pytest.raises(FeedError, match=r"plain text.*no column 'title'"):
        read("Floods Hit Siberia\nCourt Jails Poet\n", column="title")


def test_the_header_of_a_file_that_was_joined_is_no_headline() -> None:
    feed = read("headline,date\nCourt Jails Poet,2024\nheadline,date\nFloods,2024\n")
    assert [h.headline for h in feed] == ["Court Jails Poet", "Floods"]
    assert feed.report.kinds["header"] == 2


def test_a_first_row_that_only_looks_like_a_header_is_a_headline() -> None:
    rows = [f"Storm Number {i} Hits the Coast,2024-05-0{i},https://x.org/{i}" for i in range(1, 6)]
    first = "Title Race,2024-05-01,https://x.org/0"
    assert titles("\n".join([first, *rows]))[0] == "Title Race"


def test_one_lone_quote_takes_its_own_row_alone() -> None:
    good = [f"Storm Number {i} Hits,2024" for i in range(3000)]
    lines = ["headline,date", *good[:9], '"Open quote,2024', *good[9:], 'Closed too late",2024']
    rows = []
    reader = FeedReader(io.BytesIO("\n".join(lines).encode()), set_aside=rows.append)
    assert [h.line for h in reader] == [*range(2, 11), *range(12, 3004)]
    assert [(row.line, row.raw) for row in rows] == [(11, '"Open quote,2024')]
    assert reader.report.kinds["continued"] == 0


def test_quoted_cells_with_line_breaks_go_on_through_prose_with_commas() -> None:
    text = 'title,body\n"Floods\nHit","One, two\nthree, four\n""five"", six\n\nseven"\nFires,x\n'
    feed = read(text)
    assert [(h.headline, h.line) for h in feed] == [("Floods Hit", 2), ("Fires", 8)]
    assert feed.headlines[0].fields["body"] == 'One, two\nthree, four\n"five", six\n\nseven'
    assert feed.report.kinds["continued"] == 5


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r'"He said \"no\" to talks"', 'He said "no" to talks'),
        (r'"He said \"no\""', 'He said "no"'),
        ('"He said ""no"" to talks"', 'He said "no" to talks'),
        ('"He said "no" to talks, twice"', 'He said "no" to talks, twice'),
        ('"No" says Putin', '"No" says Putin'),
        ('Samsung Shows 65" Screen', 'Samsung Shows 65" Screen'),
        (' "Floods, Fires"', "Floods, Fires"),
    ],
)
def test_quotes_in_a_cell_are_read_as_they_are_meant(written: str, read_as: str) -> None:
    assert titles(f"headline,date\n{written},2024\nFloods,2024\n") == [read_as, "Floods"]


def test_half_a_character_is_replaced_and_a_broken_byte_takes_its_whole_row(
    tmp_path: Path,
) -> None:
    data = b'title,body\n"Floods","One\nt\xffo\nthree"\nFires,x\n'
    data += "Köln Floods,München\nŁódź Burns,x\n".encode()
    feed = read_feed(write(tmp_path / "f.csv", data))
    assert [h.headline for h in feed] == ["Fires", "Köln Floods", "Łódź Burns"]
    assert [q.line for q in feed.report.quarantined] == [2, 3, 4]
    assert feed.report.quarantined[1].raw == "t\\xffo"
    feed = read_feed(io.BytesIO(b'{"title": "Floods \\ud83d", "a": ["\\ud800"]}\n'))
    assert [(h.headline, h.fields["a"]) for h in feed] == [("Floods \ufffd", ["\ufffd"])]
    feed = read_feed(io.BytesIO("Floods \ud83d hit\n".encode("utf-16-le", "surrogatepass") * 9))
    assert feed.headlines[0].headline == "Floods \ufffd hit"


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\f", "\v"])
def test_a_plain_text_has_lines_whatever_ends_them(mark: str) -> None:
    lines = ["Floods Hit Siberia", "Court Jails Poet, 70", "Kyiv Rejects Talks"]
    assert titles(mark.join(lines)) == lines


def test_nel_within_a_letter_that_was_decoded_wrongly_ends_no_line() -> None:
    assert len(titles("SÄ\x85 nowe wybory w Polsce\n")) == 1


def test_an_endless_line_is_cut_and_set_aside() -> None:
    rows = []
    data = b"Floods\n" + b"x" * (20 << 20) + b"\nFires\n"
    reader = FeedReader(io.BytesIO(data), set_aside=rows.append)
    assert [(h.headline, h.line) for h in reader] == [("Floods", 1), ("Fires", 3)]
    assert [(row.line, len(row.raw)) for row in rows] == [(2, 10_000)]


def test_what_columns_tell_goes_by_names_of_many_kinds() -> None:
    told = told_by({"Quelle": "MT", "created_utc": 1752624000.0, "Sprache": "de"})
    assert told == {"publisher": "MT", "date": "2025-07-16T00:00:00Z", "language": "de"}
    assert told_by({"source": {"id": None, "name": "BBC"}}) == {"publisher": "BBC"}
    assert told_by({"source": "feed.txt", "publisher": None, "time": "soon"}) == {}


def test_rows_that_were_set_aside_are_read_again_when_they_are_mended(tmp_path: Path) -> None:
    text = "Datum;Titel\n2024-01-01;Floods; Fires\n2024-01-02;Storms\n"
    aside = read(text).report.quarantined
    path = tmp_path / "aside.jsonl"
    write_quarantine(path, aside)
    again = FeedReader(path)
    assert list(again) == []
    told, was = again.report.quarantined[0].layout, aside[0].layout
    assert told is not None
    assert was is not None
    assert (told.columns, told.delimiter) == (was.columns, was.delimiter)
    path.write_text(path.read_text().replace("Floods; Fires", "Floods and Fires"))
    [headline] = read_feed(path)
    assert (headline.headline, headline.date) == ("Floods and Fires", "2024-01-01")


def test_news_in_other_encodings_is_told(tmp_path: Path) -> None:
    texts = {
        "mac-roman": "Zelenskyy’s plan\nTrump’s “new” tariffs – what we know\nCafé owners fined",
        "cp1250": "Sejm przyjął ustawę o zwierzętach\nŁódź: pożar w fabryce, są ranni",
        "koi8-r": "Путин встретился с Си в Пекине\nСуд арестовал поэта за стихи",
        "cp1254": "Erdoğan Ankara’da konuştu\nMerkez Bankası faiz kararını açıkladı",
        "cp949": "윤석열 대통령, 국무회의 주재\n한국은행, 기준금리 동결 결정",
    }
    for encoding, text in texts.items():
        path = write(tmp_path / "feed.txt", text.encode(encoding))
        assert [h.headline for h in read_feed(path)] == text.split("\n"), encoding
