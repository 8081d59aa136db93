"""The headline: one title as published, its id, and what is read out of it alone."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Headline", "normalise_v1"]

_SECTION = re.compile(r"^\[([^\[\]]{1,40})\]\s*[-–—:]+\s*(?=\S)")
_ATTRIBUTION = re.compile(r"\s*(?:\s[–—-]|\s?--)\s+(\S[^–—]*)$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")


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
        return hashlib.sha256(normalise_v1(self.headline).encode("utf-8", "replace")).hexdigest()[
            :16
        ]

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
        text, section, attribution = headline, None, None
        found = _SECTION.match(text)
        if found:
            section, text = found[1].strip(), text[found.end() :]
        found = _ATTRIBUTION.search(text)
        if found and _is_attribution(found[1]) and len(text[: found.start()].split()) >= 3:
            attribution, text = found[1].strip(), text[: found.start()]
        return cls(headline, text, section, attribution)


def _is_attribution(tail: str) -> bool:
    """A name such as `Bloomberg` or `The Moscow Times`: few words, all capitalised."""
    words = tail.split()
    return (
        len(words) <= 4
        and tail[-1] not in ".!?:;,'\"’”"
        and all(w[0].isupper() or w in {"of", "the", "and", "de"} for w in words)
    )


def _repair(text: str) -> str:
    """Mend mojibake and entities, compose to NFC, collapse white space, until nothing changes.

    Mending twice must change nothing: a headline's id is the same when it comes back repaired.
    """
    for _ in range(8):
        before, text = text, _repair_once(text)
        if text == before:
            break
    return text


def _repair_once(text: str) -> str:
    text = " ".join(text.split())
    if not text.isascii() or "&" in text or "\x1b" in text:
        import ftfy

        text = ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False)
    text = unicodedata.normalize("NFC", _CONTROL.sub("", text).replace("\ufeff", ""))
    return " ".join(text.split())
