"""The headline: one title as published, its id, and what is read out of it alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Headline",
    "HeadlineBlock",
    "Texts",
    "Titles",
    "as_headlines",
    "normalise_v1",
    "texts_of",
]

_SECTION = re.compile(r"^\[([^\[\]]{1,40})\]\s*[-–—:]+\s*(?=\S)")
_ATTRIBUTION = re.compile(r"\s*(?:\s[–—-]|\s?--)\s+(\S[^–—]*)$")
_DASHES = (" -", "--", " \u2013", " \u2014")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")

# Signs that news is set with, in any company, and accented letters and currencies that stand
# alone among ASCII: neither is ever what mojibake looks like, so there is nothing to repair.
_SIGNS = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026"
_LONE = "\xa3\u20ac\xe0-\xe2\xe4\xe5\xe7-\xef\xf1-\xf6\xf8-\xfd\xc1\xc4-\xcd\xd3\xd6\xdc"
_UNUSUAL = re.compile(f"[^ -~{_SIGNS}]")
_UNSOUND = re.compile(f"[^ -~{_SIGNS}{_LONE}]|[{_LONE}][^ -~]|[^ -~][{_LONE}]")


def normalise_v1(headline: str) -> str:
    r"""Fold a headline to the form that its id is made of; never changes.

    Parameters
    ----------
    headline : str
        A headline as published.

    Returns
    -------
    str
        NFC, white space collapsed to single blanks, case folded.

    Examples
    --------
    >>> normalise_v1("  EU  Approves\tSanctions ")
    'eu approves sanctions'
    """
    return " ".join(unicodedata.normalize("NFC", headline).split()).casefold()


@dataclass(frozen=True, slots=True)
class Headline:
    """One title as published, and what was read out of it.

    Attributes
    ----------
    headline : str
        The title as published: mojibake repaired, NFC, white space collapsed.
    text : str
        What is embedded: the title without its section prefix and attribution.
    section, attribution : str or None
        ``Russia`` of ``[Russia] - ...``, ``Bloomberg`` of ``... – Bloomberg``.
    source, line : str or None, int or None
        The input's name, and the line there (from 1).
    publisher, date : str or None
        As the feed gives them.
    duplicate_of : str or None
        The id of an earlier copy, which is this headline's own id too.
    """

    headline: str
    text: str
    section: str | None = None
    attribution: str | None = None
    source: str | None = None
    line: int | None = None
    publisher: str | None = None
    date: str | None = None
    duplicate_of: str | None = None

    @property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of the headline under `normalise_v1`."""
        folded = normalise_v1(self.headline).encode("utf-8", "replace")
        return sha256(folded).hexdigest()[:16]

    @classmethod
    def parse(cls, published: str) -> Headline:
        """Read one headline; a pure function of this one string.

        Parameters
        ----------
        published : str
            The title as it came.

        Returns
        -------
        Headline

        Examples
        --------
        >>> h = Headline.parse("[Russia] - Arms Spending Hits Record-- Analysis")
        >>> h.text, h.section, h.attribution
        ('Arms Spending Hits Record', 'Russia', 'Analysis')
        """
        headline = _repair(published)
        return cls(headline, *_taken_apart(headline))


@dataclass(frozen=True)
class HeadlineBlock(Sequence[Headline]):
    """Headlines of one input that follow each other, kept column by column.

    A `Headline` is made when one is asked for; a million of them needn't be.

    Attributes
    ----------
    source : str
        The input's name.
    lines : sequence of int
        Their lines in the input.
    headlines, texts, ids : sequences of str
        As `Headline` has them.
    copies : sequence of bool
        Whether an earlier headline has the same id.
    others : mapping of int to mapping
        Further attributes of the headlines that have any, by place in the block.
    """

    source: str
    lines: Sequence[int]
    headlines: Sequence[str]
    texts: Sequence[str]
    ids: Sequence[str]
    copies: Sequence[bool]
    others: Mapping[int, Mapping[str, str | None]]

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


@dataclass(frozen=True, eq=False)
class Texts(Sequence[str]):
    """Texts and their bytes in one string, for what looks at all of them at once.

    Attributes
    ----------
    strings : list of str
    joined : bytes
        UTF-8, a line feed after each text; one within a text is a tab here.
    ends : ndarray of int64, shape (n,)
        Places of these line feeds.
    """

    strings: list[str]
    joined: bytes
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, strings: Sequence[str]) -> Self:
        """Join strings."""
        joined = "\n".join([*strings, ""]).encode("utf-8", "surrogatepass")
        ends = np.flatnonzero(np.frombuffer(joined, dtype=np.uint8) == ord("\n"))
        if len(ends) > len(strings):
            tabbed = cls.of([text.replace("\n", "\t") for text in strings])
            joined, ends = tabbed.joined, tabbed.ends
        return cls(list(strings), joined, ends)

    def replaced(self, others: Mapping[int, str]) -> Self:
        """Give the same with other texts, free of line feeds, at some places, in rising order."""
        places = np.fromiter(others, dtype=np.int64, count=len(others))
        ends = self.ends[places]
        starts = np.where(places > 0, self.ends.take(places - 1, mode="clip") + 1, 0)
        strings, joined, done = self.strings.copy(), self.joined, 0
        parts: list[bytes] = []
        for (place, text), start, end in zip(
            others.items(), starts.tolist(), ends.tolist(), strict=True
        ):
            strings[place] = text
            parts += [joined[done:start], text.encode("utf-8", "surrogatepass")]
            done = end
        longer = np.zeros(len(strings), dtype=np.int64)
        longer[places] = list(map(len, parts[1::2])) - (ends - starts)
        joined = b"".join([*parts, joined[done:]])
        return type(self)(strings, joined, self.ends + np.cumsum(longer))

    def __len__(self) -> int:
        return len(self.strings)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self.strings[place]


@dataclass(frozen=True)
class Titles:
    """Titles as they came, repaired and taken apart, column by column.

    Attributes
    ----------
    headlines, texts, ids : list of str
        As `Headline` has them.
    parts : dict of int to dict
        Section and attribution of those that have one, by place.
    """

    headlines: list[str]
    texts: list[str]
    ids: list[str]
    parts: dict[int, dict[str, str | None]]

    @classmethod
    def parse(cls, published: Sequence[str]) -> Self:
        """Read titles, each for itself, as `Headline.parse` does.

        Parameters
        ----------
        published : sequence of str

        Returns
        -------
        Titles
        """
        headlines, texts = list(published), list(published)
        folded = [title.lower() for title in published]  # as `normalise_v1` does to bare ones
        parts: dict[int, dict[str, str | None]] = {}
        unsound, joint = _look(Texts.of(published))
        for i in unsound:
            headlines[i] = headline = _repair(published[i])
            folded[i] = headline.casefold()  # NFC and single blanks are what repair has made
        for i in unsound + joint:
            texts[i], section, attribution = _taken_apart(headlines[i])
            if section is not None or attribution is not None:
                parts[i] = {"section": section, "attribution": attribution}
        ids = [sha256(t.encode("utf-8", "replace")).hexdigest()[:16] for t in folded]
        return cls(headlines, texts, ids, parts)

    def chosen(self, places: Sequence[int]) -> Self:
        """Give some of them, in this order."""
        return type(self)(
            [self.headlines[i] for i in places],
            [self.texts[i] for i in places],
            [self.ids[i] for i in places],
            {new: self.parts[old] for new, old in enumerate(places) if old in self.parts},
        )


def texts_of(published: Sequence[str]) -> Texts:
    """Give what is embedded of each title: ``Headline.parse(title).text``, at a glance for most.

    Parameters
    ----------
    published : sequence of str
        n titles as they came.

    Returns
    -------
    Texts
        n texts.
    """
    titles = Texts.of(published)
    unsound, joint = _look(titles)
    headlines = {i: titles.strings[i] for i in joint}
    headlines |= {i: _repair(titles.strings[i]) for i in unsound}
    return titles.replaced({i: _taken_apart(headlines[i])[0] for i in sorted(headlines)})


_PLAIN, _BLANK, _HYPHEN, _DASH, _BRACKET, _FIRST, _SECOND, _END, _ODD = range(9)
_KINDS = bytearray([_ODD]) * 256
_KINDS[0x20:0x7F] = bytes([_PLAIN]) * (0x7F - 0x20)
for _sign, _kind in (" ", _BLANK), ("-", _HYPHEN), ("[", _BRACKET), (";", _ODD), ("\n", _END):
    _KINDS[ord(_sign)] = _kind
for _sign in _SIGNS:  # three bytes each in UTF-8, the first two the same
    _KINDS[_sign.encode()[0]], _KINDS[_sign.encode()[1]] = _FIRST, _SECOND
    _KINDS[_sign.encode()[2]] = _DASH if _sign in "\u2013\u2014" else _PLAIN


_LINKS = {"of", "the", "and", "de"}
"""Words of a name that aren't capitalised."""
_MAY_BEGIN_NAME = np.array(
    [i > 127 or chr(i).isupper() or chr(i) in {" ", *(link[0] for link in _LINKS)}
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


def _taken_apart(headline: str) -> tuple[str, str | None, str | None]:
    """Cut a repaired title into the text, its section prefix and its attribution."""
    text, section, attribution = headline, None, None
    if headline.startswith("["):
        found = _SECTION.match(text)
        if found:
            section, text = found[1].strip(), text[found.end() :]
    # What follows the last dash ends what follows the one that counts: a quick no for most.
    last = max(map(text.rfind, _DASHES))
    if last >= 0 and _is_attribution(text[last + 2 :].strip()):
        found = _ATTRIBUTION.search(text)
        if found and _is_attribution(found[1]) and len(text[: found.start()].split()) >= 3:
            attribution, text = found[1].strip(), text[: found.start()]
    return text, section, attribution


def _is_attribution(tail: str) -> bool:
    """A name such as `Bloomberg` or `The Moscow Times`: few words, all capitalised."""
    words = tail.split()
    return (
        0 < len(words) <= 4
        and tail[-1] not in ".!?:;,'\"’”"
        and all(w[0].isupper() or w in _LINKS for w in words)
    )


def _repair(text: str) -> str:
    """Mend mojibake and entities, compose to NFC, collapse white space, until nothing changes.

    Mending twice must change nothing: a headline's id is the same when it comes back repaired.
    """
    if _is_sound(text):
        return text
    for _ in range(8):
        before, text = text, _repair_once(text)
        if text == before:
            break
    return text


def _is_sound(text: str) -> bool:
    """Say at a glance that there is nothing to repair; False may be wrong."""
    return (
        text.isprintable()  # no control character, and no white space but blanks
        and ("&" not in text or ";" not in text)
        and "  " not in text
        and text[:1] != " " != text[-1:]
        and (text.isascii() or not _UNUSUAL.search(text) or not _UNSOUND.search(text))
    )


def _repair_once(text: str) -> str:
    text = " ".join(text.split())
    if not text.isascii() or "&" in text or "\x1b" in text:
        import ftfy

        text = ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False)
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text).replace("\ufeff", ""))
    return " ".join(text.split())


def as_headlines(texts: Iterable[Any]) -> list[Headline]:
    """Give strings and headlines as headlines, each read for itself."""
    if isinstance(texts, str | bytes):
        raise TypeError("expected a list of headlines, got one string; wrap it in a list")
    result = []
    for position, text in enumerate(texts):
        if isinstance(text, Headline):
            result.append(text)
        elif isinstance(text, str):
            result.append(Headline.parse(text))
        else:
            raise TypeError(
                f"headline {position} is {text!r} ({type(text).__name__}), expected a string; "
                "drop or fill missing values first"
            )
    return result
