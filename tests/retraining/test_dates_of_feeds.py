"""Claims about the age of a feed: dates as feeds have them, and clocks that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import write

from headlines import read_feed
from headlines.retraining.checks import data_checks
from headlines.retraining.config import DataLimits
from headlines.retraining.gate import Check

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
Written = Callable[[datetime], str]

FORMATS: dict[str, Written] = {
    "RFC 822": lambda d: d.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    "RFC 822, a zone's name": lambda d: d.strftime("%a, %d %b %Y %H:%M:%S EST"),
    "RFC 822, an offset": lambda d: d.strftime("%d %b %Y %H:%M:%S +0200"),
    "RFC 822, two-digit year": lambda d: d.strftime("%a, %d %b %y %H:%M:%S +0000"),
    "asctime": lambda d: d.strftime("%a %b %d %H:%M:%S %Y"),
    "ISO, UTC": lambda d: d.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ISO, an offset": lambda d: d.strftime("%Y-%m-%dT%H:%M:%S+09:00"),
    "ISO, no zone": lambda d: d.strftime("%Y-%m-%d %H:%M"),
    "ISO, fractions": lambda d: d.strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
    "ISO, a day": lambda d: d.strftime("%Y-%m-%d"),
    "ISO, a week": lambda d: d.strftime("%G-W%V-%u"),
    "basic": lambda d: d.strftime("%Y%m%d"),
    "basic, a time": lambda d: d.strftime("%Y%m%dT%H%M%SZ"),
    "digits": lambda d: d.strftime("%Y%m%d%H%M%S"),
    "month first, in letters": lambda d: d.strftime("%b %d %Y"),
    "month first, a comma": lambda d: d.strftime("%B %d, %Y"),
    "day first, in letters": lambda d: f"{d.day} {d:%B %Y}",
    "day, letters, two digits": lambda d: d.strftime("%d-%b-%y"),
    "a weekday": lambda d: d.strftime("%A, %B %d, %Y at %I:%M %p"),
    "dots": lambda d: d.strftime("%d.%m.%Y"),
    "dots, two digits": lambda d: d.strftime("%d.%m.%y %H:%M"),
    "slashes, year first": lambda d: f"{d.year}/{d.month}/{d.day}",
    "slashes, month first": lambda d: d.strftime("%m/%d/%Y"),
    "slashes, day first": lambda d: d.strftime("%d/%m/%Y %H:%M"),
    "epoch, seconds": lambda d: str(int(d.timestamp())),
    "epoch, milliseconds": lambda d: str(int(d.timestamp() * 1000)),
    "Chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "Korean": lambda d: f"{d.year}년 {d.month}월 {d.day}일 {d:%H:%M}",
}

UNREADABLE: dict[str, Written] = {
    "a month of no calendar": lambda d: f"{d.day} Brumaire {d.year}",
    "no year": lambda d: d.strftime("%b %d"),
    "a time alone": lambda d: d.strftime("%H:%M"),
    "words": lambda d: "2 hours ago",
    "slashes that may be two days": lambda d: f"{d.day % 12 + 1:02}/{(d.day + 5) % 12 + 1:02}/2026",
}


def _judged(
    folder: Path,
    dates: list[str],
    *,
    column: str = "date",
    today: date | None = None,
    limit: int = 30,
) -> Check:
    """Judge the age of a feed whose headlines have these dates."""
    rows = [f'"{text}",Bridge {i} opens after works of {i} years' for i, text in enumerate(dates)]
    feed = read_feed(write(folder / "feed.csv", [f"{column},headline", *rows]))
    _, age = data_checks(DataLimits(age_days=limit), feed.headlines, today or NOW.date())
    return age


def _days(written: Written, around: int) -> list[str]:
    """Forty dates about so many days from now, of twenty days one after the other."""
    return [written(NOW + timedelta(days=around + i % 20 - 10)) for i in range(40)]


@pytest.mark.parametrize("column", ["date", "pubDate"])
@pytest.mark.parametrize("name", FORMATS)
def test_dates_as_feeds_have_them_tell_whether_a_feed_is_fresh(
    name: str, column: str, tmp_path: Path
) -> None:
    fresh = _judged(tmp_path, _days(FORMATS[name], -12), column=column)
    assert fresh.verdict == "passed", fresh.detail
    assert abs(fresh.facts["days"] - 12) <= 1
    stale = _judged(tmp_path, _days(FORMATS[name], -60), column=column)
    assert stale.verdict == "FAILED"
    assert "the median date is" in stale.detail
    ahead = _judged(tmp_path, _days(FORMATS[name], 60), column=column)
    assert ahead.verdict == "FAILED"
    assert "40 of 40 dates lie more than a day ahead of 2026-11-20" in ahead.detail


@pytest.mark.parametrize("column", ["date", "pubDate"])
@pytest.mark.parametrize("name", UNREADABLE)
def test_dates_that_cannot_be_read_do_not_pass(name: str, column: str, tmp_path: Path) -> None:
    dates = _days(UNREADABLE[name], -12)
    age = _judged(tmp_path, dates, column=column)
    assert age.verdict == "FAILED"
    assert "40 of 40 dates can't be read, or may be two" in age.detail
    assert repr(dates[0]) in age.detail
    assert "age_days = 0 under [data]" in age.detail


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(-31, "FAILED"), (-30, "passed"), (0, "passed"), (1, "passed"), (2, "FAILED")],
)
def test_a_date_may_lie_back_as_far_as_the_limit_and_a_day_ahead(
    days: int, verdict: str, tmp_path: Path
) -> None:
    day = (NOW + timedelta(days=days)).strftime("%Y-%m-%d")
    assert _judged(tmp_path, [day] * 20).verdict == verdict


@pytest.mark.parametrize(
    ("clock", "told"),
    [
        (date(2031, 1, 1), "the median date is 2026-11-20, 1503 days before 2031-01-01 (limit 30)"),
        (date(1970, 1, 1), "20 of 20 dates lie more than a day ahead of 1970-01-01"),
    ],
    ids=["ahead", "behind"],
)
def test_a_machine_s_clock_that_is_wrong_is_told(clock: date, told: str, tmp_path: Path) -> None:
    age = _judged(tmp_path, ["2026-11-20T08:00:00Z"] * 20, today=clock)
    assert (age.verdict, told in age.detail) == ("FAILED", True), age.detail


def test_one_date_of_2099_makes_no_old_feed_fresh_and_no_fresh_one_old(tmp_path: Path) -> None:
    old = _judged(tmp_path, ["2020-05-01"] * 80 + ["2099-01-01"])
    assert old.verdict == "FAILED"
    assert old.facts == {
        "dates": 81, "ahead": 1, "unreadable": 0, "median": "2020-05-01", "days": 2394,
    }  # fmt: skip
    fresh = _judged(tmp_path, ["2026-11-19"] * 80 + ["2099-01-01"])
    assert fresh.verdict == "passed"
    assert fresh.detail.endswith("; of 81 dates 1 can't be read or lie ahead")


@pytest.mark.parametrize(("wrong", "verdict"), [(4, "passed"), (5, "FAILED")])
@pytest.mark.parametrize("date", ["2099-01-01", "heute"])
def test_more_than_one_wrong_date_of_ten_refuses_the_feed(
    wrong: int, verdict: str, date: str, tmp_path: Path
) -> None:
    assert _judged(tmp_path, ["2026-11-19"] * (40 - wrong) + [date] * wrong).verdict == verdict


def test_a_few_fresh_dates_do_not_speak_for_many_headlines_without_any(tmp_path: Path) -> None:
    assert _judged(tmp_path, ["2026-11-19"] * 20 + [""] * 20).verdict == "passed"
    few = _judged(tmp_path, ["2026-11-19"] * 19 + [""] * 21)
    assert few.verdict == "FAILED"
    assert "19 of 40 headlines have a date, too few" in few.detail


def test_a_feed_without_dates_passes_only_where_the_configuration_says_so(tmp_path: Path) -> None:
    none = _judged(tmp_path, [""] * 40)
    assert none.verdict == "FAILED"
    told = "no headline has a date; where the feeds have no dates, write age_days = 0 under [data]"
    assert none.detail == told
    off = _judged(tmp_path, [""] * 40, limit=0)
    assert (off.verdict, off.detail) == ("not judged", "age_days is 0 in the configuration")
    dated = _judged(tmp_path, ["2020-05-01"] * 40, limit=0)
    assert dated.verdict == "not judged"
    assert dated.detail.endswith(", though 40 of 40 headlines have a date")
