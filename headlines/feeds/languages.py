"""The language of a title that isn't English, told by script, by little words and by a library.

Most titles are English: a gate that costs next to nothing lets through those that don't look it,
and only these are given to the library.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headlines.files import MODELS
from headlines.textarray import KeyTable, Texts

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Scripts: what tells the language at once, and what several languages are written in. English
# feeds have none: compiled when one comes, as wide classes of letters take long.
_SCRIPTS = (
    (r"[\u3040-\u30ff]", "ja"),
    (r"[\uac00-\ud7af\u1100-\u11ff]", "ko"),
    (r"[\u3400-\u9fff]", "zh"),
    (r"[\u0370-\u03ff\u1f00-\u1fff]", "el"),
    (r"[\u0590-\u05ff]", "he"),
    (r"[\u0e00-\u0e7f]", "th"),
    (r"[\u10a0-\u10ff]", "ka"),
    (r"[\u0530-\u058f]", "hy"),
    (r"[\u0980-\u09ff]", "bn"),
    (r"[\u0b80-\u0bff]", "ta"),
    (r"[\u0c00-\u0c7f]", "te"),
    (r"[\u1780-\u17ff]", "km"),
    (r"[\u1000-\u109f]", "my"),
    (r"[\u1200-\u137f]", "am"),
)
_SHARED = (
    (r"[ђѓѕјљњћќџ]", ("sr", "mk")),
    (r"ъ", ("bg", "ru")),
    (r"[\u0400-\u04ff]", ("ru", "uk", "be", "kk", "ky", "mn")),
    (r"[\u0600-\u06ff]", ("ar", "fa", "ur", "ps")),
    (r"[\u0900-\u097f]", ("hi", "mr", "ne")),
)
_FOREIGN = r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]"
_LATIN = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
_DENSE = r"[\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af]"
"""Letters of scripts that say in one what takes Latin some three."""

_LIKELIER = (
    "es", "fr", "de", "pt", "it", "nl", "pl", "tr", "id", "sv", "da", "no", "fi", "cs", "ro", "hu",
    "hr", "vi",
)  # fmt: skip
"""Of languages in Latin letters that a title may equally be in, the one that more news is in.

A library tells three more of 285 titles right, for .6 seconds and 100 MB."""

_ACCENTED = re.compile(r"[a-z]*[ß-öø-ɏ\u1e01-\u1eff][\w]*")


class _Words:
    """The little words of models/languages.txt, by language."""

    def __init__(self) -> None:
        self.letters: dict[str, frozenset[str]] = {}  # beyond those of English
        self.own: dict[str, frozenset[str]] = {}  # those that no name has in it
        self.all: dict[str, frozenset[str]] = {}
        for line in (MODELS / "languages.txt").read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                head, _, words = line.partition(": ")
                language, _, letters = head.partition(" ")
                self.letters[language] = frozenset(letters)
                own, _, others = words.partition("|")
                self.own[language] = frozenset(own.split())
                self.all[language] = frozenset(own.split() + others.split())
        self.borrowed = self.own.pop("borrowed")  # words with an accent that English has
        del self.all["borrowed"]
        self.english = self.own.pop("en")
        self.perhaps_english = self.all.pop("en")
        self.names = frozenset[str]().union(*self.all.values()).difference(*self.own.values())
        self.foreign = frozenset[str]().union(*self.all.values())
        self.foreign -= self.english | self.perhaps_english
        self.table = _table(self.foreign, self.english)


def _table(*groups: frozenset[str]) -> KeyTable:
    """Give the group of short words in ASCII, by what eight bytes of each are as a number."""
    numbered = {
        int.from_bytes(word.encode(), "little"): number
        for number, group in enumerate(groups)
        for word in sorted(group)
        if len(word) < 8 and word.isascii()
    }
    table = KeyTable(len(numbered))
    table.add(
        np.array(list(numbered), dtype=np.uint64), np.array(list(numbered.values()), dtype=np.int32)
    )
    return table


_words = functools.cache(_Words)


def language_of(text: str) -> str | None:
    """Give the ISO 639-1 code of a title's language; None for English, and where it can't be told.

    Examples
    --------
    >>> language_of("Путин прибыл в Пекин"), language_of("Bundestag beschließt neues Rentenpaket")
    ('ru', 'de')
    >>> language_of("Le Pen Wins"), language_of("Der Spiegel Editor Quits")
    (None, None)
    """
    if not text.isascii() and (foreign := re.findall(_FOREIGN, text)):
        weight = len(foreign) + 2 * len(re.findall(_DENSE, text))
        if weight >= len(re.findall(_LATIN, text)):
            return _of_script(text)
    hits = _hits(text)
    return _among(text, hits) if hits else None


def _of_script(text: str) -> str | None:
    for script, language in _SCRIPTS:
        if re.search(script, text):
            return language
    for script, languages in _SHARED:
        if re.search(script, text):
            return _among(text, dict.fromkeys(languages, 0))
    return None


def _hits(text: str) -> dict[str, int]:
    """Give the languages whose little words a title in Latin letters has, and how many of them."""
    words, tokens = _words(), text.split()
    if not words.english.isdisjoint(map(str.lower, tokens)):
        return {}
    low = [token if token.islower() else "" for token in tokens]
    if tokens and tokens[0].istitle():
        low[0] = tokens[0].lower()
    if not any(len(word) > 3 and word not in words.names for word in low[1:]):
        return {}  # but for little words all begin with capitals: names, or an English title
    accented = [w for w in low[1:] if _ACCENTED.fullmatch(w) and w not in words.borrowed]
    if not (accented or words.foreign.intersection(low)):
        return {}
    letters = {letter for word in accented for letter in word if letter > "\x7f"}
    hits: dict[str, int] = {}
    for language, every in words.all.items():
        if not letters <= words.letters[language]:
            continue
        own, count, certain = words.own[language], 0, bool(accented)
        for i, (word, following) in enumerate(zip(low, [*low[1:], ""], strict=True)):
            if word in words.foreign and (word in own or (word in every and following)):
                count += 1
                certain |= i > 0 and word in own  # the first word may be a name
        english = sum(word in words.perhaps_english and word not in every for word in low)
        found = count + len(accented)
        if found > english and (found > 1 or certain):
            hits[language] = count
    return hits


def _among(text: str, hits: Mapping[str, int]) -> str | None:
    """Give the likeliest of some languages: of those with most little words."""
    most = max(hits.values())
    likely = [language for language, count in hits.items() if count == most]
    if len(likely) == 1:
        return likely[0]
    if likely[0] in _LIKELIER:
        return min(likely, key=_LIKELIER.index)
    ranked: list[tuple[str, float]] = _identifier().rank(text)
    return next(language for language, _ in ranked if language in likely)


@functools.cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def perhaps_foreign(titles: Texts) -> NDArray[np.bool_]:
    """Tell which titles may be in another language: `language_of` gives None of all others."""
    found = np.zeros(len(titles), dtype=np.bool_)
    if not len(titles):
        return found
    content = np.frombuffer(titles.joined + bytes(8), dtype=np.uint8)
    # Lead bytes of letters; those of signs such as dashes and quotes, and of emoji, don't count.
    lead = (content >= 0xC3) & (content != 0xE2) & (content < 0xF0)
    found[np.searchsorted(titles.ends, np.flatnonzero(lead))] = True
    after = np.flatnonzero((content[:-8] == ord(" ")) | (content[:-8] == ord("\n")))
    starts = np.concatenate([[0], after[:-1] + 1])
    length = after - starts
    starts, length = starts[length < 8], length[length < 8]
    eight = np.ndarray(len(content) - 7, dtype="<u8", buffer=content.data, strides=(1,))
    keys = eight[starts] & _MASKS[length] | np.uint64(0x20)  # the first letter small
    group = _words().table.find(keys)
    found[np.searchsorted(titles.ends, starts[group == 0])] = True
    # A title with a little word of English is English, unless it has letters of other scripts.
    found[np.searchsorted(titles.ends, starts[group == 1])] = False
    found[np.searchsorted(titles.ends, np.flatnonzero(lead & (content >= 0xC9)))] = True
    return found


_MASKS = np.array([(1 << 8 * n) - 1 for n in range(8)], dtype=np.uint64)
