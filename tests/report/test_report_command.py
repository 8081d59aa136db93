"""`headlines report`, as a process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT, SEEDS, write

Run = Callable[..., subprocess.CompletedProcess[str]]
TOWN = ROOT / "examples" / "town"


def test_a_page_is_written_where_the_command_was_typed(run: Run, tmp_path: Path) -> None:
    done = run("report", SEEDS / "feed.txt", "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["headlines"] == sum(told["topics"].values()) == 118
    assert told["output"] == "report.html"


def test_tuesdays_page_tells_what_is_new_since_mondays(run: Run, tmp_path: Path) -> None:
    run("report", TOWN / "monday.txt", "-o", "monday.html")
    done = run(
        "report", TOWN / "tuesday.txt", "--previous", "monday.html", "-o", "t.html", "--json"
    )
    assert json.loads(done.stderr.splitlines()[-1])["new"] == 24
    assert "New since the earlier report" in (tmp_path / "t.html").read_text()


def test_other_news_is_told_of_another_model(run: Run) -> None:
    done = run("report", TOWN / "tuesday.txt", "--format", "md")
    assert done.stdout.startswith("# tuesday.txt\n")
    assert "17 of 24 headlines are not news of the champion's topics" in done.stderr
    done = run("report", TOWN / "tuesday.txt", "--format", "md", "--model", "world")
    assert "not news" not in done.stderr


def test_a_feed_that_fails_leaves_the_page_as_it_was(run: Run, tmp_path: Path) -> None:
    page = write(tmp_path / "report.html", "yesterday")
    done = run("report", write(tmp_path / "empty.txt", "\n\n"))
    assert done.returncode == 1
    assert "no headlines" in done.stderr
    assert page.read_text() == "yesterday"


def test_the_page_is_not_written_over_its_input(run: Run, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.html", "Floods Hit Siberia\n")
    done = run("report", feed, "-o", feed)
    assert done.returncode == 1
    assert "is an input too" in done.stderr


def test_yesterdays_page_is_not_written_over(run: Run, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.txt", "Floods Hit Siberia\n")
    run("report", feed)
    done = run("report", feed, "--previous", "report.html")
    assert done.returncode == 0  # it was read before; the new one takes its place
    assert "0</span> headlines" not in (tmp_path / "report.html").read_text()
