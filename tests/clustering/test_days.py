"""Claims about clusters from day to day: what stands, what joins it, and what is remembered."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SEEDS, write

from headlines import HeadlineLabeler, read_feed
from headlines.clustering.clustered_feed import ClusteredFeed
from headlines.clustering.memory import ClusterMemory, day_of
from headlines.clustering.settlement import days_of, settled
from headlines.errors import HeadlinesError, LockedError
from headlines.feeds.headline import Headline
from headlines.persistence.locking import held_file

FEED = [h.headline for h in read_feed(SEEDS / "feed.txt")]
FIRST, SECOND = FEED[:70], FEED[60:]


def _rows(found: ClusteredFeed, path: Path) -> Path:
    return write(path, [json.dumps(one.to_row()) for one in found])


def _told(found: ClusteredFeed) -> list[tuple[Any, ...]]:
    return [(one.id, one.cluster, one.story, one.theme, one.name, one.strength) for one in found]


# ------------------------------------------------------------------ standing


@pytest.mark.parametrize("level", ["theme", "story"])
def test_the_same_feed_twice_changes_nothing(
    tmp_path: Path, labeler: HeadlineLabeler, level: str
) -> None:
    first = labeler.cluster(FEED, level=level)
    again = labeler.cluster(FEED, level=level, previous=_rows(first, tmp_path / "1.jsonl"))
    assert _told(again) == _told(first)
    assert {change.kind for change in again.changes} == {"same"}


def test_one_headline_more_moves_no_other(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    first = labeler.cluster(FEED[1:], level="story")
    again = labeler.cluster(FEED, level="story", previous=_rows(first, tmp_path / "1.jsonl"))
    moved = [a.story != b.story for a, b in zip(again[1:], first, strict=True)]
    assert sum(moved) <= 1  # a story of one headline may go into another
    assert [a.theme for a in again[1:]] == [b.theme for b in first]


def test_stories_and_themes_keep_their_numbers_at_the_other_level(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    path = _rows(first := labeler.cluster(FEED), tmp_path / "1.jsonl")
    again = labeler.cluster(FEED, level="story", previous=path)
    assert [(a.story, a.theme) for a in again] == [(b.story, b.theme) for b in first]
    assert [a.cluster for a in again] == [b.story for b in first]


def test_every_story_has_one_theme_on_the_second_day(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    path = _rows(labeler.cluster(FIRST), tmp_path / "1.jsonl")
    found = labeler.cluster(SECOND, previous=path)
    assert len({(one.story, one.theme) for one in found}) == len({one.story for one in found})


def test_new_headlines_join_the_cluster_that_is_at_home_there() -> None:
    points = np.eye(3)[[0, 0, 0, 1, 1, 2, 0, 1, 2]].astype(float)
    labels = np.array([0, 0, 0, 0, 0, 1, 0, 0, 1])
    was = np.array([4, 4, 4, 7, 7, 4, -1, -1, -1])
    copies = np.arange(9)
    found = settled(labels, copies, was >= 0, was, points)
    # 7 has as many headlines as are new beside it, and goes into the larger 4; a headline of 4
    # that has strayed doesn't make its neighbour one of 4.
    assert found.tolist() == [4, 4, 4, 4, 4, 4, 4, 4, -1]
    was[7] = 7
    found = settled(labels, copies, was >= 0, was, points)
    assert found.tolist() == [4, 4, 4, 7, 7, 4, 4, 7, -1]
    copies[8] = copies[3]
    assert settled(labels, copies, was >= 0, was, points)[8] == 7


# ------------------------------------------------------------------ memory


def test_a_story_goes_on_though_its_headlines_have_left_the_feed(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    memory = tmp_path / "memory"
    cup = ["Brazil Wins World Cup Final on Penalties", "Brazil Celebrates World Cup Victory",
           "World Cup Final: Brazil Beats France on Penalties", "How Brazil Won the World Cup",
           "France Mourns World Cup Final Defeat"]  # fmt: skip
    first = labeler.cluster([*FIRST, *cup[:3]], level="story", memory=memory, day="2024-06-01")
    [number] = {one.cluster for one in first[-3:]}
    second = labeler.cluster([*FEED[70:], *cup[3:]], level="story", memory=memory, day="2024-06-02")
    assert {one.cluster for one in second[-2:]} == {number}
    assert second[-1].name == first[-1].name
    kinds = {
        change.cluster: (change.kind, change.before, change.after) for change in second.changes
    }
    assert kinds[number] == ("growing", 3, 2)
    assert {kind for kind, _, _ in kinds.values()} == {"new", "growing", "over"}
    third = labeler.cluster(FEED[70:], level="story", memory=memory, day="2024-06-03")
    assert {c.cluster: c.kind for c in third.changes}[number] == "over"
    assert second.day == "2024-06-02"


def test_a_day_given_twice_changes_neither_rows_nor_memory(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    memory = tmp_path / "memory"
    labeler.cluster(FIRST, memory=memory, day="2024-06-01")
    found = labeler.cluster(SECOND, memory=memory, day="2024-06-02")
    written = memory.read_bytes()
    again = labeler.cluster(SECOND, memory=memory, day="2024-06-02")
    assert _told(again) == _told(found)
    assert again.changes == found.changes
    assert memory.read_bytes() == written


def test_what_was_not_seen_for_long_is_forgotten_and_its_number_not_given_again(
    tmp_path: Path, labeler: HeadlineLabeler
) -> None:
    memory = tmp_path / "memory"
    first = labeler.cluster(FEED[:40], level="story", memory=memory, day="2024-06-01")
    settings: dict[str, Any] = {"level": "story", "memory": memory, "remember_days": 5}
    labeler.cluster(FEED[40:60], day="2024-06-07", **settings)
    kept = ClusterMemory.read(memory)
    assert {known.headline.headline for known in kept.headlines.values()} == set(FEED[40:60])
    numbers = {known.story for known in kept.headlines.values()}
    assert min(numbers) > max(one.story for one in first)


def test_an_editors_merge_is_remembered(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    memory = tmp_path / "memory"
    settings: dict[str, Any] = {"level": "story", "memory": memory}
    found = labeler.cluster(FIRST, day="2024-06-01", **settings)
    one, other = (cluster.cluster for cluster in found.clusters[:2])
    edits = write(tmp_path / "edits.toml", [f"[[merge]]\nclusters = [{one}, {other}]"])
    labeler.cluster(FIRST, day="2024-06-01", edits=edits, **settings)
    later = labeler.cluster(SECOND, day="2024-06-02", **settings)
    assert other not in {row.story for row in later}
    assert other not in {known.story for known in ClusterMemory.read(memory).headlines.values()}


def _damaged(lines: list[str], how: str) -> list[str]:
    if how == "torn":
        return [*lines[:-1], lines[-1][:20]]
    if how == "changed":
        return [*lines[:-1], lines[-1].replace('"headline": "', '"headline": "X')]
    return lines[:-1] if how == "short" else ["{}", *lines[1:]]


@pytest.mark.parametrize(
    ("how", "line"), [("torn", "last"), ("changed", "last"), ("short", "last"), ("head", "1")]
)
def test_a_damaged_memory_names_its_line_and_stays(
    tmp_path: Path, labeler: HeadlineLabeler, how: str, line: str
) -> None:
    memory = tmp_path / "memory"
    labeler.cluster(FEED[:10], memory=memory, day="2024-06-01")
    lines = _damaged(memory.read_text(encoding="utf-8").splitlines(), how)
    write(memory, lines)
    damaged = memory.read_bytes()
    number = len(lines) + (how == "short") if line == "last" else line
    with pytest.raises(HeadlinesError, match=rf"memory: line {number}: .* restore it from a copy"):
        labeler.cluster(FEED[:10], memory=memory, day="2024-06-02")
    assert memory.read_bytes() == damaged


def test_two_runs_do_not_write_one_memory_at_once(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    with held_file(tmp_path / "memory", "memory"):
        with pytest.raises(LockedError, match="holds the lock"):
            labeler.cluster(FEED[:5], memory=tmp_path / "memory")
        labeler.cluster(FEED[:5], memory=tmp_path / "another")


def test_previous_and_memory_exclude_each_other(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    with pytest.raises(ValueError, match="give one of them"):
        labeler.cluster(FEED, memory=tmp_path / "memory", previous=tmp_path / "rows.jsonl")
    with pytest.raises(ValueError, match="day is 'Monday'"):
        labeler.cluster(FEED, memory=tmp_path / "memory", day="Monday")


def test_a_feed_is_of_its_latest_date_that_has_come() -> None:
    item = Headline.parse("Floods hit Siberia")
    dated = [
        replace(item, date=day) for day in ("2024-06-01", "2024-06-02T23:00:00Z", "2999-01-01")
    ]
    assert day_of([item, *dated]) == date(2024, 6, 2)
    assert day_of(dated, "2024-05-01") == date(2024, 5, 1)
    days = days_of([item, dated[0]])
    assert np.isnan(days[0])
    assert days_of([item], [date(2024, 6, 1)])[0] == days[1]


def test_the_command_remembers_and_tells_the_news(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    first, second = write(tmp_path / "1.txt", FIRST), write(tmp_path / "2.txt", SECOND)
    common = ("--memory", tmp_path / "memory", "--format", "jsonl", "--level", "story")
    run("cluster", first, *common, "--day", "2024-06-01")
    done = run("cluster", second, *common, "--day", "2024-06-02")
    assert done.returncode == 0, done.stderr
    assert "2024-06-02: " in done.stderr
    assert " growing" in done.stderr
    again = run("cluster", second, *common, "--day", "2024-06-02", "--json")
    assert again.stdout == done.stdout
    summary = json.loads(again.stderr)
    assert summary["day"] == "2024-06-02"
    assert {change["kind"] for change in summary["changes"]} >= {"new", "growing"}
    clash = run("cluster", first, "--memory", tmp_path / "x", "--output", tmp_path / "x")
    assert clash.returncode == 1
    assert run("cluster", first, *common, "--day", "Monday").returncode == 2
