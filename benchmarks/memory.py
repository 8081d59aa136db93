"""Whether a headline joins the story that was told on earlier days, a run a day with `--memory`.

Windows of 30 days in a row of Wikipedia's events that belong to an affair (`story`), and beside
them 30 headlines a day of a news pool, which are nobody's: each day is one run at story level with
the memory of the days before. Among the events of affairs that were told on an earlier day of the
window:

- joined: those that are put into the story that most of the earlier ones are in;
- wrong: of all events, those put into a story of an earlier day most of whose known headlines are
  of another affair, or of the pool;
- changed: numbers that differ when the day is given a second time.

Beside it the plainest rule: a headline takes the story of the nearest one before it by cosine of
the same vectors, where that is above .5, and is a new story else. Some days of the first window are
run through the command line too, and compared.

The set is *select*: settings may be chosen on it.

``python -m benchmarks.memory --data DIR``. Public origins: wiki_events_to_2017
ianrastall/current-events-context; pool_news rumca-js/RSS-Link-Database-2022 and -2023.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import ROOT

WINDOWS = ("2015-06-01", "2016-01-01", "2016-05-01", "2016-09-01", "2017-01-01", "2017-05-01")
DAYS = 30
POOL_A_DAY = 30
NEAR = 0.5
COMMAND_DAYS = 3

Day = list[tuple[str, str]]
"""Text and affair; the pool has none."""


def window(rows: list[list[str]], pool: list[str], start: date) -> dict[date, Day]:
    """Give the headlines of each day that has an event of an affair."""
    rng, found = random.Random(start.isoformat()), {}
    of_day: dict[str, Day] = defaultdict(list)
    for day, _, story, text in rows:
        if story:
            of_day[day].append((text, story))
    for number in range(DAYS):
        day = start + timedelta(days=number)
        if told := of_day.get(day.isoformat()):
            found[day] = [*dict(told).items(), *((t, "") for t in rng.sample(pool, POOL_A_DAY))]
    return found


class Score:
    """What became of the events of a window; days are told one by one."""

    def __init__(self) -> None:
        self.before: dict[str, Counter[int]] = defaultdict(Counter)
        self.held: dict[int, Counter[str]] = defaultdict(Counter)
        self.events = self.told = self.joined = self.wrong = 0

    def add(self, day: Day, stories: list[int]) -> None:
        for (_, truth), story in zip(day, stories, strict=True):
            if not truth:
                continue
            self.events += 1
            if self.before[truth]:
                self.told += 1
                self.joined += self.before[truth].most_common(1)[0][0] == story
            if self.held[story]:
                self.wrong += self.held[story].most_common(1)[0][0] != truth
        for (_, truth), story in zip(day, stories, strict=True):
            self.held[story][truth] += 1
            if truth:
                self.before[truth][story] += 1

    def told_row(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "told_before": self.told,
            "joined": round(self.joined / self.told, 3),
            "wrong": round(self.wrong / self.events, 3),
        }


def nearest_before(labeler: Any, days: dict[date, Day]) -> dict[str, Any]:
    """Score the plain rule."""
    score, known, stories = Score(), np.zeros((0, 0)), []
    for day in days.values():
        points = labeler.embedder.vectors([text for text, _ in day]).astype(np.float64)
        points /= np.maximum(np.linalg.norm(points, axis=1), 1e-12)[:, None]
        today = []
        for point in points:
            near = known @ point if len(known) else np.zeros(0)
            best = int(near.argmax()) if len(near) else -1
            old = best >= 0 and near[best] > NEAR
            today.append(stories[best] if old else max(stories, default=-1) + 1)
            stories.append(today[-1])
            known = np.vstack([known, point]) if len(known) else point[None]
        score.add(day, today)
    return score.told_row()


def remembered(labeler: Any, days: dict[date, Day], folder: Path) -> dict[str, Any]:
    """Score a run a day with a memory, and give each day twice."""
    score, changed, seconds = Score(), 0, []
    for day, told in days.items():
        texts = [text for text, _ in told]
        start = time.perf_counter()
        found = labeler.cluster(texts, level="story", memory=folder / "memory", day=day.isoformat())
        seconds.append(time.perf_counter() - start)
        again = labeler.cluster(texts, level="story", memory=folder / "memory", day=day.isoformat())
        changed += sum(a.story != b.story for a, b in zip(found, again, strict=True))
        score.add(told, [one.story for one in found])
    row = score.told_row() | {"changed_when_given_twice": changed}
    return row | {"seconds_a_day": round(statistics.median(seconds), 2)}


def by_command(labeler: Any, days: dict[date, Day], folder: Path) -> dict[str, int]:
    """Run some days through the command line; count the rows whose story differs from Python's."""
    rows = different = 0
    for day, told in list(days.items())[:COMMAND_DAYS]:
        feed, output = folder / "feed.jsonl", folder / "rows.jsonl"
        lines = [json.dumps({"headline": text}) for text, _ in told]
        feed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "headlines", "cluster", feed, "--level", "story"]
        command += ["--memory", folder / "command", "--day", day.isoformat(), "--output", output]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        given = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        found = labeler.cluster(
            [row["headline"] for row in given],
            level="story", memory=folder / "python", day=day.isoformat(),
        )  # fmt: skip
        rows += len(given)
        different += sum(a["story"] != b.story for a, b in zip(given, found, strict=True))
    return {"days": COMMAND_DAYS, "rows": rows, "that_differ_from_python": different}


def main() -> None:
    parser = common.arguments(__doc__, "memory.json")
    options = parser.parse_args()
    names = ("wiki_events_to_2017.tsv.xz", "pool_news.tsv.xz")
    if not common.there(options.data, *names):
        return
    from headlines import HeadlineLabeler

    labeler = HeadlineLabeler.load()
    rows = common.rows(options.data / names[0])
    pool = sorted({row[1] for row in common.rows(options.data / names[1])})
    found: dict[str, Any] = {}
    command: dict[str, int] = {}
    for start in WINDOWS:
        days = window(rows, pool, date.fromisoformat(start))
        with tempfile.TemporaryDirectory() as made:
            row = {"memory": remembered(labeler, days, Path(made))}
            row["nearest_before"] = nearest_before(labeler, days)
            command = command or by_command(labeler, days, Path(made))
        found[start] = row
        print(start, json.dumps(row), flush=True)
    both = ("memory", "nearest_before")
    total = {
        rule: {
            "joined": round(_mean(found, rule, "joined", "told_before"), 3),
            "wrong": round(_mean(found, rule, "wrong", "events"), 3),
        }
        for rule in both
    }
    changed = sum(row["memory"]["changed_when_given_twice"] for row in found.values())
    total["memory"]["changed_when_given_twice"] = changed
    print(json.dumps(total), json.dumps(command))
    content = {"windows": found, "all": total, "by_command": command}
    common.write(options.output, common.described("python -m benchmarks.memory", content))


def _mean(found: dict[str, Any], rule: str, what: str, of: str) -> float:
    """Give a share of all windows together."""
    counts = [row[rule][of] for row in found.values()]
    return sum(row[rule][what] * n for row, n in zip(found.values(), counts, strict=True)) / sum(
        counts
    )


if __name__ == "__main__":
    main()
