"""List furniture: what lists, tickers and sites set around a title, on its own line.

A number in a list, a bullet, a box to tick, a time or date before it; a note such as `(Updated)`,
`4 hours ago` or `3 min read` behind it; a publisher and a time after tabs. A title that begins
with a number of its own keeps it: ``5 Killed``, ``1. FC Köln``, ``10:10 Campaign``, ``9/11 Trial``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from headlines.feeds.dates import iso_date
from headlines.feeds.publishers import taken_apart

_SEPARATOR = r"(?:\s*[-–—|:·•»>,]{1,2}\s+|\s+[-–—|:·•»>]\s*)"
_CLOCK = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
_DOTTED = r"(?:[01]?\d|2[0-4])[.h][0-5]\d"
_HALF = r"(?:\s?(?:[ap]\.?m\b\.?|[AP]\.?M\b\.?))"
_ZONE = (
    r"(?:\s?(?:Z|ET|E[SD]T|PT|P[SD]T|CT|C[SD]T|MT|GMT|UTC|BST|CES?T|EES?T|MSK|IST|JST|Uhr|hrs?"
    r"|[+-]\d\d:?\d\d)\b)"
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b[.,]*\s)?"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_OF = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)\d\d"
_FIGURES = (
    rf"(?:{_YEAR}(?:-{_OF}-{_DAY}|/{_OF}/{_DAY}|\.{_OF}\.{_DAY})|{_DAY}\.{_OF}\.{_YEAR}"
    rf"|{_DAY}/{_DAY}/{_YEAR}|{_DAY}-{_OF}-{_YEAR})(?!\d)"
)
_SHORT_FIGURES = rf"(?:{_DAY}\.{_OF}\.\d\d|{_DAY}/{_DAY}/\d\d)(?!\d)"
_WORDS = (
    rf"(?i:{_WEEKDAY}(?:{_MONTH}\s{_DAY}(?:st|nd|rd|th)?,?\s{_YEAR}"
    rf"|{_DAY}(?:st|nd|rd|th|\.)?[\s-]{_MONTH},?[\s-]{_YEAR})\b)"
)
_TIME = rf"(?:{_CLOCK}{_HALF}?|{_DOTTED}(?:{_HALF}|(?=\s?Uhr))|1?\d{_HALF}){_ZONE}?"
_UNIT = (
    r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|mo|mos|months?"
    r"|y|yrs?|years?)"
)
_AGO = rf"(?:(?:about|over)\s)?(?:\d{{1,3}}\s?{_UNIT}|an?\s(?:minute|hour|day|week))\sago"
_READ = r"(?:\d{1,3}|one|two|three|four|five)[ -]?min(?:ute)?s?\.?[ -]read"

_MEDIA = (
    r"(?:videos?|photos?|pictures|pics|images|gallery|photo gallery|slideshow|audio|podcast"
    r"|infographics?|graphic|map|pdf|watch|watch live|listen|live|live updates?|live blog|liveblog"
    r"|as it happened|in pictures|in photos|video report|live stream|livestream|transcript)"
)
_NOTE = re.compile(
    rf"(?i)(?:(?:with|\+|see|includes)\s?)?{_MEDIA}(?:(?:\s?[,/&+]\s?|\sand\s){_MEDIA}){{0,3}}"
    r"|(?:last\s)?(?:updat(?:e|ed|es|ing)|correct(?:ed|ion)|revised|refiled?|republished|repost)"
    rf"(?:\s?[:#-]?\s?(?:(?:at|on)\s)?(?:\d|{_MONTH})[\w:./,\s-]{{0,28}}|\swith\s{_MEDIA})?"
    r"|developing(?:\sstory)?|breaking|just in|sponsored|promoted|advertorial|paywall|paid"
    r"|subscribers? only|subscription|premium|free(?:\sto read)?|nsfw|redirect|repeat"
    rf"|opens in (?:a )?new (?:tab|window)|{_READ}|{_AGO}|\d+ comments?"
)
_SUFFIX = re.compile(
    rf"(?i){_MEDIA}|updated?(?:\s?[:#-]?\s?\d[\w:./,\s-]{{0,28}})?|corrected|developing(?:\sstory)?"
    rf"|{_READ}|{_AGO}|\d+ comments?|just now"
)
_AGE = re.compile(rf"(?i){_AGO}|just now")
_SHORT_AGO = re.compile(r"\d{1,2}\s?(?:s|m|h|d|w|min|mins|hrs?)")
_BARE_READ = re.compile(r"(?i)(?<!\ba)(?<!\ban)(?:^|\s)\d{1,3}[ -]min(?:ute)?s?\.?[ -]read$")
_BARE_AGO = re.compile(
    r"(?:^|\s)\d{1,3}\s(?:seconds?|mins?|minutes?|hours?|hrs?|days?|weeks?)\sago$"
)

_BULLET = re.compile(
    r"(?:[-*+–—>»›→·•‣⁃∙▸▹➜➤➔✓✔✗✘☐☑☒]\ufe0f?(?:\s+|$)"
    r"|[•‣◦▪▫■□●○◆◇►▶▻❖➢➤☐☑✅🔹🔸🔷🔶🔺🔻👉]\ufe0f?\s*"
    r"|\[[ xX]?\](?:\s+|$))+"
)
_NUMBER = re.compile(
    r"(?:(\d{1,4})\.\)?\s+|(\d{1,4})\)\s*|\(\s?(\d{1,3})\s?\)[.:]?\s+|\[\s?(\d{1,3})\s?\][.:]?\s+"
    r"|\#\s?(\d{1,4})(?:[.:)]|\s[-–—|])?\s+|[(\[](\d{1,3})/\d{1,3}[)\]]\s+|(\d{1,3})/\s+"
    r"|\(?[a-h]\)\s+)(?=\S)"
)
# Ordinals: of clubs, leagues and days, as languages write them that put a full stop behind one.
_ORDINAL = re.compile(
    r"(?:1?\. )?(?:FC|FFC|FSV|SV|TSV|VfB|VfL|VfR|CfR|FCK|FCN|FCM|FCU|FCH|HFC"
    r"|(?:Fu(?:ß|ss)ball-?)?(?:Bundesliga|Liga|Division|Klasse|Spieltag|Runde|Etappe|Platz|Stock|Mal"
    r"|Weltkrieg|Jahrestag|Geburtstag|Todestag|Jahrhundert|Tag|Woche|Senat|Kammer|Armee|Advent"
    r"|Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|[Jj]anuar|[Ff]ebruar|[Mm]ars|[Mm]arts|[Mm]aj|[Mm]ai|[Jj]uni|[Jj]uli|[Oo]ktober|[Dd]esember"
    r"|[Dd]ecember))\b"
)
_RANKED = re.compile(
    r"(?:[a-z]|(?:Seed|Song|Album|Single|Hit|Movie|Film|Show|Game|Book|Pick|Overall|Team|Player"
    r"|Draft|Ranked|Ranking|Best|Worst|Reason|Rule|Tip|Spot|Party|Fan|Best-?[Ss]eller)\b)|.*#\d"
)
_PLAIN_NUMBER = re.compile(r"(?:19|20)\d\d")


@functools.cache  # it takes long to compile
def _bracketed() -> re.Pattern[str]:
    """A date or time in brackets."""
    return re.compile(
        rf"[\[(]\s?(?:(?P<date>{_FIGURES}|{_SHORT_FIGURES}|{_WORDS})(?:[T,]?\s?(?P<clock>{_TIME}))?"
        rf"|(?P<time>{_TIME})(?:,?\s(?P<day>{_FIGURES}|{_SHORT_FIGURES}|{_WORDS}))?)\s?[\])]"
        rf"(?:{_SEPARATOR}|\s*)"
    )


@functools.cache  # it takes long to compile
def _dated() -> re.Pattern[str]:
    """A date and what sets it apart."""
    return re.compile(
        rf"(?:(?P<date>{_FIGURES})(?:(?:T|,?\s(?:at\s)?)(?P<clock>{_TIME}))?"
        rf"(?:{_SEPARATOR}|\s+|$)"
        rf"|(?P<short>(?:{_SHORT_FIGURES}|{_WORDS}))(?:,?\s(?:at\s)?(?P<hour>{_TIME}))?(?:{_SEPARATOR}|$)"
        rf"|(?P<words>{_WORDS}),?\s(?:at\s)?(?P<moment>{_TIME})(?:\s+|$))"
    )


_TIMED = re.compile(
    rf"(?:(?:(?:Today|Yesterday),?\s(?:at\s)?)?(?P<time>{_TIME})(?:\s?[-–]\s?{_CLOCK}{_HALF}?)?"
    rf"(?:{_SEPARATOR}|$)"
    rf"|(?P<exact>(?:{_CLOCK}|{_DOTTED}){_HALF}{_ZONE}?|{_TIME}(?<=Uhr)|{_CLOCK}\s?(?:GMT|UTC|BST|CES?T|E[SD]T|P[SD]T|MSK)\b"
    rf"|(?:[01]?\d|2[0-4]):[0-5]\d:[0-5]\d)\s+"
    rf"|(?P<bare>{_CLOCK})\s+(?=\S))"
)
# What a time that is the title's own names: `10:10 Campaign`, `3:10 to Yuma`.
_OWN_TIME = re.compile(
    r"(?i:Campaign|Train|Flight|Bus|Ferry|Express|Kick-?off|Deadline|Curfew|Service|Show|Mass"
    r"|Screening|Slot|Bulletin|Edition|Marathon|Mile|Barrier|Mark|Record|Project|Movement|Club"
    r"|Ratio|Scale|Split|to|till|until)\b"
)
_SMALL = re.compile(r"[a-z]+\b")
_DOTTED_TIMED = re.compile(rf"(?P<time>{_DOTTED})(?:\s?Uhr)?{_SEPARATOR}(?=\S)")
_AGED = re.compile(
    rf"(?:(?:{_AGO}|[Jj]ust now)(?:\s?[-–—|·•»]\s*|$)"
    rf"|\d{{1,3}}\s(?:mins?|minutes?|hours?|hrs?)\sago\s+(?=[A-Z\"'“‘])"
    rf"|\d{{1,2}}\s?(?:s|m|h|d|min|mins|hrs?)\s?[|·•]\s*|(?i:{_READ})(?:{_SEPARATOR}|$))"
)
_LABELLED = re.compile(r"[\[(]\s?([^\[\]()]{2,40}?)\s?[\])](?:\s*[-–—:|]+)?(?:\s+|$)")
_RULE = re.compile(r"[-–—*_=~#•·|+.\s>]*")
_AROUND = " -–—|:·•»>,"
_JOINTS = (" - ", " – ", " — ", " | ", " · ", " • ", " -- ", ", ")


def without_furniture(title: str) -> tuple[str, dict[str, Any]]:
    """Give a title without what was set around it, and what that says: rank, time, date, note.

    Nothing is left of a line that is nothing else. White space is single blanks, before and after.

    Examples
    --------
    >>> without_furniture("12) 10:45 Oil Hits Record (Updated) - 3 min read")
    ('Oil Hits Record', {'note': 'Updated', 'rank': 12, 'time': '10:45'})
    >>> without_furniture("1. FC Köln Wins"), without_furniture("5 Killed in Kharkiv")
    (('1. FC Köln Wins', {}), ('5 Killed in Kharkiv', {}))
    """
    if _RULE.fullmatch(title):
        return "", {}
    told: dict[str, Any] = {}
    end = _end_of(title, told)
    start = _start_of(title[:end], told)
    return title[start:end].strip(), told


def _start_of(title: str, told: dict[str, Any]) -> int:
    """Give where a title begins behind what lists set before it."""
    start = 0
    while start < len(title):
        if found := _BULLET.match(title, start):
            pass
        elif found := _numbered(title, start):
            number = next(filter(None, found.groups()), None)
            if number:
                told.setdefault("rank", int(number))
        elif found := (
            (title[start] in "[(" and _bracketed().match(title, start))
            or (title[start].isalnum() and _dated().match(title, start))
            or _timed(title, start)
            or _DOTTED_TIMED.match(title, start)
        ):
            _tell_moment(found.groupdict(), told)
        elif found := _AGED.match(title, start):
            _tell_note(found[0].strip(_AROUND), told)
        elif (found := _LABELLED.match(title, start)) and _NOTE.fullmatch(found[1]):
            _tell_note(found[1], told)
        else:
            break
        start = found.end()
    return start


def _numbered(title: str, start: int) -> re.Match[str] | None:
    """Find the number of a list; None where it is the title's own."""
    found = _NUMBER.match(title, start)
    if not found:
        return None
    if found[1] and (_PLAIN_NUMBER.fullmatch(found[1]) or _ORDINAL.match(title, found.end())):
        return None
    if found[5] and found[0].strip() == f"#{found[5]}" and _RANKED.match(title, found.end()):
        return None
    return found


def _timed(title: str, start: int) -> re.Match[str] | None:
    """Find the time of a ticker; None where it is the title's own, in company of small letters."""
    found = _TIMED.match(title, start)
    if found and found["bare"]:
        own = _OWN_TIME.match(title, found.end())
        if own or (_SMALL.match(title, found.end()) and not title[found.end() :].islower()):
            return None
    return found


def _end_of(title: str, told: dict[str, Any]) -> int:
    """Give where a title ends before notes and what tells its age."""
    end = len(title)
    while end:
        while title[end - 1 : end] == " ":
            end -= 1
        tail = title[max(0, end - 64) : end]
        if tail[-1:] in {")", "]"}:
            opened = tail.rfind("(" if tail[-1] == ")" else "[")
            if opened >= 0 and _NOTE.fullmatch(tail[opened + 1 : -1].strip()):
                _tell_note(tail[opened + 1 : -1].strip(), told)
                end -= len(tail) - opened
                continue
        if cut := _suffix(tail):
            _tell_note(tail[-cut:].strip(_AROUND), told)
            end -= cut
            continue
        if found := _BARE_READ.search(tail) or (_is_title_case(title) and _BARE_AGO.search(tail)):
            _tell_note(found[0].strip(), told)
            end -= len(tail) - found.start()
            continue
        break
    if end < len(title):
        while end and title[end - 1] in _AROUND:
            end -= 1
    return end


def _suffix(tail: str) -> int:
    """Give how many characters a note behind a dash, bar or point takes at the end of a title."""
    for joint in _JOINTS:
        place = tail.rfind(joint)
        if place < 0:
            continue
        said = tail[place + len(joint) :].strip()
        if joint == ", ":
            if re.fullmatch(rf"(?:{_AGO}|{_READ})", said):
                return len(tail) - place
        elif _SUFFIX.fullmatch(said) or (joint in _JOINTS[3:6] and _SHORT_AGO.fullmatch(said)):
            return len(tail) - place
    return 0


def _tell_note(note: str, told: dict[str, Any]) -> None:
    if not re.fullmatch(rf"(?i){_READ}", note):  # which says nothing of the story
        aged = _AGE.fullmatch(note) or _SHORT_AGO.fullmatch(note)
        told.setdefault("age" if aged else "note", note)


def _tell_moment(found: Mapping[str, str | None], told: dict[str, Any]) -> None:
    day = next((found[k] for k in ("date", "day", "short", "words") if found.get(k)), None)
    names = ("clock", "time", "hour", "moment", "exact", "bare")
    clock = next((found[k] for k in names if found.get(k)), None)
    if clock:
        told.setdefault("time", clock)
    if day:
        moment = iso_date(f"{day} {clock}") if clock else None
        told.setdefault("date", moment or iso_date(day) or day)


def _is_title_case(title: str) -> bool:
    """Most of the longer words begin with a capital, so that `hours ago` is none of them."""
    words = [word for word in title[:400].split() if len(word) > 3 and word[0].isalpha()]
    return len(words) > 2 and sum(word[0].isupper() for word in words) >= 0.6 * len(words)


def cell_of_title(cells: list[str]) -> tuple[int, dict[str, Any]] | None:
    """Tell which of the cells of a line with tabs is the title, and what the others say.

    None where they don't say: white space, then, that happens to be a tab. There has to be a time,
    a date, an age, a number or an address among them.

    Examples
    --------
    >>> cell_of_title(["10:45", "Oil Hits Record High", "Reuters"])
    (1, {'time': '10:45', 'publisher': 'Reuters'})
    """
    told: dict[str, Any] = {}
    left = []
    for i, cell in enumerate(cells):
        if re.fullmatch(r"#?\d{1,4}[.)]?", cell):
            told.setdefault("rank", int(cell.strip("#.)")))
        elif re.match(r"https?://\S+$", cell):
            told.setdefault("url", cell)
        else:
            rest, said = without_furniture(cell)
            if rest:
                left.append(i)
            else:
                told |= {name: value for name, value in said.items() if name not in told}
    if not told and len(left) == 2:
        # A name that would be known behind a bar is one behind a tab.
        parts = taken_apart(" | ".join(cells[i] for i in left))
        if parts.publisher and parts.publisher in [cells[i] for i in left]:
            told["publisher"] = parts.publisher
            return next(i for i in left if cells[i] != parts.publisher), told
    if not left or len(left) == len([cell for cell in cells if cell]):
        return None
    words = {i: len(cells[i].split()) for i in left}
    title = max(left, key=lambda i: (words[i] > 3, -i if words[i] > 3 else words[i]))
    others = [cells[i] for i in left if i != title]
    if others:
        told["publisher"] = others[0]
    if others[1:]:
        told["cells"] = others[1:]
    return title, told
