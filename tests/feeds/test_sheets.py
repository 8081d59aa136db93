"""Claims about spreadsheets and columnar files."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import write
from openpyxl import Workbook
from pyarrow import feather, ipc, parquet

from headlines import read_feed
from headlines.errors import FeedError

TITLES = ["Floods Hit Siberia", "Rail Strike Ends"]
ROWS: list[list[Any]] = [
    ["datum", "Headline", "n"],
    [datetime(2025, 7, 16, 10), "Floods Hit Siberia", 3],
    [None, None, None],
    ["16.07.2025", "Rail Strike Ends", None],
]


def _workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_spreadsheet_is_read_by_the_name_of_its_column(tmp_path: Path) -> None:
    feed = read_feed(_workbook(tmp_path / "x.bin", news=ROWS))
    assert [(h.headline, h.line) for h in feed] == [
        ("Floods Hit Siberia", 2),
        ("Rail Strike Ends", 4),
    ]
    assert feed.headlines[0].fields == {"datum": "2025-07-16T10:00:00", "n": 3}
    assert (feed.report.format, feed.report.lines) == ("xlsx", 4)


def test_a_column_is_chosen_and_a_title_above_the_header_is_none(tmp_path: Path) -> None:
    rows = [["Our weekly list"], [], ["datum", "Satz"], ["x", "Floods Hit Siberia"]]
    [headline] = read_feed(_workbook(tmp_path / "x.xlsx", news=rows), column="satz")
    assert (headline.headline, headline.line) == ("Floods Hit Siberia", 4)


def test_sheets_with_headlines_are_read_and_others_set_aside(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "x.xlsx", a=ROWS[:2], notes=[["who", "what"], ["me", "x"]], b=ROWS)
    feed = read_feed(path)
    assert [h.headline for h in feed] == [
        "Floods Hit Siberia",
        "Floods Hit Siberia",
        "Rail Strike Ends",
    ]
    assert {row.reason for row in feed.report.quarantined} == {
        "the sheet notes has no column of headlines"
    }
    assert feed.report.lines == 8


def test_a_sheet_of_one_column_needs_no_header(tmp_path: Path) -> None:
    feed = read_feed(
        _workbook(tmp_path / "x.xlsx", a=[["Floods Hit Siberia"], ["Rail Strike Ends"]])
    )
    assert len(feed) == 2


def test_a_sheet_without_headlines_names_its_columns(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="the columns are who, what"):
        read_feed(_workbook(tmp_path / "x.xlsx", a=[["who", "what"], ["me", "x"]]))


TABLE = pa.table(
    {
        "title": ["Floods Hit Siberia", None, "Rail Strike Ends"],
        "when": [datetime(2025, 7, 16, tzinfo=UTC)] * 3,
        "score": [1.0, float("nan"), 2.5],
        "tags": [["a"], [], None],
        "data": [{"name": "A"}, {"name": "B"}, {"name": "C"}],
    }
)


def _stored(form: str) -> bytes:
    sink = io.BytesIO()
    if form == "parquet":
        parquet.write_table(TABLE, sink)
    elif form == "feather":
        feather.write_feather(TABLE, sink)
    else:
        new = ipc.new_file if form == "file" else ipc.new_stream
        with new(sink, TABLE.schema) as writer:
            writer.write_table(TABLE)
    return sink.getvalue()


@pytest.mark.parametrize("form", ["parquet", "feather", "file", "stream"])
def test_columnar_files_are_told_by_their_content(form: str, tmp_path: Path) -> None:
    path = write(tmp_path / "rows", _stored(form))
    feed = read_feed(path)
    assert [(h.headline, h.line) for h in feed] == [
        ("Floods Hit Siberia", 1),
        ("Rail Strike Ends", 3),
    ]
    assert feed.headlines[0].fields == {
        "when": "2025-07-16T00:00:00Z", "score": 1.0, "tags": ["a"], "data": {"name": "A"},
    }  # fmt: skip
    assert [row.reason for row in feed.report.quarantined] == ["title is null, expected a string"]
    assert [h.headline for h in read_feed(path, column="data.name")] == ["A", "B", "C"]
    assert len(read_feed(io.BytesIO(_stored(form)))) == 2
    with pytest.raises(FeedError, match="the columns are title, when, score, tags, data"):
        read_feed(path, column="nope")


@pytest.mark.parametrize("form", ["parquet", "file"])
def test_a_damaged_file_is_an_error_of_one_line(form: str, tmp_path: Path) -> None:
    path = write(tmp_path / "rows", _stored(form)[:-30])
    with pytest.raises(FeedError, match="can't be read as") as caught:
        read_feed(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FeedError, match="spreadsheet"):
        read_feed(write(tmp_path / "x.xlsx", b"\xd0\xcf\x11\xe0" + b"\x00" * 600))


def test_folders_of_partitioned_parquet_tell_columns(tmp_path: Path) -> None:
    folder = tmp_path / "date=2024-05-06" / "desk=World%20News"
    folder.mkdir(parents=True)
    table = pa.table({"title": ["Drone Hits Depot"], "desk": ["Sport"]})
    parquet.write_table(table, folder / "part-0.parquet")
    [found] = read_feed(folder / "part-0.parquet")
    assert (found.date, found.fields["desk"]) == ("2024-05-06", "Sport")
