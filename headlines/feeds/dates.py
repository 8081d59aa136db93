"""Dates as feeds, spreadsheets and people write them: the package's one rule for reading them.

What a text leaves open is never filled in from today or from the machine's time zone: a date
without a year, or one that may be the 1st of June as well as the 6th of January, is no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

MAX_CHARACTERS = 64
"""A longer text is no date."""

_DIGITS = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
_EPOCH = re.compile(r"\d{9,16}(?:\.\d{1,9})?")
_EPOCH_UNITS = (1, 1_000, 1_000_000)
_EPOCH_SECONDS = range(10**8, 4 * 10**9)  # from 1973 to 2096
_NUMERIC = re.compile(
    r"(?:[^\W\d]+\.?,?\s+)?(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(.*)", re.S
)
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[./]|\s?[年년]\s?)(\d{1,2})(?:[./]|\s?[月월]\s?)(\d{1,2})(?!\d)\s?[日일]?(.*)", re.S
)
_A_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_TWO_DIGIT_YEAR = re.compile(r"((?<!\d)\d{1,2}[ -][^\W\d]{3,9}\.?[ -])(\d\d)(?=[ ,]|$)")
_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? "
    r"([+-]\d{4}|[A-Z]{1,4})"
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ZONES: Mapping[str, float] = {
    "UTC": 0, "UT": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1,
    "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "EST": -5, "EDT": -4, "CST": -6,
    "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9, "KST": 9, "SGT": 8,
    "HKT": 8, "AEST": 10, "AEDT": 11,
}  # fmt: skip
"""Hours from Greenwich of the zones that a name alone tells."""


def read_date(value: object, day_first: bool | None = None) -> date | datetime | None:
    """Read a date; None where it is none, or doesn't say which day it means.

    Parameters
    ----------
    value : object
        A text; a number of seconds, milliseconds or microseconds since 1970; or a date itself.
    day_first : bool, optional
        How to read 01/06/2024, see `day_first_among`; by default such a text is no date.

    Returns
    -------
    date, datetime or None
        A `date` where no time of day is told; a `datetime` with a zone where one is told.

    Examples
    --------
    >>> read_date("Wed, 16 Jul 2025 10:00:00 GMT").isoformat()
    '2025-07-16T10:00:00+00:00'
    >>> read_date("16.07.2025"), read_date("01/06/2024"), read_date("10:45")
    (datetime.date(2025, 7, 16), None, None)
    """
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = " ".join(str(value).split())
    if not 6 <= len(text) <= MAX_CHARACTERS or (not text.isascii() and not text.isprintable()):
        return None
    try:
        found = (
            _of_digits(text) if text[:9].isdigit() or text.isdigit() else _of_text(text, day_first)
        )
    except (ValueError, OverflowError):
        return None
    return found if found is not None and 1000 <= found.year < 3000 else None


def iso_date(value: object) -> str | None:
    """Give a date in ISO 8601, or None where `read_date` finds none.

    Examples
    --------
    >>> iso_date("20250716103000"), iso_date(1752600000), iso_date("Jan 01 2020")
    ('2025-07-16T10:30:00', '2025-07-15T17:20:00Z', '2020-01-01')
    """
    found = read_date(value)
    return None if found is None else found.isoformat().replace("+00:00", "Z")


def day_of(value: object, day_first: bool | None = None) -> date | None:
    """Give the day that a date is of, as it is written; None where `read_date` finds none.

    Examples
    --------
    >>> day_of("2024-06-01T23:30:00-05:00"), day_of("2024")
    (datetime.date(2024, 6, 1), None)
    """
    found = read_date(value, day_first)
    return found.date() if isinstance(found, datetime) else found


def instant_of(moment: date) -> datetime:
    """Give a point in time that dates compare by: midnight where only a day is told, and UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def day_first_among(values: Iterable[object]) -> bool | None:
    """Tell whether the dates of one column put the day first, as 30/05/2024 alone can show.

    None where no value tells, or where they contradict each other.

    Examples
    --------
    >>> day_first_among(["01/06/2024", "30/05/2024"]), day_first_among(["01/06/2024"])
    (True, None)
    """
    told = set()
    for value in values:
        found = (
            _NUMERIC.fullmatch(value.strip()[:MAX_CHARACTERS]) if isinstance(value, str) else None
        )
        if found and found[2] != ".":
            first, second = int(found[1]), int(found[3])
            if (first > 12) != (second > 12):
                told.add(first > 12)
    return told.pop() if len(told) == 1 else None


def _of_digits(text: str) -> date | datetime | None:
    """Read 20250716, 20250716103000, or what passed since 1970."""
    if found := _DIGITS.fullmatch(text):
        numbers = [int(part) for part in found.groups() if part]
        try:
            return date(*numbers) if len(numbers) == 3 else datetime(*numbers)  # type: ignore[arg-type]
        except ValueError:
            pass
    if _EPOCH.fullmatch(text):
        for unit in _EPOCH_UNITS:
            if int(float(text)) // unit in _EPOCH_SECONDS:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text) / unit)
    return None if text.isdecimal() else _of_iso(text)


def _of_text(text: str, day_first: bool | None) -> date | datetime | None:
    if (found := _MAIL.fullmatch(text)) and found[2] in _MONTHS:
        day, month, year, *clock = found.groups("0")[:6]
        hour, minute, second = map(int, clock)
        zone = _zone(found[7], None)
        return datetime(
            int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=zone
        )
    if found := _NUMERIC.fullmatch(text):
        one, two = int(found[1]), int(found[3])
        if found[2] == ".":
            day_first = True
        elif one == two or one > 12 or two > 12:
            day_first = one > 12
        elif day_first is None:
            return None
        at, of = (one, two) if day_first else (two, one)
        text = f"{date(_year(found[4]), of, at)}{found[5]}"
    elif found := _YEAR_FIRST.fullmatch(text):
        text = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}{found[4]}"
    try:
        return _of_iso(text)
    except ValueError:
        return _of_words(text)


def _year(digits: str) -> int:
    """Read a year; of two digits as POSIX does, 69 to 99 being of the last century."""
    year = int(digits)
    if len(digits) == 2:
        year += 1900 if year >= 69 else 2000
    return year


def _of_iso(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _of_words(text: str) -> date | datetime | None:
    """Read a date with a month's name, or with anything behind it, by dateutil."""
    from dateutil.parser import ParserError

    if not _A_YEAR.search(text):
        text, found = _TWO_DIGIT_YEAR.subn(lambda m: f"{m[1]}{_year(m[2])}", text)
        if found != 1:
            return None
    # What a text leaves open, the parser takes from a day that it is given; two of them tell.
    days = (datetime(2001, 1, 1, 1, 1, 1, 1), datetime(2002, 2, 2, 2, 2, 2, 2))
    one: datetime
    other: datetime
    try:
        one, other = (_parser().parse(text, default=day, tzinfos=_zone) for day in days)
    except (ParserError, TypeError, AttributeError, ArithmeticError):
        return None
    if one.date() != other.date():
        return None
    if one.hour != other.hour or one.minute != other.minute:
        return one.date()
    return one if one.second == other.second else one.replace(second=0, microsecond=0)


@cache
def _parser() -> Any:
    from dateutil.parser import parser

    return parser()


def _zone(name: str | None, offset: int | None) -> timezone | None:
    """Give a zone; None where its name alone doesn't tell which. Raises ValueError."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name and name[0] in "+-":
        sign = -1 if name[0] == "-" else 1
        return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[3:])))
    hours = _ZONES.get((name or "").upper())
    return None if hours is None else timezone(timedelta(hours=hours))
