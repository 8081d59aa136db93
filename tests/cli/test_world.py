"""Claims about the second shipped model: topics for any news, by the name `world`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import write

from headlines import HeadlineLabeler

Run = Callable[..., "subprocess.CompletedProcess[str]"]

TOPICS = [
    "arts", "conflict", "crime", "disaster", "economy", "education", "environment", "health",
    "human-interest", "labour", "lifestyle", "politics", "religion", "science-technology",
    "society", "sport", "weather",
]  # fmt: skip

CLEAR = {
    "Striker Scores Twice as United Win Cup Final": "sport",
    "Film Festival Opens With Director's New Drama": "arts",
    "Heavy Rain and Strong Winds Forecast for Weekend": "weather",
    "Nurses to Strike Over Pay and Working Hours": "labour",
}


def test_it_has_the_seventeen_topics_of_media_topics_and_their_codes() -> None:
    world = HeadlineLabeler.load("world")
    assert sorted(world.topics) == TOPICS
    assert sorted(world.codes) == TOPICS
    codes = set(world.codes.values())
    assert len(codes) == 17
    assert all(re.fullmatch(r"medtop:(0[1-9]|1[0-7])0{6}", code) for code in codes)


def test_it_labels_what_the_champion_has_no_topic_for() -> None:
    world = HeadlineLabeler.load("world")
    assert [p.topic for p in world.label(list(CLEAR))] == list(CLEAR.values())


def test_it_stands_beside_the_champion_in_rows_lists_and_checks(run: Run, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.txt", list(CLEAR))
    done = run("label", feed, "--model", "champion", "--model", "world", "--codes")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["world"]["topic"] for row in rows] == list(CLEAR.values())
    assert rows[0]["world"]["code"] == "medtop:15000000"
    listed = json.loads(run("models", "list", "--json").stdout)
    assert ("world", 17) in [(row["name"], row["topics"]) for row in listed]
    assert "world 0001: whole" in run("models", "verify", "world").stdout
    assert "world 0001: whole" in run("models", "verify").stdout


@pytest.mark.parametrize("ref", ["world", "champion"])
def test_the_hint_s_own_command_works(run: Run, tmp_path: Path, ref: str) -> None:
    recipes = [f"Ten Pasta Recipes for Lazy Evenings, Part {i}" for i in range(1, 21)]
    feed = write(tmp_path / "feed.txt", recipes)
    assert "--model world" in run("label", feed).stderr
    done = run("label", feed, "--model", ref)
    assert (done.returncode, "--model world" in done.stderr) == (0, False)
