"""Who published a title: the section before it and the name behind it, told apart from the text."""

from __future__ import annotations

import re

_SECTION = re.compile(r"^\[([^\[\]]{1,40})\]\s*[-–—:]+\s*(?=\S)")
_ATTRIBUTION = re.compile(r"\s*(?:\s[–—-]|\s?--)\s+(\S[^–—]*)$")
_DASHES = (" -", "--", " \u2013", " \u2014")

LINKS = {"of", "the", "and", "de"}
"""Words of a name that aren't capitalised."""


def taken_apart(headline: str) -> tuple[str, str | None, str | None]:
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
        and all(w[0].isupper() or w in LINKS for w in words)
    )
