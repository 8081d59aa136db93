"""Claims about the command as a filter, and about one headline in quotes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, write

from headlines.cli.main import main

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "headlines", "label", "-", "--follow", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _told(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_each_line_comes_out_before_the_next_comes_in(
    follow: Callable[..., subprocess.Popen[str]],
) -> None:
    process = follow()
    lines = ["EU Approves Sanctions", "headline,topic", "Sign in", '{"headline": "Drone"}']
    for number, line in enumerate(lines, 1):  # no format and no page rule looks ahead
        row = json.loads(_told(process, line))
        assert (row["line"], row["headline"], row["source"]) == (number, line, "-")
    assert json.loads(_told(process, lines[0]))["duplicate_of"] is not None
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    told = "headlines: -: 5 lines (text, utf-8): 4 headline, 1 duplicate"
    assert error.splitlines()[0] == told


def test_a_table_can_be_followed_too(follow: Callable[..., subprocess.Popen[str]]) -> None:
    process = follow("--format", "table")
    assert _told(process, "EU Approves Sanctions").split()[-1] == "headline"
    assert process.stdout is not None
    assert process.stdout.readline().endswith("EU Approves Sanctions\n")
    assert _told(process, "Floods Hit Omsk").endswith("Floods Hit Omsk\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_what_is_followed_and_its_rows_are_told_of(
    follow: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: int
) -> None:
    process = follow()
    _told(process, "nul\0here\nEU Approves Sanctions")
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    told = error.splitlines()
    assert told[0].startswith("headlines: 1 row(s) could not be read and went to headlines.quar")
    assert told[1].startswith("headlines: -: 2 lines (text, utf-8): 1 headline")
    assert len(told) == 2
    assert json.loads((tmp_path / "headlines.quarantine.jsonl").read_text())["line"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "csv"], "give --format jsonl or table"),
        (["--output", "out.parquet"], "appears when the last row is in it"),
        (["--output", "out.jsonl"], "appears when the last row is in it"),
    ],
)
def test_what_needs_a_last_row_can_t_be_followed(
    run: Run, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = run("label", "-", "--follow", *arguments, stdin="Floods\n")
    assert (done.returncode, told in done.stderr) == (1, True), done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "title",
    [
        "EU Approves New Sanctions Against Russia",
        "Will It Rain? [Live] 24/7 Updates",
        "Shares in Site.com Fall 5%",
        "- Drone Hits Depot",
    ],
)
def test_a_headline_in_quotes_is_labelled_and_said_to_be_one(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["label", "--format", "jsonl", "--", title]) == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["headline"].rstrip(".") in title
    assert "no file of that name: read as a headline" in error
    write(tmp_path / "a headline", ["Floods Hit Omsk"])
    assert main(["label", "a headline", "--format", "jsonl"]) == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["headline"] == "Floods Hit Omsk"
    assert "no file of that name" not in error


@pytest.mark.parametrize(
    "name", ["fed.txt", "my feed.txt", "/no such/feed", "./no such feed", "fed", "a b.CSV", "~/a b"]
)
def test_a_mistyped_file_name_stays_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["label", name]) == 1
    error = capsys.readouterr().err
    assert f"{name}: can't be read (No such file or directory)" in error
