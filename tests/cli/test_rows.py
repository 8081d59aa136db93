"""Claims about rows of output: their columns, cells and types, in every format."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import wcwidth
from conftest import write
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines import HeadlineLabeler
from headlines.cli.main import main
from headlines.cli.rows import write_rows
from headlines.feeds.reader import FeedReader
from headlines.labeling.jsonl import lines_of_block

Run = Callable[..., "subprocess.CompletedProcess[str]"]

FIXED = [
    "id", "source", "line", "headline", "topic", "probability", "topics", "also",
    "abstained", "duplicate_of", "model", "publisher", "date", "language",
]  # fmt: skip

FEED = [
    {"headline": "Floods Hit Siberia"},
    {"headline": "Drone Hits Depot", "publisher": "Agency", "date": "2026-11-23", "score": 3},
    {"headline": "EU Approves Sanctions", "url": "https://example.org/1", "score": "high"},
    {"headline": "Court Jails Critic", "id": 7, "tags": ["a", "b"], "more": {"x": [1, None]}},
]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write(tmp_path / "feed.jsonl", [json.dumps(row) for row in FEED])


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_columns_of_later_rows_stand_under_their_names(feed: Path, ending: str) -> None:
    out = feed.with_name(f"out.{ending}")
    assert main(["label", str(feed), "--output", str(out)]) == 0
    text = io.StringIO(out.read_text(encoding="utf-8"))
    table = csv.DictReader(text, delimiter="," if ending == "csv" else "\t")
    rows = list(table)
    expected = [*FIXED, "score", "url", "input_id", "tags", "more"]
    assert list(table.fieldnames or ()) == expected
    assert [row["publisher"] for row in rows] == ["", "Agency", "", ""]
    assert [row["date"] for row in rows] == ["", "2026-11-23", "", ""]
    assert [row["score"] for row in rows] == ["", "3", "high", ""]
    assert rows[2]["url"] == "https://example.org/1"
    assert (rows[3]["input_id"], json.loads(rows[3]["tags"])) == ("7", ["a", "b"])
    assert json.loads(rows[3]["more"]) == {"x": [1, None]}


def test_parquet_has_all_columns_in_types_that_hold_all_values(feed: Path) -> None:
    out = feed.with_name("out.parquet")
    assert main(["label", str(feed), "--output", str(out)]) == 0
    table = pyarrow.parquet.read_table(out)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["duplicate_of"] == types["language"] == types["publisher"] == "string"
    assert (types["line"], types["probability"], types["input_id"]) == ("int64", "double", "int64")
    assert types["also"].startswith("list<")
    assert types["tags"].startswith("list<")
    assert types["topics"].startswith("list<element: struct<")
    rows = table.to_pylist()
    assert [row["score"] for row in rows] == [None, "3", "high", None]
    assert [row["tags"] for row in rows] == [None, None, None, ["a", "b"]]
    assert rows[3]["more"] == '{"x": [1, null]}'


def test_a_parquet_column_is_widened_across_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headlines.cli.rows.ROW_GROUP", 2)
    values: list[Any] = [None, None, 1, 2, 2.5, None, "\ud800", True]
    rows = [{"headline": str(i), "a": v, "b": i} for i, v in enumerate(values[:6])]
    rows += [{"headline": "6", "a": values[6]}, {"headline": "7", "a": values[7], "c": []}]
    path = tmp_path / "out.parquet"
    assert write_rows(rows[:6], str(path), "parquet") == 6
    assert pyarrow.parquet.read_table(path)["a"].to_pylist() == [None, None, 1, 2, 2.5, None]
    assert write_rows(rows, str(path), "parquet") == 8
    assert pyarrow.parquet.ParquetFile(path).num_row_groups == 4
    table = pyarrow.parquet.read_table(path)
    told = [None, None, "1", "2", "2.5", None, "\\ud800", "true"]
    assert table["a"].to_pylist() == told
    assert table["b"].to_pylist() == [0, 1, 2, 3, 4, 5, None, None]
    assert table["c"].to_pylist() == [None] * 7 + [[]]


cells = st.one_of(st.none(), st.integers(), st.text(st.characters(codec="utf-8"), max_size=20))


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), cells, min_size=1), min_size=1))
@settings(max_examples=80)
def test_cells_come_back_from_csv_and_tsv_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    for format, delimiter in ("csv", ","), ("tsv", "\t"):
        path = tmp_path_factory.mktemp("cells") / "out"
        write_rows(rows, str(path), format)
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file, delimiter=delimiter))
        names = list(dict.fromkeys(name for row in rows for name in row))
        told = [{n: "" if row.get(n) is None else str(row[n]) for n in names} for row in rows]
        if len(names) > 1:  # a lone empty cell is an empty line to some readers
            assert found == told


@given(st.data())
@settings(max_examples=60)
def test_carried_columns_are_written_as_plain_rows_are(
    labeler: HeadlineLabeler, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever the names and values, half surrogate pairs among them."""
    text = st.text(st.characters(), max_size=8)
    value = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=4,
    )
    named = st.sampled_from([*FIXED, "input_id", "url", "fields", "world", "code"]) | text
    names = named.filter(lambda name: name.casefold() not in ("headline", "title", "text"))
    titles = st.sampled_from(["Drone Hits Depot", "[Russia] - EU Talks – Reuters", "Überfall", "?"])
    rows = data.draw(
        st.lists(st.tuples(titles, st.dictionaries(names, value, max_size=5)), min_size=1)
    )
    path = tmp_path_factory.mktemp("carried") / "feed.jsonl"
    path.write_text("".join(json.dumps({"headline": t, **more}) + "\n" for t, more in rows))
    for block in FeedReader(path).blocks():
        found = labeler.label_block(block)
        expected = "".join(json.dumps(p.to_row(), ensure_ascii=False) + "\n" for p in found)
        assert lines_of_block(found, 3) == expected.encode("utf-8", "backslashreplace")
        more = [
            {"code": None, "world": {"topic": data.draw(text)}, "top": i} for i in range(len(found))
        ]
        lines = [
            json.dumps(p.to_row(3, m), ensure_ascii=False) for p, m in zip(found, more, strict=True)
        ]
        expected = "".join(f"{line}\n" for line in lines)
        assert lines_of_block(found, 3, more) == expected.encode("utf-8", "backslashreplace")


def test_excel_safe_marks_text_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    rows = [
        {"headline": text, "@name": -0.5, "n": -3}
        for text in ("=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", "a=b", "")
    ]
    path = tmp_path / "out.csv"
    write_rows(rows, str(path), "csv", excel_safe=True)
    with path.open(newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == ["headline", "'@name", "n"]
    told = ["'=HYPERLINK(1)", "'+1", "'-1", "'@x", "'\tx", "'\rx", "a=b", ""]
    assert [row[0] for row in found[1:]] == told
    assert {(row[1], row[2]) for row in found[1:]} == {("-0.5", "-3")}
    write_rows(rows, str(path), "csv")
    with path.open(newline="") as file:
        assert [row[0] for row in csv.reader(file)][1] == "=HYPERLINK(1)"


def test_a_table_shows_strangers_words_harmlessly_and_in_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    titles = [
        "\x1b[2Jgone",
        "a\u202eb",
        "one\ttwo\nthree",
        "株価" * 60,
        "e\u0301" * 90,
        "👨‍👩‍👧 ok",
    ]
    path = tmp_path / "table"
    write_rows([{"topic": "\x9b31m", "headline": t} for t in titles], str(path), "table")
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) == 1 + len(titles)
    assert not any(sign in text for sign in "\x1b\x9b\u202e\t")
    assert lines[1].split() == ["\\x9b31m", "\\x1b[2Jgone"]
    assert all(wcwidth.width(line) <= 60 for line in lines)
    assert lines[6].endswith("👨‍👩‍👧 ok")


def test_a_table_takes_time_in_proportion_to_its_titles(tmp_path: Path) -> None:
    """A title of 10 kB took 7 seconds."""
    start = time.perf_counter()
    rows = [{"topic": None, "headline": sign * 100_000} for sign in ("x", "株", "e\u0301")]
    write_rows(rows, str(tmp_path / "table"), "table")
    assert time.perf_counter() - start < 1


def test_many_rows_of_csv_take_little_memory(tmp_path: Path) -> None:
    """Those of one run all waited in memory for a table, and Parquet held all of them."""
    program = """if True:
        import resource, sys
        from headlines.cli.rows import write_rows
        def rows(n):
            for i in range(n):
                yield {"headline": f"Headline {i} " + "x" * 200, "topic": None, "n": i}
        for format in ("csv", "table", "parquet"):
            write_rows(rows(2000), f"{sys.argv[1]}/small", format)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for format in ("csv", "table", "parquet"):
            write_rows(rows(150_000), f"{sys.argv[1]}/large", format)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 60_000  # kB, of rows of 200 bytes each and more as objects


def test_an_explanation_stands_before_what_the_input_carries(feed: Path) -> None:
    out = feed.with_name("out.csv")
    assert main(["label", str(feed), "--explain", "--output", str(out)]) == 0
    with out.open(newline="") as file:
        header = next(csv.reader(file))
    assert header.index("explanation") < header.index("publisher") < header.index("score")
