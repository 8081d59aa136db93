"""Periods: the days, weeks, months or years that a feed's headlines are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from headlines.feeds.dates import day_of
from headlines.feeds.headline import Headline

MAX_PERIODS = 31
"""More days are told as weeks, more weeks as months, and so on."""

STRAY = 100
"""Of so many dates one may be before the first period and one behind the last: a wrong date would
make years of a week."""


def _month(day: date) -> date:
    return day.replace(day=1)


_STARTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": _month,
    "year": lambda day: day.replace(month=1, day=1),
}


@dataclass(frozen=True)
class Periods:
    """The periods from the first day of a feed to its last, those without headlines too."""

    unit: str  #: day, week, month or year
    starts: tuple[date, ...]  #: the first day of each; fewer than two say nothing of time
    places: tuple[int | None, ...]  #: each headline's period; None for one without a date

    @classmethod
    def of(cls, headlines: Sequence[Headline]) -> Self:
        """Find the periods of a feed, as short as `MAX_PERIODS` permits."""
        days = [day_of(headline.date) for headline in headlines]
        known = sorted(day for day in days if day is not None)
        if not known:
            return cls("day", (), (None,) * len(days))
        few = len(known) // STRAY
        first, last = known[few], known[-1 - few]
        for unit, start in _STARTS.items():  # noqa: B007 (used below)
            starts = [start(first)]
            while starts[-1] < start(last) and len(starts) <= MAX_PERIODS:
                starts.append(_next(starts[-1], start))
            if len(starts) <= MAX_PERIODS:
                break
        else:  # more years than that: the last of them
            starts = sorted({start(day) for day in known})[-MAX_PERIODS:]
        place = {first: i for i, first in enumerate(starts)}
        places = tuple(None if day is None else place.get(start(day)) for day in days)
        return cls(unit, tuple(starts), places)


def _next(first: date, start: Callable[[date], date]) -> date:
    """Give the first day of the period behind one."""
    day = first + timedelta(days=1)
    while start(day) == first:
        day += timedelta(days=1)
    return day
