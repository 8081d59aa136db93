"""Claims about `headlines feed check`: what would be read, cleaned beside raw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import SEEDS, write

from headlines.cli.main import main

ROWS = [
    "id,titel,url",
    "1,Floods Hit Siberia,https://example.org/1",
    "2,[Russia] - Drone  Hits Depot – Reuters,https://example.org/2",
    "3,broken",
    "",
    "4,FLOODS hit Siberia,https://example.org/4",
]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write(tmp_path / "feed.csv", ROWS)


ARGUMENTS = ["--column", "titel"]


def test_the_check_accounts_for_every_row(feed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "check", str(feed), *ARGUMENTS, "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["inputs"]
    assert (told["format"], told["encoding"], told["lines"]) == ("csv", "utf-8", 6)
    kinds = {"headline": 2, "duplicate": 1, "blank": 1, "header": 1, "quarantined": 1}
    assert told["kinds"] == kinds
    assert told["headlines"] == 3
    assert told["carried"] == {"id": 3, "url": 3}
    assert [row["line"] for row in told["rows"]] == [2, 3, 6]
    changed = told["rows"][1]
    assert changed["raw"] == "[Russia] - Drone  Hits Depot – Reuters"
    assert changed["text"] == "Drone Hits Depot"
    assert told["copy"]["line"] == 6
    [unread] = told["unread"]
    assert (unread["rows"], unread["example"]) == (1, {"line": 4, "raw": "3,broken"})


def test_the_check_is_shown_to_people_harmlessly(
    feed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    write(feed, [*ROWS, "5,a\x1b[2J\u202eb," + "x" * 9000])
    assert main(["feed", "check", str(feed), *ARGUMENTS]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith(str(feed)[:60])
    assert "text       Drone Hits Depot" in out
    assert "line 4: 3,broken" in out
    assert all(line.isprintable() for line in out.splitlines())
    assert max(map(len, out.splitlines()[2:])) <= 80


def test_what_a_page_leaves_out_is_shown_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "check", str(SEEDS / "feed.txt"), "--json", "--rows", "2"]) == 0
    [told] = json.loads(capsys.readouterr().out)["inputs"]
    assert (told["headlines"], len(told["rows"]), len(told["cleaned_rows"])) == (118, 2, 4)
    left = {kind for kind in told["kinds"] if kind not in ("headline", "duplicate", "blank")}
    assert left == set(told["left_out"])
    assert all(example["line"] >= 1 for example in told["left_out"].values())


def test_an_input_without_headlines_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "feed.jsonl", ["{broken"])
    assert main(["feed", "check", str(path)]) == 1
    assert "{broken" in capsys.readouterr().out


def test_one_headline_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", "check", "[Russia] - Drone Hits Depot – Reuters"]) == 0
    assert "Drone Hits Depot" in capsys.readouterr().out


def test_folders_and_patterns_stand_for_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("feeds/deep").mkdir(parents=True)
    write(Path("feeds/b.txt"), ["Floods Hit Siberia"])
    write(Path("feeds/deep/a.csv"), ["title,url", "EU Approves Sanctions,https://example.org"])
    write(Path("feeds/x.quarantine.jsonl"), ["{broken"])
    for arguments in (["feeds"], ["feeds/*.txt", "feeds/deep/*.csv"], ["feeds", "feeds/b.txt"]):
        assert main(["label", *arguments, "--format", "jsonl"]) == 0
        out, error = capsys.readouterr()
        sources = [json.loads(line)["source"] for line in out.splitlines()]
        assert sources == ["feeds/b.txt", "feeds/deep/a.csv"]
        assert ("x.quarantine.jsonl" in error) == (arguments[0] == "feeds")
    assert main(["label", "feeds/*.tsv"]) == 1


def test_an_address_is_asked_only_where_the_user_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["label", "http://127.0.0.1:9/feed"]) == 1
    assert "http://127.0.0.1:9/feed: is asked for nothing" in capsys.readouterr().err
    assert main(["label", "--fetch", "http://127.0.0.1:9/feed"]) == 1
    assert "isn't public" in capsys.readouterr().err
