"""Clutter: lines that are known for it only where the text is a page or a mail."""

from __future__ import annotations

import re

from headlines.feeds.evidence import AGO, EDGES, MAX_CHARACTERS, is_label, mark_of, words_of

MAX_CALL = 1_000
"""A longer line is no call to the reader."""

# A field and its value, believed only on what is known to be a page or a mail.
_FIELD = re.compile(
    r"""(?ix) (?:
      (?:(?:ap|afp|file|handout)\ )?(?:photo|photograph|image|picture|illustration|graphic|credits?)
      (?:\ (?:by|credits?))?
    | tags?|tagged|topics?|filed\ under|categor(?:y|ies)|more|sponsored\ by|via
    | from|to|cc|bcc|subject|date|sent|reply-to|x-[\w-]{1,40}
    ):\ """
)


# Calls to the reader and offers: parts of a line that follow on one another, believed only on
# what is known to be a page. Each part is looked for once, behind the one before.
_PRICE = (
    r"[$€£]\ ?\d[\d.,]*\ ?(?:/|per|a|for)\ ?(?:your\ )?(?:first\ )?(?:week|month|year|day|issue)"
)
_CALLS = tuple(
    tuple(re.compile(part, re.IGNORECASE | re.VERBOSE) for part in parts)
    for parts in (
        (r"©|\(c\)\ ?(?:19|20)\d\d|^\W{0,9}copyright\b|\ball\ rights\ reserved\b",),
        (
            r"^\W{0,9}(?:contribute|donate|subscribe|advertise|sign\ up|log\ in|register|join"
            r"|follow|support|download|share|try|upgrade|get|become)\b",
            r"\bnewsletters?\b|\binbox\b|\bapp\b|\baccount\b|\bmembership\b|\bsubscri|\bvoluntary\b"
            r"|\bour\ (?:journalism|work|reporting|site|community|channel|podcast|team)\b"
            r"|\b(?-i:us)\b(?:\ (?:on|from|today|now)\b|\W{0,9}$)",
        ),
        (
            r"\b(?:unlimited|full|portal|digital|premium)\b",
            r"\baccess\b",
            r"\+|\d|[$€£]|month|year|subscri",
        ),
        (
            r"\b(?:support\ us|subscri\w{1,9}|access|trial|cancel|member(?:ship)?)\b",
            _PRICE,
        ),
        (r"\b(?:we|this\ (?:web)?site|this\ page)\ (?:use|uses)\ cookies\b",),
        (r"\bby\ (?:continuing|using)\b", r"\b(?:you\ agree|cookies|consent)"),
        (
            r"\b(?:our|your)\ (?:terms\ of\ (?:use|service)|privacy\ policy|cookie\ policy)\b"
            r"|\bagree\ to\b",
            r"(?:terms\ of\ (?:use|service)|privacy\ policy|cookie\ policy)\b",
        ),
        (r"\b(?:unsubscribe|opt\ out)\b", r"\b(?:here|e-?mails?|newsletter|list|click|time)\b"),
        (r"\bthis\ (?:e-?mail|newsletter|message)\ was\ sent\b|\breceived\ this\ e-?mail\b",),
        (r"\bjournalism\b", _PRICE),
        (r"^all\ quotes\ delayed\b|\bnot\ responsible\ for\ the\ content\b",),
        (
            r",[^,]*\d[^,]*\b(?:street|st|road|rd|avenue|ave|boulevard|blvd|suite|floor|square|lane)\b"
            r"|\bp\.?\ ?o\.?\ box\ \d",
            ",",
        ),
        (r"\bstraight\ to\ your\ inbox\b|\bin\ your\ inbox\b|\bto\ your\ inbox\b",),
    )
)
_AGO_AT_EDGE = re.compile(rf"(?ix) {AGO}\ \S+(?:\ \S+){{0,2}} | (?:\S+\ ){{1,4}}{AGO}")
_FIGURE = re.compile(r"[▲▼△▽↑↓+−-]?[$€£¥]?\d[\d.,:]*(?:[%°]?[CFcf]?|[KkMmBb]n?)|[▲▼△▽↑↓/|]+")
_READING = re.compile(r"\d+ ?°|\d%$|\d[.,]\d")


def is_furniture(line: str) -> bool:
    """Say whether a line of what is known to be a page is no headline, for what it says alone."""
    return (
        mark_of(line) is not None
        or bool(_FIELD.match(line))
        or is_call(line)
        or words_of(line) < 3
        or not any(map(str.isalpha, line))
        or is_label(line)
        or _is_menu(line)
        or _is_ticker(line)
        or _has_ago(line)
    )


def is_call(line: str) -> bool:
    """Say whether a line calls upon the reader, to subscribe, to agree, or says whose it is."""
    return len(line) <= MAX_CALL and any(_follow(parts, line) for parts in _CALLS)


def _follow(parts: tuple[re.Pattern[str], ...], line: str) -> bool:
    place = 0
    for part in parts:
        found = part.search(line, place)
        if not found:
            return False
        place = found.end()
    return True


def is_credit(line: str, owners: str = "") -> bool:
    """Say whether a line is a photographer's name and whom they work for, an owner or publisher."""
    for joint in ("/", " for "):
        person, found, whom = line.partition(joint)
        if found and 2 <= len(person.split()) <= 4 and len(whom) <= 60:
            names = all(word[0].isupper() for word in person.split())
            whose = whom.casefold().removeprefix("the ")
            return names and (joint == "/" or is_label(whom) or (whose != "" and whose in owners))
    return False


def _is_menu(line: str) -> bool:
    """Three or more short parts with bars or dots between them: `News | Opinion | Arts`."""
    if len(line) > MAX_CHARACTERS:
        return False
    parts = re.split(r"[|•·]", line)
    return len(parts) >= 3 and all(len(part.strip()) <= 25 for part in parts)


def _is_ticker(line: str) -> bool:
    """A widget's line, mostly figures: `Brent 68.71 +0.4%`, `Moscow 23°C`."""
    words = line.split()
    if not 2 <= len(words) <= 10 or not _READING.search(line):
        return False
    return 2 * sum(bool(_FIGURE.fullmatch(word.strip("(),;"))) for word in words) >= len(words)


def _has_ago(line: str) -> bool:
    """`Kherson front 4 hours ago`: a label with its time."""
    return bool(_AGO_AT_EDGE.fullmatch(line.strip(EDGES)))
