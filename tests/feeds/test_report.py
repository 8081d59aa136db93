"""Claims about the report on an input: what its line and its row tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headlines import read_feed
from headlines.errors import FeedError
from headlines.feeds.columns import Layout
from headlines.feeds.reader import FeedReader
from headlines.feeds.report import FeedReport, Quarantined, write_quarantine

TABLE = (
    "nummer;titel;url\n"
    "1;Floods Hit Siberia;http://site.example/1\n"
    "2;Court Jails Editor; Nine Years;http://site.example/2\n"
    "3;Путин подписал закон о бюджете на следующий год;http://site.example/3\n"
)


def _table(folder: Path) -> Path:
    path = folder / "export.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_the_line_on_an_input_names_its_other_languages(tmp_path: Path) -> None:
    assert str(read_feed(_table(tmp_path)).report).endswith("; other languages: ru 1")
    assert "languages" not in str(read_feed(["Floods Hit Siberia"]).report)


def test_english_by_any_name_is_no_other_language() -> None:
    said = {"en": 9, "en-GB": 3, "English": 1, "de": 1, "ru": 2, "enm": 1}
    report = FeedReport("a", "csv", "utf-8", {"headline": 17}, (), languages=said)
    assert str(report).endswith(": 17 headline; other languages: ru 2, de 1, enm 1")


def test_many_languages_make_no_long_line() -> None:
    said = {f"x{i}\n" * 50: 1 for i in range(1000)}
    report = FeedReport("a", "csv", "utf-8", {"headline": 1000}, (), languages=said)
    assert len(str(report)) < 600
    assert str(report).endswith(", others 992")
    assert report.to_row()["languages"] == said


def test_a_report_tells_how_a_table_was_read(tmp_path: Path) -> None:
    row = read_feed(_table(tmp_path)).report.to_row()
    assert (row["column"], row["delimiter"], row["header"]) == ("titel", ";", True)
    bare = tmp_path / "bare.csv"
    bare.write_text("".join(TABLE.splitlines(keepends=True)[1::2]), encoding="utf-8")
    row = FeedReader(bare, layout=Layout(column="2", header=False)).report.to_row()
    assert row["header"] is None  # nothing is read yet
    row = read_feed(bare, column="2", header=False).report.to_row()
    assert (row["delimiter"], row["header"]) == (";", False)


def test_a_row_that_was_set_aside_comes_in_when_it_is_mended(tmp_path: Path) -> None:
    aside: list[Quarantined] = []
    [*_] = FeedReader(_table(tmp_path), set_aside=aside.append)
    kept = tmp_path / "aside.jsonl"
    write_quarantine(kept, aside)
    with pytest.raises(FeedError, match="4 fields, the table has 3"):
        read_feed(kept)

    row = json.loads(kept.read_text(encoding="utf-8"))
    row["raw"] = row["raw"].replace("Court Jails Editor; Nine Years", "Court Jails Editor")
    kept.write_text(json.dumps(row) + "\n", encoding="utf-8")
    [headline] = read_feed(kept)
    assert headline.headline == "Court Jails Editor"
    assert headline.fields == {"nummer": "2", "url": "http://site.example/2"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("list.txt", b"Caf\xc3\xa9 Opens in Paris\n", b"Caf\xff Closes\n"),
        ("list.csv", b"title,url\nCaf\xc3\xa9 Opens,u/1\n", b"Caf\xff Closes,u/2\n"),
        ("list.jsonl", b'{"title": "Caf\xc3\xa9 Opens"}\n', b'{"title": "Caf\xff Closes"}\n'),
    ],
)
def test_a_row_with_a_broken_byte_stays_out_until_it_is_mended(
    tmp_path: Path, name: str, good: bytes, bad: bytes
) -> None:
    (tmp_path / name).write_bytes(good + bad)
    aside: list[Quarantined] = []
    assert len([*FeedReader(tmp_path / name, set_aside=aside.append)]) == 1
    kept = tmp_path / "aside.jsonl"
    write_quarantine(kept, aside)
    again: list[Quarantined] = []
    assert [*FeedReader(kept, set_aside=again.append)] == []
    assert [(row.reason, row.raw) for row in again] == [(row.reason, row.raw) for row in aside]

    write_quarantine(kept, again)  # a second time round it still knows its columns
    row = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps(row | {"raw": row["raw"].replace("\\xff", "é")}), encoding="utf-8")
    assert [h.headline for h in FeedReader(kept)] == ["Café Closes"]
