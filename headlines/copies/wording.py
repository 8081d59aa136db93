"""The wording of a headline: its numbers, and its words with how rare each is in news."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Self

from headlines.copies.wordcounts import WordCounts
from headlines.embedding.vocabulary import PUNCTUATION, tokenize

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
fifteen sixteen seventeen eighteen nineteen twenty"""
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth"
_MONTHS = """january february march april may june july august september october november
december"""
_LITTLE = """a an the of in on at to for and or is are was were be s as by with from its it that
this his her their have has had will after"""

NUMBERS = {word: i for words in (_UNITS, _ORDINALS) for i, word in enumerate(words.split())}
NUMBERS |= {"ii": 2, "iii": 3, "iv": 4}
SIZES = {"k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
SIZES |= {"tn": 12, "trillion": 12}
DATES = {name: month[:3] for month in _MONTHS.split() for name in (month, month[:3])}
DATES |= {"sept": "sep"}
WEEKDAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
NEGATIONS = {"no", "not", "never", "without"}
LITTLE = frozenset(_LITTLE.split())
"""Words that are left out and put in without telling anything."""

MANY_CAPITALS = 0.7
"""Share of capitalised words above which they are a title's, and tell no names."""

MAX_WORDS = 64
"""Words of a headline that are read: comparing two takes the square of them."""

_DESK = r"live|updated?|breaking|watch|exclusive|video|photos?|opinion|analysis|report"
_DESK_WORD = re.compile(
    rf"(?i)^(?:{_DESK})(?: updates?)?\s*[:|-]\s+|\s+[|-]\s+(?:{_DESK}|live updates)$|\s+video$"
)
_SPELLING: list[
    tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
] = [  # what is spelled in several ways, and one of them
    (re.compile(r"\b((?:[A-Za-z]\.){2,})"), lambda found: found[1].replace(".", "")),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'s\b"), ""),
    (re.compile(r"(?<=\w)'(?=\w)"), ""),
    (re.compile(r"(?<=\d),(?=\d{3})"), ""),
    (re.compile(r"(?i)(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (re.compile(r"(?i)\b(covid)-19\b"), r"\1"),
]
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


@dataclass(frozen=True)
class Wording:
    """What a headline tells, as copies of it are told by it.

    Attributes
    ----------
    text : str
        The title without a word of the desk, in one spelling of what is spelled in several.
    numbers : tuple of str
        Numbers, dates and negations, sorted, each time that one is said.
    words : tuple of str
        All other words, folded.
    is_name : tuple of bool
        Which of these are names, as far as capitals tell.

    Examples
    --------
    >>> one = Wording.of("LIVE: Storm kills five in the U.S. on 2nd March")
    >>> one.words, one.numbers
    (('storm', 'kills', 'in', 'the', 'us', 'on'), ('2', '5', 'mar'))
    """

    text: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    is_name: tuple[bool, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a title, as `Headline.text` has it."""
        text = _in_one_spelling(text)
        written = _WORD.findall(text)[:MAX_WORDS]
        plain = [w.lower() if w.isascii() else "".join(tokenize(w)) for w in written]
        capital = [word[0].isupper() for word in written]
        is_title = sum(capital) > MANY_CAPITALS * len(written)
        beside = [False, *(word[:1].isdigit() for word in plain), False]
        numbers, words, is_name = [], [], []
        for i, word in enumerate(plain):
            before = plain[i - 1] if i else ""
            if word[:1].isdigit() or word in NUMBERS or (word == "i" and before == "part"):
                size = SIZES.get(plain[i + 1], 0) if i + 1 < len(plain) else 0
                numbers.append(_value(word, size))
            elif capital[i] and word in DATES and (beside[i] or beside[i + 2]):
                numbers.append(DATES[word])
            elif word in NEGATIONS:
                numbers.append("not")
            elif beside[i] and word in SIZES:
                pass  # told with its number
            elif word in SIZES and before in NUMBERS:
                pass
            elif not (word in WEEKDAYS and (beside[i + 2] or any(beside[i + 3 : i + 4]))):
                words.append(word)  # a weekday says no more than its date
                is_name.append(capital[i] and not is_title and i > 0)
        return cls(text, tuple(sorted(numbers)), tuple(words), tuple(is_name))

    @cached_property
    def rarity(self) -> list[float]:
        """How rare each word is in news, 0 for those that tell nothing."""
        found = WordCounts.shipped().idf(self.words)
        return [
            0.0 if word in LITTLE else value for word, value in zip(self.words, found, strict=True)
        ]

    def rarest(self, most: int) -> list[str]:
        """Give so many of the rarest words that tell something, each once."""
        ranked = sorted(zip(self.rarity, self.words, strict=True), reverse=True)
        return list(dict.fromkeys(word for rarity, word in ranked if rarity))[:most]

    @property
    def checksum(self) -> int:
        """64 bits for the numbers and the words, whatever letters are capital."""
        return checksum(repr((self.numbers, self.words)))


def checksum(text: str) -> int:
    """Give 64 bits for a text, the same on every machine."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _in_one_spelling(text: str) -> str:
    for mark, plain in PUNCTUATION.items():
        text = text.replace(mark, plain)
    text = _DESK_WORD.sub("", text)
    for pattern, instead in _SPELLING:
        text = pattern.sub(instead, text)
    return text


def _value(word: str, size: int) -> str:
    """Give a number in one form, so many powers of ten larger."""
    try:
        value = float(NUMBERS.get(word, 1) if word.isalpha() else word)
    except ValueError:  # digits of two scripts in one
        return word
    return f"{value * 10**size:g}"
