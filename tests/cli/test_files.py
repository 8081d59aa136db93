"""Claims about the files that a command writes, and which it never writes over."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import write

from headlines.cli.main import main

Run = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD = '{"headline": "Floods Hit Siberia"}'


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feed with one row that can't be read, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "feed.jsonl", [GOOD, "{broken"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--output", "feed.jsonl"],
        ["--output", "./../{folder}/feed.jsonl"],
        ["--output", "soft.jsonl"],
        ["--output", "hard.jsonl"],
        ["--quarantine", "feed.jsonl"],
        ["--report", "hard.jsonl"],
        ["--output", "out.jsonl", "--quarantine", "out.jsonl"],
        ["--output", "out.jsonl", "--report", "./out.jsonl"],
        ["--quarantine", "both", "--report", "both"],
        ["--output", "out.jsonl", "--report", "out.jsonl.quarantine.jsonl"],
    ],
)
@pytest.mark.parametrize("command", ["label", "cluster"])
def test_no_file_is_written_over_an_input_or_another(
    feed: Path, command: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("soft.jsonl").symlink_to(feed)
    Path("hard.jsonl").hardlink_to(feed)
    before = {path.name: path.read_bytes() for path in feed.parent.iterdir()}
    named = [word.format(folder=feed.parent.name) for word in arguments]
    assert main([command, "feed.jsonl", *named]) == 1
    assert "name another file with --" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in feed.parent.iterdir()} == before


def test_a_link_is_followed_and_a_file_s_mode_stays(feed: Path) -> None:
    target = write(feed.with_name("target.jsonl"), "old")
    target.chmod(0o640)
    Path("link.jsonl").symlink_to("target.jsonl")
    assert main(["label", "feed.jsonl", "--output", "link.jsonl"]) == 0
    assert Path("link.jsonl").is_symlink()
    assert json.loads(target.read_text())["headline"] == "Floods Hit Siberia"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    Path("new.jsonl").symlink_to("not/yet.jsonl")
    assert main(["label", "feed.jsonl", "--output", "new.jsonl"]) == 1
    Path("not").mkdir()
    assert main(["label", "feed.jsonl", "--output", "new.jsonl"]) == 0
    assert Path("not/yet.jsonl").is_file()


def test_a_fifo_is_written_to_and_stays_one(feed: Path) -> None:
    os.mkfifo("pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_text()))
    reader.start()
    assert main(["label", "feed.jsonl", "--output", "pipe", "--format", "csv"]) == 0
    reader.join(timeout=30)
    assert got[0].count("\n") == 2
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_devices_are_written_to(run: Run, feed: Path) -> None:
    done = run("label", feed, "--output", "/dev/stdout", "--format", "jsonl", "--quarantine", "q")
    assert json.loads(done.stdout)["headline"] == "Floods Hit Siberia"
    for device in ("/dev/null", "/dev/full"):
        if not Path(device).exists():
            pytest.skip(f"no {device} here")
        before = os.stat(device)
        done = run(
            "label", feed, "--output", device, "--format", "csv", "--quarantine", "/dev/null"
        )
        assert done.returncode == (1 if device == "/dev/full" else 0), done.stderr
        assert os.stat(device).st_ino == before.st_ino
    assert "/dev/full: can't be written (No space left on device)" in done.stderr
    assert sorted(path.name for path in feed.parent.iterdir()) == ["feed.jsonl", "q"]


def test_a_stale_quarantine_file_goes_and_a_stranger_s_stays(
    feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quarantine = Path("out.jsonl.quarantine.jsonl")
    assert main(["label", "feed.jsonl", "--output", "out.jsonl"]) == 0
    assert json.loads(quarantine.read_text())["line"] == 2
    write(feed, [GOOD])
    capsys.readouterr()
    assert main(["label", "feed.jsonl", "--output", "out.jsonl"]) == 0
    assert not quarantine.exists()
    assert "removed; it was an earlier run's" in capsys.readouterr().err
    write(quarantine, "mine\n")
    assert main(["label", "feed.jsonl", "--output", "out.jsonl"]) == 0
    assert quarantine.read_text() == "mine\n"


def test_quarantined_rows_come_back_as_an_input_without_being_written_over(feed: Path) -> None:
    Path("out.jsonl.quarantine.jsonl").write_text(GOOD + "\n{broken\n")
    arguments = ["label", "out.jsonl.quarantine.jsonl", "--output", "out.jsonl"]
    assert main(arguments) == 0
    assert Path("out.jsonl.quarantine.jsonl").read_text() == GOOD + "\n{broken\n"
    kept = Path("out.jsonl.quarantine.quarantine.jsonl").read_text()
    assert json.loads(kept)["raw"] == "{broken"


def test_a_run_that_fails_still_tells_of_the_rows_set_aside(
    feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["label", "feed.jsonl", "missing.txt", "--output", "o.jsonl"]) == 1
    assert json.loads(Path("o.jsonl.quarantine.jsonl").read_text())["line"] == 2
    assert not Path("o.jsonl").exists()
    assert "1 row(s) could not be read" in capsys.readouterr().err


def test_results_are_refused_before_the_work(
    feed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr("headlines.classification.training.train", work)
    monkeypatch.setattr("headlines.labeling.labeler.HeadlineLabeler.cluster", work)
    for arguments in (
        ["train", "--output", "no/such/x.joblib"],
        ["train", "feed.jsonl", "--output", "feed.jsonl"],
        ["cluster", "feed.jsonl", "--edits", "e.toml", "--output", "e.toml", "--format", "csv"],
        ["cluster", "feed.jsonl", "--output", "no/such/x.csv"],
        ["cluster", "feed.jsonl", "--report", "no/such/x.json"],
        ["cluster", "feed.jsonl", "--quarantine", "."],
    ):
        assert main(arguments) == 1
        error = capsys.readouterr().err
        assert "choose a folder that exists" in error or "name a" in error


def test_the_report_accounts_for_every_row_with_an_example_each(feed: Path) -> None:
    write(feed, [GOOD, "{broken", "", "7", GOOD, "{worse"])
    write(feed.with_name("page.txt"), ["Floods Hit Omsk", "ADVERTISE", ""])
    arguments = ["label", "feed.jsonl", "page.txt", "--report", "report.json"]
    assert main([*arguments, "--output", "out.jsonl"]) == 0
    report = json.loads(Path("report.json").read_text())
    assert report["quarantine"] == "out.jsonl.quarantine.jsonl"
    first = report["inputs"][0]
    assert (first["lines"], sum(first["kinds"].values())) == (6, 6)
    assert sum(told["rows"] for told in first["unread"]) == first["kinds"]["quarantined"] == 3
    assert {told["example"]["line"] for told in first["unread"]} >= {2, 4}
    assert main([*arguments, "--output", "out.jsonl", "--input-format", "text"]) == 0


def test_unread_rows_are_told_of_in_one_short_line(
    feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [GOOD, *(f"{{{'x' * i}" for i in range(200)), *(str(i) for i in range(50))]
    write(feed, rows)
    assert main(["label", "feed.jsonl", "--output", "out.jsonl"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(len(line) < 520 for line in lines)
    assert lines[0].startswith("headlines: 250 row(s) could not be read and went to out.jsonl.q")


@pytest.mark.parametrize("option", [["--column", "title"], ["--delimiter", ";"]])
def test_an_option_for_tables_is_not_ignored_on_plain_text(
    feed: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(feed.with_name("feed.txt"), ["Floods Hit Siberia", "EU Approves Sanctions"])
    for command in ("label", "cluster", "drift"):
        assert main([command, "feed.txt", *option]) == 1
        said = capsys.readouterr().err
        assert "feed.txt: is plain text" in said
        assert repr(option[1]) in said
