"""Texts to vocabulary entries: one text as one reads it, or a chunk of them at once.

`tokenize`, `wordpieces` and `Vocabulary.ids` say what the entries of a text are.
`Vocabulary.encode` gives the same for thousands of texts, by array operations on their bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from headlines.keytable import KeyTable

__all__ = ["Vocabulary", "tokenize", "wordpieces"]

MAX_TOKENS = 512
"""Tokens of a headline beyond this many are not read; keeps every sum below 2**27."""

MAX_LETTERS = 100
"""A longer run of letters is no word: a megabyte without a blank must not stall a batch."""

_WORD = re.compile(r"[^\W_]+|[^\w\s]")
PUNCTUATION = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"
}  # fmt: skip


def tokenize(text: str) -> list[str]:
    """Split a headline into lower-case words and single punctuation marks.

    Parameters
    ----------
    text : str
        Any text; accents are folded, typographic quotes and dashes made plain.

    Returns
    -------
    list of str
        At most `MAX_TOKENS` words, in their order.

    Examples
    --------
    >>> tokenize("Zelenskyy’s “peace” plan: 10%")
    ['zelenskyy', "'", 's', '"', 'peace', '"', 'plan', ':', '10', '%']
    """
    return _WORD.findall(_fold(text))[:MAX_TOKENS]


def _plain(text: str) -> str:
    for mark, plain in PUNCTUATION.items():
        text = text.replace(mark, plain)
    return text


def _fold(text: str) -> str:
    text = _plain(text).lower()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", text)
    for character in set(text):
        if character > "\x7f" and unicodedata.category(character) == "Mn":
            text = text.replace(character, "")
    return text


def wordpieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Cut a word into the longest pieces that the vocabulary has, or into none."""
    if len(word) > MAX_LETTERS:
        return []
    ids: list[int] = []
    while word:
        for end in range(min(len(word), 34), 2 if ids else 0, -1):
            entry = vocabulary.get(word[:end])
            if entry is not None:
                ids.append(entry)
                word = "##" + word[end:] if end < len(word) else ""
                break
        else:
            return []
    return ids


# ------------------------------------------------------------------ a chunk at once

_END, _ALONE = "\x02", "\x01"
"""Stand after every text, and in the place of one that is read by itself."""

_BLANK, _LETTER, _MARK, _CONTROL = range(4)


def _kind(character: str) -> int:
    if character.isspace() or character == "_":
        return _BLANK
    if character.isalnum():
        return _LETTER
    return _MARK if character.isprintable() else _CONTROL


_KINDS = bytes(_kind(chr(i)) for i in range(128)) + bytes(128)
_CONTROL_IN = re.compile(
    "[" + "".join(chr(i) for i in range(128) if _KINDS[i] == _CONTROL) + "]"
).search


def _plain_each(texts: Sequence[str]) -> list[str]:
    """Do `_plain` to all in a few calls."""
    parts = _plain(_END.join(texts)).split(_END)
    return parts if len(parts) == len(texts) else [_plain(text) for text in texts]


_LOW_BYTES = np.array([(1 << 8 * i) - 1 for i in range(9)], dtype=np.uint64)
_LONGEST = 32
_MIX = np.uint64(0xD6E8FEB86659FD93)
_LONG = np.uint64(1 << 63)
"""Set in the keys of words of more than 8 bytes; ASCII never sets it in a shorter one."""


class _Words:
    """Words in a string of bytes, and a 64-bit key for each.

    A word of up to 8 bytes is its own key; the key of a longer one is mixed from its first
    `_LONGEST` bytes, 8 at a time, which `rest` keeps for a comparison.
    """

    def __init__(self, data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self.data, self.starts, self.lengths = data, starts, lengths
        self.controls = 0
        padded = np.frombuffer(data + bytes(_LONGEST), dtype=np.uint8)
        # The 8 bytes from any position on, as one number.
        eights = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))
        self.keys = eights[starts] & _LOW_BYTES.take(lengths, mode="clip")
        self.rest: list[tuple[NDArray[np.int64], NDArray[np.uint64]]] = []
        for offset in range(8, _LONGEST, 8):
            longer = np.flatnonzero(lengths > offset)
            if not len(longer):
                break
            left = _LOW_BYTES.take(lengths[longer] - offset, mode="clip")
            eight = eights[starts[longer] + offset] & left
            mixed = self.keys[longer] * _MIX
            self.keys[longer] = ((mixed ^ (mixed >> np.uint64(32))) + eight) | _LONG
            self.rest.append((longer, eight))

    @classmethod
    def split(cls, data: bytes) -> _Words:
        """Find the words of lower-case ASCII as `tokenize` does; control characters are words."""
        kinds = np.frombuffer(data.translate(_KINDS), dtype=np.uint8)
        letter = kinds == _LETTER
        starts, ends = kinds >= _MARK, kinds >= _MARK
        starts[:1] |= letter[:1]
        starts[1:] |= letter[1:] & ~letter[:-1]
        ends[:-1] |= letter[:-1] & ~letter[1:]
        ends[-1:] |= letter[-1:]
        first = np.flatnonzero(starts)
        words = cls(data, first, np.flatnonzero(ends) + 1 - first)
        words.controls = int(np.count_nonzero(kinds == _CONTROL))
        return words

    @classmethod
    def of_texts(cls, texts: Sequence[str], alone: Collection[int]) -> _Words | None:
        """Give the words of texts, `_END` after each; None when a text doesn't fit this way."""
        parts = list(texts)
        for i in alone:
            parts[i] = _ALONE
        words = cls.split(_END.join([*parts, ""]).lower().encode())
        ends = words.starts[words.keys == ord(_END)]
        longest = np.diff(ends, prepend=-1).max(initial=0) - 1
        fits = longest <= MAX_TOKENS and words.controls == len(texts) + len(alone)
        return words if fits else None

    def __getitem__(self, word: int) -> bytes:
        start = int(self.starts[word])
        return self.data[start : start + int(self.lengths[word])]


@dataclass(frozen=True)
class _Index:
    """The entries that are whole words of ASCII, to be found by key and compared.

    Attributes
    ----------
    table : KeyTable
        Keys to numbers of entries.
    lengths : ndarray of uint8, shape (entries,)
        Bytes of each.
    rest : ndarray of uint64, shape (3, entries)
        Bytes 8 to 31 of each.
    """

    table: KeyTable
    lengths: NDArray[np.uint8]
    rest: NDArray[np.uint64]

    @classmethod
    def of(cls, entries: Sequence[str]) -> _Index:
        chosen = np.array(
            [
                i
                for i, entry in enumerate(entries)
                if entry.isascii() and len(entry) <= _LONGEST and not entry.startswith("##")
            ],
            dtype=np.int32,
        )
        names = [entries[i] for i in chosen]
        sizes = np.array([len(name) for name in names], dtype=np.int64)
        words = _Words("".join(names).encode(), np.cumsum(sizes) - sizes, sizes)
        keys, first = np.unique(words.keys, return_index=True)
        first = first[keys > ord(_END)]
        table = KeyTable(len(first))
        table.add(words.keys[first], chosen[first])
        lengths = np.zeros(len(entries), dtype=np.uint8)
        lengths[chosen] = sizes
        rest = np.zeros((_LONGEST // 8 - 1, len(entries)), dtype=np.uint64)
        for column, (longer, eight) in enumerate(words.rest):
            rest[column, chosen[longer]] = eight
        return cls(table, lengths, rest)


class Vocabulary:
    """Entries and their numbers.

    Parameters
    ----------
    entries : sequence of str
        Different words, marks and pieces that continue a word (starting with ``##``).

    Notes
    -----
    `encode` finds words by 64-bit keys and compares what it finds byte by byte. Words that it
    doesn't find, and texts that don't fold to ASCII, are read as `ids` reads them; so the two
    always agree.
    """

    KEPT = 100_000
    """Unknown words whose pieces are remembered: a bound, as streams bring new ones for ever."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = entries
        self._pieces: dict[bytes, list[int]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each entry."""
        return {entry: i for i, entry in enumerate(self.entries)}

    def ids(self, text: str) -> list[int]:
        """Give the numbers of a text's entries, at most `MAX_TOKENS`.

        Parameters
        ----------
        text : str

        Returns
        -------
        list of int
            Whole words where the vocabulary has them, else their longest pieces.
        """
        ids: list[int] = []
        for word in tokenize(text):
            ids += self._ids_of_word(word)
        return ids[:MAX_TOKENS]

    def _ids_of_word(self, word: str) -> list[int]:
        number = self.numbers.get(word)
        return wordpieces(word, self.numbers) if number is None else [number]

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Give the same as `ids` for many texts; fastest for some thousands at a time.

        Parameters
        ----------
        texts : sequence of str
            n texts.

        Returns
        -------
        ids : ndarray of int32
            The numbers of all entries, text after text.
        counts : ndarray of int64, shape (n,)
            How many of them are each text's.
        """
        if not texts:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
        folded = list(texts)
        typeset = [i for i, text in enumerate(texts) if not text.isascii()]
        for i, text in zip(typeset, _plain_each([texts[i] for i in typeset]), strict=True):
            folded[i] = text if text.isascii() else _fold(text)
        alone = [i for i in typeset if not folded[i].isascii()]
        words = _Words.of_texts(folded, alone)
        if words is None:  # a text is too long, or has a byte that would pass for a mark of ours
            unfit = (i for i, t in enumerate(folded) if len(t) > MAX_TOKENS or _CONTROL_IN(t))
            alone = sorted({*alone, *unfit})
            words = cast(_Words, _Words.of_texts(folded, alone))
        numbers = self._found(words)
        others = np.flatnonzero(numbers < 0)
        is_end = words.keys[others] == ord(_END)
        ends, unknown = np.flatnonzero(is_end), np.flatnonzero(~is_end)
        texts_alone = iter(alone)
        pieces = [
            self._cut(word) if word != _ALONE.encode() else self.ids(texts[next(texts_alone)])
            for word in map(words.__getitem__, others[unknown].tolist())
        ]
        sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
        # Of the words before the j-th of the others, all but j are known.
        before = others - np.arange(len(others))
        counts = np.diff(before[ends], prepend=0)
        np.add.at(counts, np.searchsorted(ends, unknown), sizes)
        added = [i for piece in pieces for i in piece]
        return np.insert(numbers[numbers >= 0], np.repeat(before[unknown], sizes), added), counts

    def _cut(self, word: bytes) -> list[int]:
        ids = self._pieces.get(word)
        if ids is None:
            ids = self._ids_of_word(word.decode())
            if len(self._pieces) < self.KEPT:
                self._pieces[word] = ids
        return ids

    def _found(self, words: _Words) -> NDArray[np.int32]:
        """Give the number of each word that is an entry; -1 for the others."""
        known = self._index
        numbers = known.table.find(words.keys)
        for column, (longer, eight) in enumerate(words.rest):
            entry = numbers[longer]
            same = known.lengths[entry] == words.lengths[longer]
            same &= known.rest[column, entry] == eight
            numbers[longer[~same]] = -1
        return numbers

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.entries)
