"""Claims about inputs: what a folder and a pattern stand for."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import write

from headlines.errors import FeedError
from headlines.feeds.sources import expanded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.txt", "sub/c.rss.gz", ".hidden.txt", "a.txt.quarantine.jsonl",
                 "photo.jpg", ".git/config", "no-ending"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, ["x"])
    return tmp_path


def test_a_folder_stands_for_its_files_in_order(folder: Path) -> None:
    told: list[str] = []
    names = [str(Path(path).relative_to(folder)) for path in expanded([folder], told.append)]
    assert names == ["a.txt", "b.csv", "no-ending", "sub/c.rss.gz"]
    [line] = told
    assert "3 file(s) left out, .hidden.txt, a.txt.quarantine.jsonl, photo.jpg" in line


def test_a_pattern_stands_for_what_matches(folder: Path) -> None:
    told: list[str] = []
    found = expanded([f"{folder}/**/*.[cr]s*", f"{folder}/a*"], told.append)
    assert [Path(path).name for path in found] == ["b.csv", "c.rss.gz", "a.txt"]
    assert "a.txt.quarantine.jsonl" in told[0]


def test_what_is_named_is_read_whatever_it_is_and_once(folder: Path) -> None:
    hidden, rows = str(folder / ".hidden.txt"), str(folder / "a.txt.quarantine.jsonl")
    inputs = ["-", hidden, rows, hidden, "http://example.org/x", str(folder / "none.txt")]
    assert expanded(inputs) == list(dict.fromkeys(inputs))


def test_a_file_with_a_pattern_for_its_name_is_that_file(tmp_path: Path) -> None:
    path = str(write(tmp_path / "feed[1].txt", ["x"]))
    assert expanded([path]) == [path]


@pytest.mark.parametrize("name", ["*.txt", "**/*.csv", "."])
def test_a_folder_or_pattern_without_a_file_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedError, match="no file of headlines"):
        expanded([str(tmp_path / name)])
