"""Claims about dates: what is read, and that nothing is guessed."""

from __future__ import annotations

import subprocess
import sys
from argparse import ArgumentTypeError
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, write
from hypothesis import given
from hypothesis import strategies as st

from headlines import read_feed
from headlines.cli.common import day as option_day
from headlines.clustering.memory import day_of as feed_day
from headlines.clustering.settlement import days_of
from headlines.feeds.dates import day_first_among, day_of, instant_of, iso_date, read_date
from headlines.feeds.headline import Headline
from headlines.report.periods import Periods


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Wed, 16 Jul 2025 10:00:00 GMT", "2025-07-16T10:00:00Z"),
        ("Wed, 16 Jul 2025 10:00 EST", "2025-07-16T10:00:00-05:00"),
        ("Wed, 16 Jul 25 10:00:00 +0200", "2025-07-16T10:00:00+02:00"),
        ("16 Jul 2025 10:00:00 XYZ", "2025-07-16T10:00:00"),
        ("Wed Jul 16 10:00:00 2025", "2025-07-16T10:00:00"),
        ("2025-07-16T10:00:00Z", "2025-07-16T10:00:00Z"),
        ("2025-07-16 10:00", "2025-07-16T10:00:00"),
        ("2025-07-16 10:00:00 UTC", "2025-07-16T10:00:00Z"),
        ("2025-07-16T10:00:00.000+0000", "2025-07-16T10:00:00Z"),
        ("2025/7/16", "2025-07-16"),
        ("20250716", "2025-07-16"),
        ("20250716103000", "2025-07-16T10:30:00"),
        ("202507161030", "2025-07-16T10:30:00"),
        ("20250716T103000Z", "2025-07-16T10:30:00Z"),
        ("16.07.2025", "2025-07-16"),
        ("16.7.25", "2025-07-16"),
        ("01.06.2024 10:30", "2024-06-01T10:30:00"),
        ("30/05/2024", "2024-05-30"),
        ("5/30/2024 11:05 PM", "2024-05-30T23:05:00"),
        ("06/06/2024", "2024-06-06"),
        ("Jan 01 2020", "2020-01-01"),
        ("July 15th, 2025 at 10:30 AM", "2025-07-15T10:30:00"),
        ("Tuesday, July 15, 2025", "2025-07-15"),
        ("16-Jul-25", "2025-07-16"),
        ("12/31/99", "1999-12-31"),
        ("2025年7月16日", "2025-07-16"),
        ("2025 年 07 月 16 日 10:30", "2025-07-16T10:30:00"),
        ("2025년 7월 16일", "2025-07-16"),
        (1752600000, "2025-07-15T17:20:00Z"),
        (1752600000.5, "2025-07-15T17:20:00.500000Z"),
        ("1752600000000", "2025-07-15T17:20:00Z"),
        (date(2025, 7, 16), "2025-07-16"),
        (datetime(2025, 7, 16, 10), "2025-07-16T10:00:00"),
    ],
)
def test_a_date_is_read_as_it_is_written(written: object, meant: str) -> None:
    assert iso_date(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "01/06/2024", "06-07-2024", "Jan 2020", "Jul 16", "May", "10:45", "2024", "5/2025",
        "Monday 10:00", "today", "4 hours ago", "31.02.2024", "2024-13-45", "20259916",
        "Floods of 2024 hit 3 towns", "July 2025 3 10 5", "99999999999", "1" * 30, "1e300", "nan",
        "16 Jul 2025 10:00:00 +9999", "0001-01-01T00:00:00Z", "", " ", "\x00" * 9, "2024-05-01" * 9,
        None, True, 7, float("nan"), float("inf"), 10**40, [2024, 5, 1],
    ],
)  # fmt: skip
def test_what_leaves_the_day_open_is_no_date(text: object) -> None:
    assert iso_date(text) is None


def test_a_column_of_dates_shows_whether_the_day_comes_first() -> None:
    assert day_first_among(["01/06/2024", "", "30/05/2024 10:00"]) is True
    assert day_first_among(["01/06/2024", "05/30/2024"]) is False
    assert day_first_among(["01/06/2024", "30.05.2024"]) is None
    assert day_first_among(["30/05/2024", "05/30/2024"]) is None
    assert read_date("01/06/2024", day_first=True) == date(2024, 6, 1)
    assert read_date("01/06/2024", day_first=False) == date(2024, 1, 6)


@pytest.mark.parametrize("written", ["2024-06-01", "01.06.2024", "Sat, 01 Jun 2024 23:30:00 -0500"])
def test_one_rule_gives_the_day_of_a_feed_a_period_a_pair_and_an_option(written: str) -> None:
    headline = replace(Headline.parse("Floods hit Siberia"), date=written)
    day = date(2024, 6, 1)
    assert (day_of(written), feed_day([headline]), feed_day([], written)) == (day, day, day)
    assert Periods.of([headline]).starts == (day,)
    assert days_of([headline]).tolist() == [day.toordinal()]
    assert option_day(written) == "2024-06-01"


def test_what_may_be_two_days_is_the_day_of_nothing() -> None:
    headline = replace(Headline.parse("Floods hit Siberia"), date="01/06/2024")
    assert Periods.of([headline]).starts == ()
    assert np.isnan(days_of([headline])).all()
    with pytest.raises(ValueError, match="expected a date such as"):
        feed_day([], "01/06/2024")
    with pytest.raises(ArgumentTypeError, match="is not a day such as"):
        option_day("01/06/2024")


def test_dates_with_and_without_a_zone_compare() -> None:
    texts = ["2024-05-02", "2024-05-01T23:30:00-05:00", "2024-05-02 09:00", "2 May 2024 01:00 UTC"]
    found = [read_date(text) for text in texts]
    ordered = sorted((moment for moment in found if moment), key=instant_of)
    assert [found.index(moment) for moment in ordered] == [0, 3, 1, 2]


@given(st.text(max_size=70) | st.from_regex(r"[0-9./: A-Za-z+-]{1,40}"))
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = read_date(text)
    assert found is None or read_date(found.isoformat()) == found


def test_neither_the_day_nor_the_zone_of_the_machine_changes_what_is_read() -> None:
    texts = ["10:45", "July 16", "16 Jul 2025 10:00 PDT", "16 Jul 2025 10:00 CEST", "2 Jan 68"]
    program = f"from headlines.feeds.dates import iso_date; print([iso_date(t) for t in {texts}])"
    found = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True, text=True, check=True, cwd=ROOT, env={"TZ": zone},
        ).stdout
        for zone in ("UTC", "America/Los_Angeles", "Europe/Berlin")
    }  # fmt: skip
    told = ["2025-07-16T10:00:00-07:00", "2025-07-16T10:00:00+02:00", "2068-01-02"]
    assert found == {f"{[None, None, *told]}\n"}


def test_a_date_column_is_given_in_iso_8601_and_kept_as_it_was(tmp_path: Path) -> None:
    rows = ["date,title", "16.07.2025,Floods Hit Siberia", "01/06/2024,Rail Strike Ends"]
    one, other = read_feed(write(tmp_path / "dates.csv", rows))
    assert (one.date, one.fields["date"]) == ("2025-07-16", "16.07.2025")
    assert other.date == "01/06/2024"
