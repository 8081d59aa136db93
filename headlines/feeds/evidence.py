"""Evidence: what a line of a page or a mail can be known by, wherever it stands.

Every expression here is matched against one short line at a time, and none holds a repetition
within a repetition that could match the same characters: the cost of a line is that of reading it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from headlines.feeds.phrases import AGENCIES, BUTTONS, NAMES, PAPERS, SECTIONS

MAX_CHARACTERS = 200
"""A longer line is no furniture, but for links and calls to the reader."""

MAX_LABEL_WORDS = 4
"""Words of a name, a section or a byline's part at the most."""

MIN_MARKS = 4
"""Lines of menus and buttons, or their like, that show a page."""

MAX_PLAIN = 40
"""A longer line has to begin as furniture does to be examined."""

MAX_PART_BLANKS = 8
"""Blanks in a part of such a line at the most."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Mark(StrEnum):
    """What a line can be known by, wherever it stands; the surest first."""

    STAMP = "stamp"  # `4 hours ago`, `3 min read`, `128 comments`, a bare link: never a headline
    BUTTON = "button"  # `Sign in`, `Read more`, `Unsubscribe`: what only a site or a mail says
    SIGN = "sign"  # `14:05`, `July 16, 2025`, `By A. Writer`, `Photo: AP`: seldom a headline
    NAME = "name"  # `Search`, `Twitter`, `Home`: names and topics too


_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\ ?[ap]\.?m\.?)?|\d{1,2}\ ?[ap]\.?m\.?"
_ZONE = r"(?:gmt|utc|[bcemp][sde]?[st]t|eest|cest|msk|ist|jst|et|pt|ct)(?:[+-]\d{1,4})?"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = (
    rf"(?:{_DAY}\.?,?\ )?(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}"
    rf"|{_MONTH}\ \d{{1,2}}(?:st|nd|rd|th)?,?\ \d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\.?\ {_MONTH},?\ \d{{4}})"
)
_UNIT = r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|mos?|months?)"
_VERB = (
    r"(?:(?:last\ |first\ )?(?:updated|published|posted|modified|edited|created|joined|sent|added"
    r"|live)(?:\ (?:on|at))?:?\ )"
)
AGO = (
    rf"(?:(?:about\ |over\ )?(?:\d+|an?)\ ?{_UNIT}\.?\ ago|just\ now|moments\ ago"
    r"|(?:vor|il\ y\ a|hace|h[áa])\ \d+\ [^\W\d_]+"
    r"|\d+\ [^\W\d_]+\.?\ (?:назад|тому|temu|geleden|fa|atrás|sedan)"
    r"|\d+\ ?(?:分钟|分鐘|小时|小時|天|時間|分|시간|분|日)[前전])"
)
_COUNT = r"\d[\d.,]*\ ?[km]?"
_STAMP = re.compile(
    rf"""(?x) (?:
      {_VERB}?{AGO}
    | {_VERB}(?:{_DATE},?\ ?)?(?:at\ )?(?:{_TIME})?(?:\ {_ZONE})?
    | {_DATE},?\ (?:at\ |-\ )?(?:{_TIME})(?:\ {_ZONE})?
    | {_COUNT}\ ?[-\ ]?min(?:ute)?s?\ (?:read|listen|watch|video)
    | (?:reading\ time|read|listen|watch|duration):?\ {_COUNT}\ ?min(?:ute)?s?(?:\ read)?
    | {_COUNT}\ (?:comment|reply|replie|share|like|view|retweet|repost|upvote|point)s?
    | comments?\ ?\(\d[\d.,]*\)?
    | {_COUNT}\ points?\ by\ \S+\ .{{0,120}}\bago\b.{{0,60}}
    | (?:submitted|posted)\ (?:by\ \S+\ )?{AGO}(?:\ by\ \S+)?(?:\ to\ \S+)?
    | posted\ by\ u/\S+(?:\ {AGO})?
    )"""
)
_PICTURES = r"(?:ap|afp|reuters|epa|tass|getty(?:\ images)?|shutterstock|alamy|unsplash)"
_SIGN = re.compile(
    rf"""(?x) (?:
      (?:{_TIME})(?:\ {_ZONE})? | {_DATE} | {_MONTH}\ \d{{1,2}} | \d{{1,2}}\.?\ {_MONTH}
    | {_DAY},?\ (?:{_MONTH}\ \d{{1,2}}|\d{{1,2}}\.?\ {_MONTH})
    | \d{{1,3}}\ ?(?:s|secs?|m|mins?|minutes?|h|hrs?|hours?|d)\.?
    | \(?{_PICTURES}\ ?(?:photo|images?)?\ ?/\ ?.{{1,60}} | .{{1,40}}\ ?/\ ?{_PICTURES}\)?
    | (?:\#\w+[\ ,]*){{1,20}}
    | (?:from|to|cc|reply-to|return-path|delivered-to):\ .{{0,120}}[^\s@]@[^\s@].{{0,120}}
    | (?:date|sent|received):\ .{{0,80}}\d{{4}}.{{0,80}}
    | (?:mime-version|content-[a-z-]{{4,20}}|list-[a-z-]{{2,20}}|message-id):\ .{{1,180}}
    | (?:r|u)/\w+ | @\w+ | \[\d+\ comments?\]
    )"""
)
# `By A. Writer`: capitalised names and what joins them, where case says something.
_BYLINE = re.compile(
    r"(?:[Bb]y|BY|(?:Photo(?:graph)?s?|Illustrations?|Pictures?|Text|Words|Story|Author"
    r"|Written|Reported|Reporting|Compiled|Edited)(?::|\ by:?))\ "
    r"(?=\S)(.{2,100})"
)
LINKS = frozenset(
    {"and", "&", "de", "da", "del", "van", "von", "der", "den", "la", "le", "el", "al", "bin", "in"}
)

_DESKS = {"news", "desk", "staff", "correspondent", "reporter", "reporters", "editor", "agencies"}

_KNOWN = (
    dict.fromkeys(NAMES, Mark.NAME)
    | dict.fromkeys(BUTTONS, Mark.BUTTON)
    | dict.fromkeys(("today", "yesterday"), Mark.SIGN)
)

# Buttons with something in them that changes.
_BUTTON = re.compile(
    r"""(?x) (?:
      skip\ to\ (?:\w+\ ){0,2}(?:content|navigation|footer|index|search|menu)
    | (?:sign|log)[\ -](?:in|up|out|on)\ (?:to|with|for|here|now|using)\b.{0,30}
    | subscribe\ (?:to\ our\b.{0,80}|(?:for|from)\ [$€£]\d.{0,30})
    | share\ on\ \w+ | follow\ us\ on\b.{0,40}
    | (?:read|view|see|show|load)\ (?:more|all)\ (?:about|on|from|of|in|»|›|→|>|(?:\w+\ )?(?:news
      |stories|results|articles|comments|headlines|posts|videos|topics)).{0,30}
    | more\ (?:from|on)\ (?:the\ |this\ )?\w+(?:\ \w+)? | comments?\ \(\d+\)
    | continue\ reading\ (?:with|for|below)\b.{0,60}
    | we\ value\ your\ privacy.{0,80}
    | page\ \d+ | (?:list|page|item|slide|image|photo)\ \d+\ of\ \d+
    | (?:our\ )?merchandise\ \([^()]{1,40}
    | support\ (?:our|independent)\ (?:journalism|work|reporting|newsroom|mission|site)
    | become\ a\ (?:member|supporter|patron|subscriber)(?:\ (?:now|today))?
    | download\ (?:the|our)\ (?:\w+\ ){0,2}app.{0,40} | get\ (?:the|our)\ (?:app|newsletter).{0,60}
    | all\ rights\ reserved.{0,80}
    | (?:daily|weekly|as-it-happens)\ (?:update|digest)\ (?:[·|-]|⋅).{1,60}
    | (?:you(?:'|’)?(?:re|\ are|\ have|\ received|\ got)\ )
      (?:receiv|getting\ this|this\ e?-?mail).{1,160}
    | (?:on|am|le)\ .{6,80}\ (?:wrote|schrieb|a\ écrit):?
    | (?:image|video|media|photo)\ (?:source|caption),?\ .{1,180}
    | (?:via\ )?(?:getty\ images|shutterstock|istock|alamy)
    | (?:file|handout)\ (?:photo|image|picture)\b.{0,160}
    | -{2,}\ ?forwarded\ message\ ?-{2,} | begin\ forwarded\ message
    )"""
)

# How what is longer than `MAX_PLAIN` begins: a quick no for most headlines.
_BEGINNING = re.compile(
    r"""(?x) \d | [\w-]{2,25}: | \#
    | (?:about|all|an?|as-it|am|ap|afp|become|begin|by|continue|daily|download|edited|file|first
      |follow|get|getty|handout|hace|illustration|image|just|last|le|log|media|more|on|over|photo
      |pictures?|posted|published|read|received|reuters|see|share|show|sign|sub|support|text|updated|video|view
      |via|vor|watch|we|weekly|words|written|story|author|report|compiled|you)"""
)
_LINK = re.compile(r"<?(?:https?://|www\.)[^\s<>\"]+>?")
_JOINTS = ("|", "·", "•", "⋅", "∙", " - ", " – ", " — ", " / ", "\t", "   ")
_PARTS = re.compile("|".join(map(re.escape, _JOINTS)))
_ODD = re.compile(r"[\d:/#@]")
EDGES = " \t-–—|·•*<>»›→←▶►…:.,()[]"

# Behind a small letter, a figure or a quotation mark: `U.S. and F.L. Smith` has no end in it.
SENTENCE_END = re.compile(r"(?<=[^\WA-Z_]|[\"'”’)%])[.!?][\"'”’)\]]*(?=\s|$|[A-Z])")
_QUOTED = re.compile(r"(?:> ?){1,9}")


def mark_of(line: str) -> Mark | None:
    """Say what a stripped line can be known by, wherever it stands; None for most lines."""
    if ("://" in line or line.startswith("www.")) and _LINK.search(line):
        rest = _LINK.sub(" ", line).strip(EDGES)
        return mark_of(rest) if rest else Mark.STAMP
    if len(line) > MAX_CHARACTERS:
        return None
    bare = line.strip(EDGES)
    said = bare.casefold()
    known = _KNOWN.get(said)
    if known or not bare:
        return known
    if line.endswith(":") and " / " in line and words_of(line) <= 8:
        return Mark.SIGN  # `A. Writer / Site:`, as above the titles of aggregators
    if len(bare) > MAX_PLAIN and not _BEGINNING.match(said):
        return _mark_of_parts(line)
    if _BUTTON.fullmatch(said):
        return Mark.BUTTON
    if is_byline(bare):
        return Mark.SIGN
    if _ODD.search(bare) or said.endswith(("ago", "now")):
        if _STAMP.fullmatch(said):
            return Mark.STAMP
        if _SIGN.fullmatch(said) or _SIGN.fullmatch(line.casefold()):
            return Mark.SIGN
    return _mark_of_parts(line)


def link_of(line: str) -> str | None:
    """Give the first link in a line."""
    found = _LINK.search(line)
    return found[0].strip("<>()[]") if found else None


def _mark_of_parts(line: str) -> Mark | None:
    """Judge a line of several parts, as `Reuters · 4 hours ago` and `Unsubscribe | Alerts` are."""
    if not any(joint in line for joint in _JOINTS) or line.count(" ") > 3 * MAX_PART_BLANKS:
        return None
    parts = [part.strip() for part in _PARTS.split(line)]
    if any(part.count(" ") > MAX_PART_BLANKS for part in parts):
        return None
    marks = {part: mark_of(part) for part in parts if part}
    unknown = [part for part, mark in marks.items() if mark is None]
    if not unknown:
        return next(mark for mark in Mark if mark in marks.values())
    few = 0 if " - " in line else 2
    for mark in (Mark.STAMP, Mark.SIGN):
        if mark in marks.values() and all(words_of(p) <= few or is_label(p) for p in unknown):
            return mark
    if Mark.BUTTON in marks.values() and all(words_of(p) <= MAX_LABEL_WORDS for p in unknown):
        return Mark.BUTTON
    return None


def is_byline(line: str) -> bool:
    """Say whether a line is `By` and the names of people: none but capitalised words."""
    found = _BYLINE.fullmatch(line)
    if not found:
        return False
    words = found[1].replace(",", " ").split()
    return len(words) <= 8 and all(
        word[0].isupper() or word in LINKS or word in _DESKS for word in words
    )


def words_of(line: str) -> int:
    """Count words; two characters of a script without blanks are one."""
    words = len(WORD.findall(line))
    if line.isascii():
        return words
    unspaced = sum("\u0e00" <= c <= "\u0eff" or "\u3040" <= c <= "\u9fff" for c in line)
    return words + max(0, unspaced // 2 - 1)


def is_label(line: str) -> bool:
    """Say whether a line names a section or a publisher, and nothing else."""
    words = [word.strip(".,:;!?()[]") for word in line.casefold().split()]
    if not 0 < len(words) <= MAX_LABEL_WORDS + 1 or len(line) > MAX_CHARACTERS:
        return False
    if all(word in SECTIONS for word in words) or (words[0] in AGENCIES and len(words) <= 2):
        return True
    small = {word for word in line.split() if not word[0].isupper()}
    if len(words) > MAX_LABEL_WORDS or small - LINKS - {"of"}:
        return False
    if words[0] == "the":
        return words[-1] in PAPERS or words[1:2] == ["daily"]
    return words[-1] in PAPERS and len(words) <= 3


@dataclass(frozen=True)
class MarkedText:
    """The lines of a text, and what some of them are known by."""

    lines: Sequence[str]  # stripped
    filled: Sequence[int]  # places of those that aren't blank
    marks: dict[int, Mark]
    paragraphs: set[int]

    @classmethod
    def of(cls, lines: Sequence[str]) -> MarkedText:
        """Examine the lines of a text."""
        stripped = [unquoted(line) for line in lines]
        filled = [i for i, line in enumerate(stripped) if line]
        lengths = sorted(len(stripped[i]) for i in filled)
        typical = lengths[len(lengths) // 2] if lengths else 0
        marks = {i: mark for i in filled if (mark := mark_of(stripped[i])) is not None}
        paragraphs = {i for i in filled if is_paragraph(stripped[i], typical)}
        return cls(stripped, filled, marks, paragraphs)

    def count(self, *marks: Mark) -> int:
        """Count lines of these marks."""
        return sum(mark in marks for mark in self.marks.values())

    def distinct(self, *marks: Mark) -> int:
        """Count the different lines of these marks."""
        return len({self.lines[i].casefold() for i, mark in self.marks.items() if mark in marks})


def unquoted(line: str) -> str:
    """Take the `>` off with which mails quote, and blanks; a title that begins with one keeps it.

    Examples
    --------
    >>> unquoted("> > Floods Hit Siberia"), unquoted(">100 Killed in Siberia")
    ('Floods Hit Siberia', '>100 Killed in Siberia')
    """
    line = line.strip()
    if line.startswith(("> ", ">>", ">\xa0")) or line == ">":
        found = _QUOTED.match(line)
        line = line[found.end() :].strip() if found else line
    return line


def is_paragraph(line: str, typical: int) -> bool:
    """Several sentences of running text, far longer than the lines around it."""
    return (
        len(line) >= max(200, 2.5 * typical)
        and len(SENTENCE_END.findall(line)) >= 2
        and not is_title_case(line)
    )


def is_title_case(line: str) -> bool:
    """Say whether most words of more than three letters are capitalised."""
    words = [w for w in WORD.findall(line) if len(w) > 3]
    return bool(words) and sum(w[0].isupper() or w[0].isdigit() for w in words) >= 0.6 * len(words)
