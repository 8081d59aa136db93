"""Headlines by the thousand: what `Headline.parse` reads of one, by array operations for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self, overload

import numpy as np

from headlines.feeds.headline import SIGNS, Headline, repaired
from headlines.feeds.publishers import LINKS, taken_apart
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


@dataclass(frozen=True)
class Titles:
    """Titles as they came, repaired and taken apart, column by column, as `Headline` has them."""

    headlines: list[str]
    texts: list[str]
    ids: list[str]
    parts: dict[int, dict[str, str | None]]  # section and attribution of those that have one

    @classmethod
    def parse(cls, published: Sequence[str]) -> Self:
        """Read titles, each for itself, as `Headline.parse` does."""
        headlines, texts = list(published), list(published)
        folded = [title.lower() for title in published]  # as `normalise_v1` does to bare ones
        parts: dict[int, dict[str, str | None]] = {}
        unsound, joint = _look(Texts.of(published))
        for i in unsound:
            headlines[i] = headline = repaired(published[i])
            folded[i] = headline.casefold()  # NFC and single blanks are what repair has made
        for i in unsound + joint:
            texts[i], section, attribution = taken_apart(headlines[i])
            if section is not None or attribution is not None:
                parts[i] = {"section": section, "attribution": attribution}
        ids = [sha256(t.encode("utf-8", "replace")).hexdigest()[:16] for t in folded]
        return cls(headlines=headlines, texts=texts, ids=ids, parts=parts)

    def chosen(self, places: Sequence[int]) -> Self:
        """Give some of them, in this order."""
        return type(self)(
            headlines=[self.headlines[i] for i in places],
            texts=[self.texts[i] for i in places],
            ids=[self.ids[i] for i in places],
            parts={new: self.parts[old] for new, old in enumerate(places) if old in self.parts},
        )


def texts_of(published: Sequence[str | Headline]) -> Sequence[str]:
    """Give what is embedded of each title: ``Headline.parse(title).text``, at a glance for most."""
    strings = [title for title in published if isinstance(title, str)]
    if len(strings) < len(published):
        parsed = iter(texts_of(strings))
        return [h.text if isinstance(h, Headline) else next(parsed) for h in published]
    titles = Texts.of(strings)
    unsound, joint = _look(titles)
    headlines = {i: titles.strings[i] for i in joint}
    headlines |= {i: repaired(titles.strings[i]) for i in unsound}
    return titles.replaced({i: taken_apart(headlines[i])[0] for i in sorted(headlines)})


_PLAIN, _BLANK, _HYPHEN, _DASH, _BRACKET, _FIRST, _SECOND, _END, _ODD = range(9)
_KINDS = bytearray([_ODD]) * 256
_KINDS[0x20:0x7F] = bytes([_PLAIN]) * (0x7F - 0x20)
for _sign, _kind in (" ", _BLANK), ("-", _HYPHEN), ("[", _BRACKET), (";", _ODD), ("\n", _END):
    _KINDS[ord(_sign)] = _kind
for _sign in SIGNS:  # three bytes each in UTF-8, the first two the same
    _KINDS[_sign.encode()[0]], _KINDS[_sign.encode()[1]] = _FIRST, _SECOND
    _KINDS[_sign.encode()[2]] = _DASH if _sign in "\u2013\u2014" else _PLAIN

_MAY_BEGIN_NAME = np.array(
    [i > 127 or chr(i).isupper() or chr(i) in {" ", *(link[0] for link in LINKS)}
     for i in range(256)]
)  # fmt: skip


def _look(titles: Texts) -> tuple[list[int], list[int]]:
    """Tell which titles may have to be repaired, and which others may have to be taken apart.

    Nothing is to be done to the rest: printable ASCII and common signs, set with single blanks,
    without what may be an entity, a section or an attribution.
    """
    kinds = np.frombuffer(titles.joined.translate(_KINDS), dtype=np.uint8)
    here, before = kinds[1:], kinds[:-1]
    after_blank = before == _BLANK
    odd = kinds == _ODD
    odd[1:] |= (here == _BLANK) & (after_blank | (before == _END))
    odd[1:] |= (here == _END) & after_blank
    odd[:1] |= kinds[:1] == _BLANK
    odd[1:] |= (before == _FIRST) != (here == _SECOND)  # another sign than the common ones
    joint = kinds == _BRACKET
    joint[1:] |= (here == _HYPHEN) & (after_blank | (before == _HYPHEN))
    joint[3:] |= (kinds[3:] == _DASH) & after_blank[:-2]
    # What is attributed to stands after a blank, and begins as `_is_attribution` says.
    places = np.flatnonzero(joint)
    following = np.frombuffer(titles.joined + b"  ", dtype=np.uint8)
    named = _MAY_BEGIN_NAME[following[places + 2]] & (following[places + 1] == ord(" "))
    named |= kinds[places] == _BRACKET
    marked = np.zeros((2, len(titles)), dtype=np.bool_)
    marked[0, np.searchsorted(titles.ends, np.flatnonzero(odd))] = True
    marked[1, np.searchsorted(titles.ends, places[named])] = True
    return np.flatnonzero(marked[0]).tolist(), np.flatnonzero(marked[1] & ~marked[0]).tolist()
