"""Headlines by the thousand: what `Headline.parse` reads of one, by array operations for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.cleaning import (
    Cleaned,
    begins_with_furniture,
    cleaned,
    ends_in_note,
    is_sound,
    own_words,
)
from headlines.feeds.headline import Headline
from headlines.feeds.joints import jointed
from headlines.feeds.languages import language_of, perhaps_foreign
from headlines.feeds.marks import SIGNS
from headlines.feeds.publishers import Parts
from headlines.textarray import Texts


@dataclass(frozen=True)
class HeadlineBlock(Sequence[Headline]):
    """Headlines of one input that follow each other, kept column by column.

    A `Headline` is made when one is asked for; a million of them needn't be.
    """

    source: str  # the input's name
    lines: Sequence[int]  # in the input
    published: Sequence[str]  # the titles as they stand there
    headlines: Sequence[str]  # these and the next two as `Headline` has them
    texts: Sequence[str]
    ids: Sequence[str]
    copies: Sequence[bool]  # whether an earlier headline has the same id
    others: Mapping[int, Mapping[str, Any]]  # further attributes, by place, where any are

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, place: int) -> Headline: ...
    @overload
    def __getitem__(self, place: slice) -> list[Headline]: ...
    def __getitem__(self, place: int | slice) -> Headline | list[Headline]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        return Headline(
            self.headlines[place],
            self.texts[place],
            source=self.source,
            line=self.lines[place],
            duplicate_of=self.ids[place] if self.copies[place] else None,
            **self.others.get(place, {}),
        )

    def chosen(self, places: Sequence[int]) -> Self:
        """Give some of them, in this order."""
        return replace(
            self,
            lines=[self.lines[i] for i in places],
            published=[self.published[i] for i in places],
            headlines=[self.headlines[i] for i in places],
            texts=[self.texts[i] for i in places],
            ids=[self.ids[i] for i in places],
            copies=[self.copies[i] for i in places],
            others={new: self.others[old] for new, old in enumerate(places) if old in self.others},
        )

    def in_english(self) -> NDArray[np.bool_]:
        """Say which are English, as far as is told, and no copy of an earlier one, shape (n,)."""
        chosen = ~np.array(self.copies, dtype=np.bool_)
        for place, told in self.others.items():
            if not str(told.get("language") or "en").lower().startswith("en"):
                chosen[place] = False
        return chosen


@dataclass(frozen=True)
class Titles:
    """Titles as they came, cleaned and taken apart, column by column, as `Headline` has them."""

    headlines: list[str]
    texts: list[str]
    ids: list[str]
    parts: dict[int, dict[str, Any]]  # further attributes, by place, where any are

    @classmethod
    def parse(cls, published: Sequence[str]) -> Self:
        """Read titles, each for itself, as `Headline.parse` does."""
        headlines, texts = list(published), list(published)
        parts: dict[int, dict[str, Any]] = {}
        titles = Texts.of(published)
        unsound, joint = _look(titles)
        found = {i: cleaned(published[i]) for i in unsound}
        for i, title in found.items():
            headlines[i] = title.headline
        for i in unsound + joint:
            apart = _apart(headlines[i], found.get(i))
            texts[i] = apart.text
            told = apart.told() if len(apart.text) < len(headlines[i]) else {}
            if i in found:
                told |= found[i].parts
            if told:
                parts[i] = told
        changed = {i for i in unsound + joint if texts[i] is not published[i]}
        for i in changed.union(np.flatnonzero(perhaps_foreign(titles)).tolist()):
            if language := language_of(texts[i]):
                parts[i] = {"language": language} | parts.get(i, {})
        ids = _ids(titles, {i: title.headline for i, title in found.items()})
        return cls(headlines=headlines, texts=texts, ids=ids, parts=parts)

    def chosen(self, places: Sequence[int]) -> Self:
        """Give some of them, in this order."""
        return type(self)(
            headlines=[self.headlines[i] for i in places],
            texts=[self.texts[i] for i in places],
            ids=[self.ids[i] for i in places],
            parts={new: self.parts[old] for new, old in enumerate(places) if old in self.parts},
        )


def _ids(titles: Texts, cleaned: Mapping[int, str]) -> list[str]:
    """Give the id of each headline; those that weren't cleaned have nothing but case to fold."""
    lines = titles.joined.lower().split(b"\n")[:-1]  # which folds ASCII
    content = np.frombuffer(titles.joined, dtype=np.uint8)
    letters = np.flatnonzero((content > 0xC2) & (content != _SIGNS[0]))  # lead bytes: no signs
    for i in np.unique(np.searchsorted(titles.ends, letters)).tolist():
        lines[i] = titles.strings[i].lower().encode("utf-8", "replace")
    for i, headline in cleaned.items():  # NFC and single blanks are what cleaning made
        lines[i] = headline.casefold().encode("utf-8", "replace")
    digits = b"".join([sha256(line).digest()[:8] for line in lines]).hex()
    return [digits[i : i + 16] for i in range(0, len(digits), 16)]


def texts_of(published: Sequence[str | Headline]) -> Sequence[str]:
    """Give what is embedded of each title: ``Headline.parse(title).text``, at a glance for most."""
    strings = [title for title in published if isinstance(title, str)]
    if len(strings) < len(published):
        parsed = iter(texts_of(strings))
        return [h.text if isinstance(h, Headline) else next(parsed) for h in published]
    titles = Texts.of(strings)
    unsound, joint = _look(titles)
    texts = {i: own_words(titles.strings[i]).text for i in joint}
    for i in unsound:
        title = cleaned(titles.strings[i])
        texts[i] = _apart(title.headline, title).text
    return titles.replaced({i: texts[i] for i in sorted(texts)})


def _apart(headline: str, title: Cleaned | None) -> Parts:
    """Take a cleaned title apart; a line that has none has nothing to embed."""
    return own_words(headline) if title is None or title.is_title else Parts("")


_PLAIN, _BLANK, _HYPHEN, _DASH, _FIRST, _SECOND, _END, _CLOSING, _ODD = range(9)
_KINDS = bytearray([_ODD]) * 256
_KINDS[0x20:0x7F] = bytes([_PLAIN]) * (0x7F - 0x20)
for _sign in "[];&<*_`~|\\/":
    _KINDS[ord(_sign)] = _ODD
for _sign, _kind in (" ", _BLANK), ("-", _HYPHEN), (")", _CLOSING), ("]", _CLOSING), ("\n", _END):
    _KINDS[ord(_sign)] = _kind
for _sign in SIGNS:  # three bytes each in UTF-8, the first two the same
    _KINDS[_sign.encode()[0]], _KINDS[_sign.encode()[1]] = _FIRST, _SECOND
    _KINDS[_sign.encode()[2]] = _DASH if _sign in "\u2013\u2014" else _PLAIN

# How a title begins that may have list furniture, if not so; of words, the first three letters.
_PLAIN_START = np.array([chr(i) in "\"'$@" or (i < 128 and chr(i).isalpha()) for i in range(256)])
_DIGIT = np.array([ord("0") <= i <= ord("9") for i in range(256)])


def _codes(words: str) -> NDArray[np.int64]:
    """Give the first three letters of words, set apart by commas, as numbers in rising order."""
    return np.sort([int.from_bytes(f"{word} "[:3].encode()) for word in words.split(",")])


_AGES = "an,about,over,just,one,two,three,four,five"
_BEGINNINGS = _codes(
    "mon,tue,wed,thu,fri,sat,sun,jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec,today,yesterday,"
    f"{_AGES}"
)
_SUFFIXES = _codes(
    "video,photo,picture,image,gallery,slideshow,audio,podcast,infographic,graphic,map,pdf,watch,"
    f"listen,live,as,in,transcript,update,correct,develop,a minute,a day,a week,{_AGES}"
)
_ENDINGS = _codes("ago,now,ead")
_LONGEST_SUFFIX = 48
"""Bytes of a note behind a dash, with the dash."""
_SIGNS = SIGNS.encode()
_QUOTES = np.isin(np.arange(256), [sign.encode()[2] for sign in "‘’“”"])


def _look(titles: Texts) -> tuple[list[int], list[int]]:
    """Tell which titles have to be cleaned, and which others may have to be taken apart.

    Nothing is to be done to the rest: printable ASCII and common signs, set with single blanks,
    without what may be an entity, mark-up, list furniture, a section or an attribution.
    """
    if not titles.strings:
        return [], []
    kinds = np.frombuffer(titles.joined.translate(_KINDS), dtype=np.uint8)
    here, before = kinds[1:], kinds[:-1]
    after_blank = before == _BLANK
    odd = kinds == _ODD
    odd[1:] |= (here == _BLANK) & (after_blank | (before == _END))
    odd[1:] |= (here == _END) & (after_blank | (before == _CLOSING))
    odd[:1] |= kinds[:1] == _BLANK
    place = titles.joined.find(b"www.")
    while place >= 0:
        odd[place] = True
        place = titles.joined.find(b"www.", place + 1)
    odd[1:] |= (before == _FIRST) != (here == _SECOND)  # another sign than the common ones
    joint = np.zeros(len(kinds), dtype=np.bool_)
    joint[1:] |= (here == _HYPHEN) & (after_blank | (before == _HYPHEN))
    joint[3:] |= (kinds[3:] == _DASH) & after_blank[:-2]
    places = np.flatnonzero(joint)
    of_place = np.searchsorted(titles.ends, places)
    signed = np.zeros(len(titles), dtype=np.bool_)
    signed[np.searchsorted(titles.ends, np.flatnonzero(odd))] = True
    last = titles.ends[of_place] - places <= _LONGEST_SUFFIX
    begun, ended = _furnished(titles, places[last])
    checks = [(is_sound, signed, False), (begins_with_furniture, begun, True),
              (ends_in_note, ended, True)]  # fmt: skip
    for check, candidates, suspect in checks:
        for i in np.flatnonzero(candidates).tolist():
            candidates[i] = check(titles.strings[i]) == suspect
    unsound = np.any([candidates for _, candidates, _ in checks], axis=0)
    return np.flatnonzero(unsound).tolist(), np.flatnonzero(jointed(titles) & ~unsound).tolist()


def _furnished(
    titles: Texts, dashes: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which titles may have list furniture before them, and which a note or age behind.

    `dashes` are the places of those that may have a note behind.
    """
    content = np.frombuffer(b"\n\n\n" + titles.joined + b"\n\n\n\n", dtype=np.uint8)
    starts = np.concatenate([[0], titles.ends[:-1] + 1]) + 3
    first, third = content[starts], content[starts + 2]
    plain = _PLAIN_START[first] | ((first == _SIGNS[0]) & _QUOTES[third])
    begun = ~plain | (content[starts + 1] == ord(")")) | _is_among(_BEGINNINGS, content, starts)
    ended = _is_among(_ENDINGS, content, titles.ends)
    behind = dashes + 5
    noted = _DIGIT[content[behind]] | _is_among(_SUFFIXES, content, behind)
    ended[np.searchsorted(titles.ends, dashes[noted])] = True
    return begun, ended


def _is_among(
    words: NDArray[np.int64], content: NDArray[np.uint8], places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell at which places one of some words of three letters stands, in upper or lower case."""
    letters = [content[places + i].astype(np.int64) | 32 for i in range(3)]
    here = letters[0] << 16 | letters[1] << 8 | letters[2]
    found: NDArray[np.bool_] = words[np.searchsorted(words, here).clip(max=len(words) - 1)] == here
    return found
