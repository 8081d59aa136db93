"""The memory: headlines of earlier days with their stories and themes, in a file of JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headlines.clustering.history import ClusterChange, EarlierClusters
from headlines.clustering.settlement import LEVELS
from headlines.errors import HeadlinesError
from headlines.feeds import dates
from headlines.feeds.headline import Headline
from headlines.files import replacing

if TYPE_CHECKING:
    from headlines.clustering.clustered_feed import ClusteredHeadline

FORMAT = 1

REMEMBER_DAYS = 30
"""Days after which a headline that wasn't seen again is forgotten."""


@dataclass(frozen=True)
class Remembered:
    """A headline, the first and the last day that it was seen on, and where it lies."""

    headline: Headline
    first: date
    last: date
    story: int
    theme: int

    def to_row(self) -> dict[str, Any]:
        """Give it as plain data."""
        item = self.headline
        row = {"id": item.id, "headline": item.headline, "text": item.text, "date": item.date}
        seen = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {**row, **seen, "story": self.story, "theme": self.theme}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Remembered:
        """Read it; raises ValueError, KeyError or TypeError for what was not written so."""
        headline = Headline(str(row["headline"]), str(row["text"]), date=row["date"])
        if headline.id != row["id"]:
            raise ValueError(row["id"])
        first, last = (date.fromisoformat(row[key]) for key in ("first", "last"))
        return cls(headline, first, last, int(row["story"]), int(row["theme"]))


@dataclass(frozen=True)
class ClusterMemory:
    """What is known of earlier days.

    `names` has the names of the clusters of each level, `used` the number from which on none was
    given yet, `days` those that were seen.
    """

    headlines: dict[str, Remembered] = field(default_factory=dict)
    names: dict[str, dict[int, str]] = field(default_factory=lambda: {kind: {} for kind in LEVELS})
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))
    days: tuple[date, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> ClusterMemory:
        """Read a file; where there is none, nothing is known yet.

        Raises HeadlinesError, which names the line, when it isn't as it was written.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise HeadlinesError(f"{path}: can't be read ({why}); {_REMEDY}") from None
        found, line = cls(), 1
        try:
            head = json.loads(lines[0])
            if head["memory"] != FORMAT:
                raise ValueError(head["memory"])
            found.used.update({kind: int(head["used"][kind]) for kind in LEVELS})
            found = replace(found, days=tuple(map(date.fromisoformat, head["days"])))
            for line in range(2, len(lines)):
                row = json.loads(lines[line - 1])
                if "name" in row:
                    found.names[row["level"]][int(row["cluster"])] = str(row["name"])
                else:
                    known = Remembered.of_row(row)
                    found.headlines[known.headline.id] = known
            line = len(lines)
            if line != head["lines"] + 2 or lines[-1]:
                raise ValueError(line)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            said = lines[line - 1][:60]
            raise HeadlinesError(
                f"{path}: line {line}: {said!r} isn't what was written there; {_REMEDY}"
            ) from None
        return found

    def write(self, path: str | Path) -> None:
        """Write the file whole, or leave it as it was; raises OutputError."""
        names: list[dict[str, Any]] = [
            {"level": kind, "cluster": number, "name": name}
            for kind in LEVELS
            for number, name in sorted(self.names[kind].items())
        ]
        known = sorted(self.headlines.values(), key=lambda k: (k.first, k.story, k.headline.id))
        rows = [*names, *(k.to_row() for k in known)]
        days = [day.isoformat() for day in self.days]
        head = {"memory": FORMAT, "lines": len(rows), "used": self.used, "days": days}
        with replacing(path) as file:
            for row in [head, *rows]:
                line = json.dumps(row, ensure_ascii=False) + "\n"
                file.write(line.encode("utf-8", "backslashreplace"))

    def on(self, day: date, remember_days: int) -> ClusterMemory:
        """Forget the headlines that were last seen so long before a day, or the latest one."""
        oldest = max([*self.days, day]) - timedelta(days=remember_days)
        kept = {key: known for key, known in self.headlines.items() if known.last >= oldest}
        names = {}
        for kind in LEVELS:
            numbers = {getattr(known, kind) for known in kept.values()}
            names[kind] = {n: name for n, name in self.names[kind].items() if n in numbers}
        days = tuple(known for known in self.days if known >= oldest)
        return replace(self, headlines=kept, names=names, days=days)

    def earlier(self, level: str) -> EarlierClusters:
        """Give the remembered headlines as an earlier run whose clusters were of a level."""
        stories = {key: known.story for key, known in self.headlines.items()}
        themes = {key: known.theme for key, known in self.headlines.items()}
        return EarlierClusters(
            cluster=dict(themes if level == "theme" else stories),
            story=stories,
            theme=themes,
            texts={key: known.headline.headline for key, known in self.headlines.items()},
            strength=dict.fromkeys(self.headlines, 1.0),
            names=self.names[level],
        )

    def after(
        self,
        found: Sequence[ClusteredHeadline],
        today: int,
        day: date,
        names: Mapping[str, Mapping[int, str]],
    ) -> ClusterMemory:
        """Give what to remember after a day, whose headlines are the first so many found."""
        result: dict[str, Remembered] = {}
        for place, one in enumerate(found):
            known = self.headlines.get(one.id)
            first, last = (known.first, known.last) if known else (day, day)
            if place < today:
                first, last = min(first, day), max(last, day)
            if one.id not in result:
                result[one.id] = Remembered(one.item, first, last, one.story, one.theme)
        numbers = {kind: {getattr(known, kind) for known in result.values()} for kind in LEVELS}
        return ClusterMemory(
            headlines=result,
            names={kind: {n: names[kind][n] for n in numbers[kind] if n >= 0} for kind in LEVELS},
            used={kind: max(self.used[kind], max(numbers[kind]) + 1) for kind in LEVELS},
            days=tuple(sorted({*self.days, day})),
        )

    def news(self, today: Mapping[str, int], day: date, level: str) -> tuple[ClusterChange, ...]:
        """Tell which clusters are new on a day, growing, the same, or over.

        `today` has the cluster of each of its headlines. A cluster is over on the first day
        without it.
        """
        now = Counter(today.values())
        fresh = Counter(n for key, n in today.items() if self.headlines[key].first == day)
        earlier = [known for known in self.headlines.values() if known.first < day]
        before = Counter(getattr(known, level) for known in earlier)
        last_day = max((known for known in self.days if known < day), default=None)
        lasted = {getattr(known, level) for known in earlier if known.last == last_day}
        found = []
        for cluster in sorted((now | before).keys() - {-1}):
            if not now[cluster]:
                kind = "over"
            elif not before[cluster]:
                kind = "new"
            else:
                kind = "growing" if fresh[cluster] else "same"
            if kind != "over" or cluster in lasted:
                change = ClusterChange(
                    kind, cluster, self.names[level][cluster], before[cluster], now[cluster]
                )
                found.append(change)
        return tuple(found)


_REMEDY = "restore it from a copy, or move it away to begin a new memory"


def day_of(headlines: Sequence[Headline], given: str | None = None) -> date:
    """Give the day of a feed: the one given, or its latest date until today, or today (UTC)."""
    if given is not None:
        if found := dates.day_of(given):
            return found
        raise ValueError(f"day is {given!r}, expected a date such as '2024-06-01'")
    today = datetime.now(UTC).date()
    days = [day for headline in headlines if (day := dates.day_of(headline.date)) is not None]
    return max((day for day in days if day <= today), default=today)
