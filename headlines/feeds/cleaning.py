"""Cleaning: a title without what is only around it, and what that says.

What is cut says nothing of the story: signs that don't show, mark-up, links, list furniture. The
section, the publisher and words that lead in stay: `publishers` tells them apart from the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headlines.feeds.furniture import cell_of_title, without_furniture
from headlines.feeds.marks import is_common, spelled_out
from headlines.feeds.markup import without_markup
from headlines.feeds.publishers import Parts, taken_apart

PASSES = 12
"""How often mark-up, links and furniture may stand around each other."""

# What may be mark-up, a link, list furniture or a note: more than what is, and quick to see.
_SIGN = re.compile(r"[<*_`~\\\[/&]")
# Each alternative begins with a sign of its own, which a search can look for.
_MARKED = re.compile(
    r"""(?x) <[!/a-zA-Z] | \*[^*\s][^*]*\* | _(?<!\w_) | `[^`]*` | ~~ | \\u | \[(?<=^\[) | \]\(
    | \]\[ | \[\[ | \[/ | &(?:\#|\w{1,31};|(?:nbsp|quot|amp|lt|gt|shy)(?![\w;=]))
    | :/ | \.[a-z]{2,6}/
    """
)
_BEGINNING = re.compile(
    r"""(?x) [^\w"'$@“‘’£€¿¡] | [a-h]\) | http
    | \d{1,4}(?: [.)]+(?:\s|$) | \) | /\s | : | [.h]\d\d[\s\-–—|:·•»>,aApP] | [./-]\d{1,2}[./-]\d
      | (?:st|nd|rd|th|\.)?[ -](?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)
      | [ ]?[aApP]\.?[mM]\b | [ ]?(?:[smhd]|mins?|hrs?)[ ]?[|·•] )
    | (?i:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|tod|yes)
      [a-z]*[.,]*[ ](?:[A-Za-z]{2,9}\.?[ ])?\d
    | \d{1,3}.{0,24}\ ago\b
    | (?i:\d{1,3}|an?|about|over|just|one|two|three|four|five)[ -].{0,24}\b(?:ago|now|(?i:read))\b
    """
)
_BEHIND = (
    r"video|photo|pic|image|galler|slide|audio|pod|info|graphic|map|pdf|watch|listen|live|as it h"
    r"|in p|transcript|update|correct|devel|just now"
    r"|(?:about |over )?\d{1,3}[ -]?(?:s|m|h|d|w|y|comm)"
    r"|an? (?:min|hour|day|week)|(?:one|two|three|four|five)[ -]min"
)
_WITHIN = (
    r"with|\+|see|incl|last|updat|revis|re[fp]|break|just in|sponsor|promot|advert|pay|paid|subscr"
    r"|premium|free|nsfw|redir|open"
)
_ENDING = re.compile(rf"(?i)(?:[-–—|·•] (?:{_BEHIND})|[(\[] ?(?:{_BEHIND}|{_WITHIN}))")
_BEFORE_NOTE = re.compile(r"[-–—|·•(\[]")
_LAST_WORDS = ("ago", "now", "Now", "NOW", "read", "Read", "READ")
_LAST = re.compile(r" ago$|(?i: just now|min(?:ute)?s?\.?[ -]read)$")
_LONGEST_NOTE = 64


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A title as it is read: cleaned of what isn't its own, and what that said.

    Attributes
    ----------
    headline : str
        Mojibake and entities mended, marks, mark-up, links, list furniture and notes cut, NFC,
        white space collapsed; of a line that is nothing else, the line, so that nothing is lost.
    told : mapping of str to object
        What was cut and says something: rank, time, date, age, note, url, publisher.
    is_title : bool
        Whether anything would be left of it.
    """

    headline: str
    told: Mapping[str, Any] = field(default_factory=dict)
    is_title: bool = True

    @property
    def parts(self) -> dict[str, Any]:
        """What was told, as attributes of a `Headline`."""
        own = {name: self.told[name] for name in ("publisher", "date") if name in self.told}
        fields = {name: value for name, value in self.told.items() if name not in own}
        return own | ({"fields": fields} if fields else {})


def cleaned(published: str) -> Cleaned:
    """Clean a title as it was published; cleaning it twice changes nothing more.

    Examples
    --------
    >>> cleaned("3. **Oil** Hits&nbsp;Record (Updated) https://t.co/a1").headline
    'Oil Hits Record'
    >>> cleaned("https://t.co/a1").is_title
    False
    """
    if is_sound(published):
        return Cleaned(published)
    told: dict[str, Any] = {}
    if "\t" in published:
        cells = [spelled_out(cell) for cell in published.strip("\t\n").split("\t")]
        if found := cell_of_title(cells):
            place, told = found
            of_cell = _without_the_rest(cells[place])
            if of_cell.is_title:
                return Cleaned(of_cell.headline, {**of_cell.told, **told})
    return _without_the_rest(spelled_out(published))


def _without_the_rest(spelled: str) -> Cleaned:
    """Cut what isn't the title's own, until nothing changes."""
    text = spelled
    told: dict[str, Any] = {}
    for _ in range(PASSES):
        before = text
        text, url = without_markup(text)
        text, said = without_furniture(text)
        text = spelled_out(text)
        told = said | ({"url": url} if url else {}) | told
        if text == before:
            break
    else:
        return Cleaned(spelled)  # no title is wrapped up so often: left as it is
    return Cleaned(text, told) if text else Cleaned(spelled, told, is_title=not spelled)


def is_sound(text: str) -> bool:
    """Say at a glance that there is nothing to clean; False may be wrong."""
    return (
        text.isprintable()  # no control character, and no white space but blanks
        and "  " not in text
        and text[:1] != " " != text[-1:]
        and not (_SIGN.search(text) and _MARKED.search(text))
        and "www." not in text
        and not begins_with_furniture(text)
        and not ends_in_note(text)
        and is_common(text)
    )


def begins_with_furniture(text: str) -> bool:
    """Say at a glance whether there may be list furniture before a title; True may be wrong."""
    return _BEGINNING.match(text) is not None


def ends_in_note(text: str) -> bool:
    """Say at a glance whether a title may end in a note or its age; True may be wrong."""
    start = max(0, len(text) - _LONGEST_NOTE)
    behind = _ENDING.search(text, start) if _BEFORE_NOTE.search(text, start) else None
    if behind is None and text.endswith(_LAST_WORDS):
        behind = _LAST.search(text, start)
    return behind is not None


def own_words(headline: str) -> Parts:
    """Take a cleaned title apart, and clean what is left: a note may stand before a publisher.

    Examples
    --------
    >>> own_words("Drone Hits Oil Depot [video] | Reuters").text
    'Drone Hits Oil Depot'
    """
    parts = taken_apart(headline)
    if len(parts.text) < len(headline) and (rest := cleaned(parts.text)).is_title:
        parts = parts._replace(text=rest.headline)
    return parts
