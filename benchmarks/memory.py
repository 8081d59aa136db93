"""Whether a headline joins the story that was told on earlier days, a run a day with `--memory`.

Windows of 30 days in a row; each day is one run at story level with the memory of the days before.
Beside its events stand 30 headlines of a news pool, which are nobody's.

- affairs: Wikipedia's events that belong to an affair (`story`), on their dates. An affair is wide:
  a war, a season.
- events: AllSides' events, six that begin each day; of their headlines the first stands on that
  day, the second on the next, and so on. These dates are made. The last 500 are left out.

Of the headlines of a window:

- joined: of those whose story was told on an earlier day, those that are put into the one that
  most of its earlier headlines are in;
- wrong: of all, those put into one of an earlier day most of whose headlines are of another story,
  or of the pool;
- changed: numbers that differ when every fifth day is given a second time.

Beside it the plainest rule: a headline takes the story of the nearest one before it by cosine of
the same vectors, where that is above .5, and is a new story else. And, without any clusters, of how
many the nearest headline of an earlier day is of their story (nearest_is_of_it): more than that
no rule of nearest headlines finds. Some days are run through the command line too, and compared.

Both sets are *select*: settings may be chosen on them.

``python -m benchmarks.memory --data DIR``. Public origins: wiki_events_to_2017
ianrastall/current-events-context; allsides_stories HLTCHKUST/framing-bias-metric; pool_news
rumca-js/RSS-Link-Database-2022 and -2023.
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

WINDOWS = ("2015-06-01", "2016-05-01", "2017-01-01")
DAYS = 30
POOL_A_DAY = 30
NEAR = 0.5
EVENTS_A_DAY = 6
LEFT_OUT = 500
AGAIN = 5
COMMAND_DAYS = 3

NAMES = ("wiki_events_to_2017", "allsides_stories", "pool_news")

Day = list[tuple[str, str]]
"""Text and affair; the pool has none."""


def affairs(data: Path, start: date) -> dict[date, Day]:
    """Give Wikipedia's events of affairs, by day."""
    found: dict[date, Day] = defaultdict(list)
    for day, _, story, text in common.rows(data / "wiki_events_to_2017.tsv.xz"):
        number = (date.fromisoformat(day) - start).days
        if story and 0 <= number < DAYS:
            found[date.fromisoformat(day)].append((text, story))
    return found


def events(data: Path, start: date) -> dict[date, Day]:
    """Give AllSides' events, a headline a day from the day on that each begins."""
    told: dict[str, list[str]] = defaultdict(list)
    for row in common.rows(data / "allsides_stories.tsv.xz"):
        told[row[0]].append(row[2])
    some = random.Random(start.isoformat()).sample(list(told)[:-LEFT_OUT], DAYS * EVENTS_A_DAY)
    found: dict[date, Day] = defaultdict(list)
    for place, story in enumerate(some):
        for number, text in enumerate(told[story], place // EVENTS_A_DAY):
            if number < DAYS:
                found[start + timedelta(days=number)].append((text, story))
    return found


SETS = {"affairs": affairs, "events": events}


def with_pool(days: dict[date, Day], pool: list[str]) -> dict[date, Day]:
    """Set headlines of the pool beside those of each day, and its days in order."""
    rng = random.Random(len(days))
    return {
        day: [*dict(days[day]).items(), *((text, "") for text in rng.sample(pool, POOL_A_DAY))]
        for day in sorted(days)
    }


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


def nearest_is_of_it(labeler: Any, days: dict[date, Day]) -> float:
    """Give how often the nearest headline of an earlier day is of the same story, if one is."""
    points, truth, hits = np.zeros((0, 0)), [], []
    for told in days.values():
        new = labeler.embedder.vectors([text for text, _ in told]).astype(np.float64)
        new /= np.maximum(np.linalg.norm(new, axis=1), 1e-12)[:, None]
        for point, (_, story) in zip(new, told, strict=True):
            if story and story in truth:
                hits.append(truth[int((points @ point).argmax())] == story)
        points = np.vstack([points, new]) if len(truth) else new
        truth += [story for _, story in told]
    return round(statistics.mean(hits), 3)


def remembered(labeler: Any, days: dict[date, Day], folder: Path) -> dict[str, Any]:
    """Score a run a day with a memory, and give each day twice."""
    score, changed, seconds = Score(), 0, []
    for number, (day, told) in enumerate(days.items()):
        texts = [text for text, _ in told]
        start = time.perf_counter()
        found = labeler.cluster(texts, level="story", memory=folder / "memory", day=day.isoformat())
        seconds.append(time.perf_counter() - start)
        if number % AGAIN == 0:
            again = labeler.cluster(
                texts, level="story", memory=folder / "memory", day=day.isoformat()
            )
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
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in NAMES)):
        return
    from headlines import HeadlineLabeler

    labeler = HeadlineLabeler.load()
    pool = sorted({row[1] for row in common.rows(options.data / "pool_news.tsv.xz")})
    content: dict[str, Any] = {}
    for name, read in SETS.items():
        found: dict[str, Any] = {}
        for start in WINDOWS:
            days = with_pool(read(options.data, date.fromisoformat(start)), pool)
            with tempfile.TemporaryDirectory() as made:
                row: dict[str, Any] = {"memory": remembered(labeler, days, Path(made))}
                row["nearest_before"] = nearest_before(labeler, days)
                row["nearest_is_of_it"] = nearest_is_of_it(labeler, days)
                if "by_command" not in content:
                    content["by_command"] = by_command(labeler, days, Path(made))
            found[start] = row
            print(name, start, json.dumps(row), flush=True)
        content[name] = {"windows": found, "all": _all(found)}
        print(name, json.dumps(content[name]["all"]), json.dumps(content["by_command"]), flush=True)
    common.write(options.output, common.described("python -m benchmarks.memory", content))


def _all(found: dict[str, Any]) -> dict[str, Any]:
    """Give the shares of all windows together."""
    total: dict[str, Any] = {
        rule: {
            "joined": round(_mean(found, rule, "joined", "told_before"), 3),
            "wrong": round(_mean(found, rule, "wrong", "events"), 3),
        }
        for rule in ("memory", "nearest_before")
    }
    changed = sum(row["memory"]["changed_when_given_twice"] for row in found.values())
    total["memory"]["changed_when_given_twice"] = changed
    return total


def _mean(found: dict[str, Any], rule: str, what: str, of: str) -> float:
    counts = [row[rule][of] for row in found.values()]
    return sum(row[rule][what] * n for row, n in zip(found.values(), counts, strict=True)) / sum(
        counts
    )


if __name__ == "__main__":
    main()
