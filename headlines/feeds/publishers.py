"""Publishers, sections and lead words: what stands before and behind the words of a title.

It is told by knowledge (models/publishers.txt) and by the shape of both sides of a sign, and each
title for itself: the same title without its publisher has the same text.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from headlines.files import MODELS

MAX_NAME = 44
"""Characters of what may be cut: a longer one is no name of a publisher or section."""

_MANY = 4
"""How often something may be cut at each end."""

_BARS = "|·•»«¦｜"
"""Signs that pages set between a title and their own name, and writers seldom use."""

_BEHIND = re.compile(
    rf".*( [|｜¦]|[|｜¦] | (?:[{_BARS}/–—―-]|::) | ?-- ?)", re.DOTALL
)  # the last one
_BEFORE = re.compile(rf"(?:: | [|｜¦]|\| |｜ |¦ | (?:[{_BARS}–—―-]|::) | -- |-- )")
"""Each alternative begins with a sign of its own, which a search can look for."""
_SIGNED = re.compile(rf"[{_BARS}/–—―:-]")
"""What both look for has one of these."""
_BRACKETED = re.compile(rf"[\[(]([^\[\]()]{{1,{MAX_NAME}}})[\])]\s*(?:([-–—:|]+)\s*)?(?=\S)")
_CREDIT = re.compile(rf" ?[\[(]([^\[\]()]{{2,{MAX_NAME}}})[\])]$")
_SLUG = re.compile(
    r"((?:UPDATE|WRAPUP|CORRECTED|REFILE|RPT|EXCLUSIVE|ANALYSIS|FACTBOX|EXPLAINER|FEATURE|FOCUS"
    r"|INSIGHT|INTERVIEW|TIMELINE|BREAKINGVIEWS|SNAPSHOT|PREVIEW|BRIEF|SPECIAL REPORT)(?: \d\d?)?)"
    r"-(?=\S)"
)
_DOMAIN = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]{1,40}\.){1,4}"
    r"(?:com|org|net|info|news|media|press|tv|fm|online|today|live|site|io|co|me|eu|int|edu|gov|uk"
    r"|us|ru|ua|by|kz|de|at|ch|fr|be|nl|lu|it|es|pt|pl|cz|sk|hu|ro|bg|gr|cy|rs|hr|si|lt|lv|ee|fi|se"
    r"|no|dk|is|ie|tr|il|ir|ae|sa|qa|eg|ng|ke|za|gh|in|pk|bd|lk|np|sg|my|id|ph|th|vn|hk|tw|cn|jp"
    r"|kr|au|nz|ca|mx|br|ar|cl|pe|ve|ge|am|az|md|gg|ly)/?",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w[\w'’.-]*")

_STATIONS = frozenset({"FOX", "NBC", "ABC", "CBS", "CW", "BBC", "ITV", "NPR"})
_LINKS = frozenset({"of", "the", "and", "de", "&"})
_SMALL = frozenset({"euronews", "tagesschau", "taz", "dpa", "n-tv", "ntv"})


class Parts(NamedTuple):
    """A title taken apart.

    Attributes
    ----------
    text : str
        The title's own words.
    section : str or None
        Sections, lead words and other furniture of the page, from left to right.
    attribution : str or None
        Publishers and sources named beside the title, from left to right.
    publisher : str or None
        The one whose page or feed this is, where the way it is set says so.
    """

    text: str
    section: str | None = None
    attribution: str | None = None
    publisher: str | None = None

    def told(self) -> dict[str, Any]:
        """Give what was found beside the text, by the name that `Headline` has for it."""
        told = zip(self._fields[1:], self[1:], strict=True)
        return {name: value for name, value in told if value is not None}


@dataclass(frozen=True)
class _Known:
    """The groups of models/publishers.txt, case folded."""

    publishers: frozenset[str]
    quoted: frozenset[str]  # those that titles name as a source before a colon
    words: frozenset[str]  # names that are words too
    sections: frozenset[str]
    news: frozenset[str]  # last words of sections that are no topic
    sources: frozenset[str]  # notes on where a claim comes from
    notes: frozenset[str]  # other notes that begin with a small letter
    leads: frozenset[str]
    papers: frozenset[str]  # last words of papers' and stations' names
    plain: frozenset[str]  # words that those don't have before it
    empty: frozenset[str]  # words of a head that says nothing by itself


@functools.cache
def _known() -> _Known:
    groups: dict[str, set[str]] = {}
    group: set[str] = set()
    for line in (MODELS / "publishers.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = groups.setdefault(line.strip("[]"), set())
        elif line and not line.startswith("#"):
            group.add(_folded(line))
    return _Known(**{name: frozenset(names) for name, names in groups.items()})


def _folded(name: str) -> str:
    return name.strip().casefold().replace("’", "'")


def taken_apart(headline: str) -> Parts:
    """Cut a repaired title into its text and what a page has set around it.

    Examples
    --------
    >>> taken_apart("Opinion | Drone Hits Oil Depot – Bloomberg | The Guardian")
    Parts(text='Drone Hits Oil Depot', section='Opinion', attribution='Bloomberg, The Guardian',
          publisher='The Guardian')
    >>> taken_apart("What We Know So Far – Warsaw Blackout").text
    'What We Know So Far – Warsaw Blackout'
    """
    text = headline
    before: list[_Cut] = []
    behind: list[_Cut] = []
    while len(before) < _MANY and (found := _cut_before(text)):
        text, cut = found
        before.append(cut)
    while len(behind) < _MANY and (found := _cut_behind(text, behind[0].sign if behind else "")):
        text, cut = found
        behind.insert(0, cut)
    cuts = before + behind
    if not cuts:
        return Parts(headline)
    return Parts(
        text,
        ", ".join(cut.name for cut in cuts if not cut.is_attribution) or None,
        ", ".join(cut.name for cut in cuts if cut.is_attribution) or None,
        next((cut.name for cut in [*reversed(behind), *before] if cut.is_own), None),
    )


def lead_names() -> frozenset[str]:
    """Give all that may stand before a title and a colon, case folded."""
    known = _known()
    return known.leads | known.publishers | known.sections


def is_led(headline: str) -> bool:
    """Say whether what ends at a title's first colon is known."""
    return _kind_of_lead(headline[: MAX_NAME + 4].partition(": ")[0]) is not None


def is_slugged(headline: str) -> bool:
    """Say whether a title begins with an agency's slug."""
    return _SLUG.match(headline[:MAX_NAME]) is not None


class _Cut(NamedTuple):
    name: str
    is_attribution: bool
    is_own: bool = False  # the page's own, not one that the title refers to
    sign: str = ""  # what stood between it and the title


def _cut_before(text: str) -> tuple[str, _Cut] | None:
    """Give what is left without a section, lead word or publisher in front, and that."""
    if text[:1] in "[(" and (found := _BRACKETED.match(text)):
        name, rest = found[1].strip(), text[found.end() :]
        section = text[0] == "[" and found[2] is not None
        if section or (_kind_of_lead(name) and _size(rest) >= 2):
            return rest, _Cut(name, False)
        return None
    if found := _SLUG.match(text[:MAX_NAME]):
        return text[found.end() :], _Cut(found[1], False)
    found = _BEFORE.search(text[: MAX_NAME + 4])
    if not found or not found.start():
        return None
    name, sign, rest = text[: found.start()].strip(), found[0].strip(), text[found.end() :].strip()
    kind, size = _kind_of_lead(name), _size(rest)
    if kind == "lead" and size >= 2:
        return rest, _Cut(name, False)
    bar = sign in _BARS or sign == "::"
    named = bar or sign == "-" or (sign == ":" and _folded(name) in _known().quoted)
    if kind == "publisher" and size >= 3 and named:
        return rest, _Cut(name, True, sign != ":")
    if kind == "section" and size >= 3 and (bar or (sign in {"-", ":"} and _is_news(name))):
        return rest, _Cut(name, False)
    return None


def _is_news(section: str) -> bool:
    """Say whether a section's name is `World News` or the like: no topic that may be meant."""
    *words, last = _folded(section).split()
    return bool(words) and last in _known().news


def _kind_of_lead(name: str) -> str | None:
    folded, known = _folded(name), _known()
    if not folded[:1].isalnum():  # a siren or a red dot before `BREAKING`
        folded = folded.lstrip("".join(c for c in folded if not c.isalnum()))
    if folded in known.leads:
        return "lead"
    if folded in known.publishers:
        return "publisher"
    return "section" if folded in known.sections else None


def _cut_behind(text: str, outer: str) -> tuple[str, _Cut] | None:
    """Give what is left without a publisher or section behind a title, and that.

    `outer` is the sign before what was cut behind it, if anything was.
    """
    if text.endswith((")", "]")):
        found = _CREDIT.search(text[-MAX_NAME - 4 :])
        if found and (found[1].casefold() in _known().publishers or _DOMAIN.fullmatch(found[1])):
            head = text[: len(text) - len(found[0])].rstrip()
            return (head, _Cut(found[1], True)) if _size(head) >= 2 else None
        return None
    end = text[-MAX_NAME - 4 :]
    found = _BEHIND.match(end) if _SIGNED.search(end) else None
    if not found:
        return None
    head = text[: len(text) - len(end) + found.start(1)].rstrip()
    name, sign = end[found.end() :].strip(), found[1].strip()
    cut = _judge(head, name, sign, sign == outer) if head and name else None
    return (head, cut._replace(sign=sign)) if cut else None


def _judge(head: str, name: str, sign: str, is_inner: bool) -> _Cut | None:
    """Say what a name behind a title and a sign is; None where it belongs to the title.

    `is_inner` tells that another was cut behind it, after the same sign.
    """
    folded, known, size = _folded(name), _known(), _size(head)
    bar = sign in _BARS or sign == "::"
    if sign in "«»" and head.count("«") + head.count("»") and bar:
        return None  # a quotation
    is_name = folded in known.publishers and (bar or not name.islower() or name in _SMALL)
    if size >= 2 and (is_name or _DOMAIN.fullmatch(name)):
        return _Cut(name, True, bar or sign == "-")
    if sign == "/" or size < 3 - bar:
        return None
    if folded in known.sources:
        return _Cut(name, True)
    if folded in known.notes:
        return _Cut(name, False)
    if name[0].islower() and not bar:
        return None  # a word of the title
    if folded in known.words and (bar or sign == "-" or (len(name) > 3 and name.isupper())):
        return _Cut(name, True, True)
    told = bar or is_inner or (sign == "-" and len(name) > 3) or _is_news(name)  # `US` may say it
    if folded in known.sections and told:
        return _Cut(name, False)
    if _is_paper(name, size):
        return _Cut(name, True, bar or sign == "-")
    if bar and _is_furniture(head, name):
        return _Cut(name, False)
    return None


def _is_paper(name: str, size: int) -> bool:
    """Say whether an unknown name is set as papers' and stations' are: `Springfield Herald`."""
    words, known = name.split(), _known()
    if not 2 <= len(words) <= 4 or size < len(words) or not name[-1].isalnum():
        return False
    if not all(word[0].isupper() or word[0].isdigit() or word in _LINKS for word in words):
        return False
    first, *_, last = folded = [word.casefold() for word in words]
    if words[0] in _STATIONS:
        return words[1].isdigit() or last in known.papers
    if first == "the":
        folded = folded[1:]
    return last in known.papers and len(folded) > 1 and known.plain.isdisjoint(folded[:-1])


def _is_furniture(head: str, name: str) -> bool:
    """Say whether an unknown name behind a bar is the page's: a full title stands before it."""
    words = [word.casefold() for word in _WORDS.findall(head)]
    return (
        not name[0].islower()
        and name[-1] not in ".!?:;,'\"’”…"
        and len(name.split()) <= 4
        and 2 * len(name) <= len(head)
        and _size(head) >= 4
        and (len(words) < 4 or sum(word not in _known().empty for word in words) >= 2)
    )


def _size(text: str) -> int:
    """Count words; scripts that set no blanks have some two characters a word."""
    words = text.count(" ") + 1 if text else 0
    return words if text.isascii() else max(words, sum(c > "\u2e80" for c in text) // 2)
