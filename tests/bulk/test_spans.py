"""Claims about the parts of an input that are read each by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from conftest import write
from hypothesis import given
from hypothesis import strategies as st

from headlines.feeds import account
from headlines.feeds.account import SeenIds, keys_of
from headlines.feeds.headline import Headline
from headlines.feeds.reader import FeedReader
from headlines.feeds.spans import spans_of

WORDS = st.sampled_from(
    ["Oil Price", "Hits", "Türkiye", "株価", "", " ", "\x85", "\x0b", "\u2028", "\r", "a\x00b", "…"]
)


def _rows(reader: FeedReader) -> list[tuple[Any, ...]]:
    return [(h.line, h.headline, h.text, dict(h.fields)) for h in reader]


def _parts(path: Path, format: str | None, size: int) -> list[tuple[Any, ...]]:
    whole = FeedReader(path, format=format)
    spans = list(spans_of(str(path), whole.told, size))
    seen = SeenIds()
    return [
        row
        for span in spans
        for row in _rows(FeedReader(span.source, format=format, span=span, seen=seen))
    ]


@given(lines=st.lists(st.lists(WORDS, max_size=4).map(" ".join), max_size=30),
       size=st.integers(1, 60), bom=st.booleans(), end=st.booleans())  # fmt: skip
def test_lines_are_the_same_read_in_parts_whatever_ends_them(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    size: int,
    bom: bool,
    end: bool,
    monkeypatch_pieces: None,
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    text = "\n".join(lines) + "\n" * end
    path.write_bytes(b"\xef\xbb\xbf" * bom + text.encode())
    assert _parts(path, "text", size) == _rows(FeedReader(path, format="text"))


@pytest.fixture(scope="module")
def monkeypatch_pieces() -> Any:
    """Pieces of a few bytes, so that few lines are cut at many places."""
    from headlines.feeds import spans

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "PIECE_BYTES", 16)
        yield


def test_lines_of_json_are_the_same_read_in_parts(tmp_path: Path, monkeypatch_pieces: None) -> None:
    rows = [{"title": f"Drone Hits Depot {i}", "url": f"x.org/{i}"} for i in range(40)]
    lines = [json.dumps(row) for row in rows]
    lines[7] = "{broken"
    lines[11] = ""
    path = write(tmp_path / "rows.jsonl", "\n".join(lines))
    assert len(list(spans_of(str(path), FeedReader(path).told, 200))) > 5
    assert _parts(path, None, 200) == _rows(FeedReader(path))


def test_row_groups_of_parquet_are_read_each_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = pa.table({"title": [f"Court Rules on Case {i}" for i in range(100)]})
    parquet.write_table(table, path, row_group_size=9)
    spans = list(spans_of(str(path), FeedReader(path).told, 1))
    assert [span.line for span in spans] == list(range(1, 101, 9))
    assert _parts(path, None, 1) == _rows(FeedReader(path))


def test_what_cannot_be_cut_is_one_part(tmp_path: Path) -> None:
    rows = "".join(f'{i},"A Headline\nof Two Lines {i}"\n' for i in range(50))
    table = write(tmp_path / "rows.csv", f"id,headline\n{rows}")
    wide = tmp_path / "wide.txt"
    wide.write_bytes("\n".join(f"Headline {i}" for i in range(50)).encode("utf-16"))
    for path in (table, wide):
        assert len(list(spans_of(str(path), FeedReader(path).told, 10))) == 1
        assert _parts(path, None, 10) == _rows(FeedReader(path))


@given(st.data())
def test_copies_are_the_same_however_many_ids_come_at_once(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "WINDOW_IDS", 8)
        some = st.integers(0, 25).map(lambda i: Headline.parse(f"Headline {i}").id)
        ids = data.draw(st.lists(some, max_size=60))
        one_by_one, by_parts = SeenIds(), SeenIds()
        expected = [one_by_one.add([id])[0] for id in ids]
        found: list[bool] = []
        while len(found) < len(ids):
            n = data.draw(st.integers(1, 20))
            found += by_parts.add_keys(keys_of(ids[len(found) : len(found) + n])).tolist()
        assert found == expected
