"""Texts to vocabulary entries: one text as one reads it, or a chunk of them at once.

`tokenize`, `wordpieces` and `Vocabulary.ids` say what the entries of a text are.
`Vocabulary.encode` gives the same for thousands of texts, by array operations on their bytes.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from headlines.textarray import KeyTable, Texts

MAX_TOKENS = 512
"""Tokens of a headline beyond this many are not read; keeps every sum below 2**27."""

MAX_LETTERS = 100
"""A longer run of letters is no word: a megabyte without a blank must not stall a batch."""

_WORD = re.compile(r"[^\W_]+|[^\w\s]")
PUNCTUATION = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"
}  # fmt: skip


def tokenize(text: str) -> list[str]:
    """Split a headline into lower-case words and single punctuation marks, `MAX_TOKENS` at most.

    Accents are folded, typographic quotes and dashes made plain.

    Examples
    --------
    >>> tokenize("Zelenskyy’s “peace” plan: 10%")
    ['zelenskyy', "'", 's', '"', 'peace', '"', 'plan', ':', '10', '%']
    """
    return _WORD.findall(_fold(text))[:MAX_TOKENS]


def word_checksums(text: str) -> list[int]:
    """Give the words of a text as 32-bit checksums, numbers to know them by without the text."""
    return [zlib.crc32(word.encode()) for word in tokenize(text)]


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

_END = "\n"
"""Stands after every text."""

_IS_END = -2
"""Its number, which no entry of a vocabulary has."""

_BLANK, _LETTER, _MARK = range(3)


def _kind(character: str) -> int:
    if character.isalnum():
        return _LETTER
    is_blank = character.isspace() or character == "_"
    return _BLANK if is_blank and character != _END else _MARK


# Bytes beyond ASCII hold together with the letters beside them, for `tokenize` to take apart.
_KINDS = bytes(_kind(chr(i)) for i in range(128)) + bytes([_LETTER]) * 128

_SIGMA = "\u03a3".encode()
"""Its lower case depends on the letters around it, as that of no other letter does."""

_FIRST, _SECOND = "\u2018".encode()[:2]
"""How each of `PUNCTUATION` begins in UTF-8, before one byte more."""
_PLAIN = np.zeros(256, dtype=np.uint8)
for _mark, _plain_mark in PUNCTUATION.items():
    _PLAIN[_mark.encode()[2]] = ord(_plain_mark)


def _folded(data: bytes) -> bytes:
    """Give text in lower case, as far as it is ASCII, and plain punctuation."""
    data = data.lower()
    codes = np.frombuffer(data, dtype=np.uint8)
    first = np.flatnonzero(codes == _FIRST)
    if len(first):
        codes = codes.copy()
        plain = _PLAIN[codes[first + 2]] * (codes[first + 1] == _SECOND)
        first, plain = first[plain > 0], plain[plain > 0]
        codes[first] = plain
        codes[first + 1] = codes[first + 2] = ord(" ")
        data = codes.tobytes()
    return data


_LOW_BYTES = np.array([(1 << min(8 * i, 63)) - 1 for i in range(9)], dtype=np.uint64)
_LONGEST = 32
_MIX = np.uint64(0xD6E8FEB86659FD93)
_LONG = np.uint64(1 << 63)
"""Set in the keys of words of more than 8 bytes alone: ASCII has no use for it in the others."""


class _Words:
    """Words in a string of bytes, and a 64-bit key for each.

    A word of up to 8 bytes is its own key; the key of a longer one is mixed from its first
    `_LONGEST` bytes, 8 at a time, which `eights` keeps for a comparison.
    """

    def __init__(self, data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self.data, self.starts, self.lengths = data, starts, lengths
        padded = np.frombuffer(data + bytes(_LONGEST), dtype=np.uint8)
        # The 8 bytes from any position on, as one number.
        eights = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))
        self.keys = eights[starts] & _LOW_BYTES.take(lengths, mode="clip")
        self.eights: list[tuple[NDArray[np.int64], NDArray[np.uint64]]] = []
        longer = np.flatnonzero(lengths > 8)
        if len(longer):
            self.eights.append((longer, self.keys[longer]))
        for offset in range(8, _LONGEST, 8):
            longer = longer[lengths[longer] > offset]
            if not len(longer):
                break
            left = _LOW_BYTES.take(lengths[longer] - offset, mode="clip")
            eight = eights[starts[longer] + offset] & left
            mixed = self.keys[longer] * _MIX
            self.keys[longer] = ((mixed ^ (mixed >> np.uint64(32))) + eight) | _LONG
            self.eights.append((longer, eight))

    @classmethod
    def split(cls, data: bytes) -> _Words:
        """Find words as `tokenize` does, and `_END`.

        What isn't ASCII comes as one word with the letters beside it.
        """
        kinds = np.frombuffer(data.translate(_KINDS), dtype=np.uint8)
        letter = kinds == _LETTER
        starts, ends = kinds >= _MARK, kinds >= _MARK
        starts[:1] |= letter[:1]
        starts[1:] |= letter[1:] & ~letter[:-1]
        ends[:-1] |= letter[:-1] & ~letter[1:]
        ends[-1:] |= letter[-1:]
        first = np.flatnonzero(starts)
        return cls(data, first, np.flatnonzero(ends) + 1 - first)

    def __getitem__(self, word: int) -> bytes:
        start = int(self.starts[word])
        return self.data[start : start + int(self.lengths[word])]


@dataclass(frozen=True)
class _Index:
    """The entries that are whole words of ASCII, to be found by key and compared.

    `lengths` are the bytes of each, `eights` its first 32 bytes, 8 to a number: shape (4, entries).
    """

    table: KeyTable
    lengths: NDArray[np.uint8]
    eights: NDArray[np.uint64]

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
        first = first[(keys != 0) & (keys != ord(_END))]
        table = KeyTable(len(first) + 1)
        table.add(words.keys[first], chosen[first])
        table.add(np.array([ord(_END)], dtype=np.uint64), np.array([_IS_END], dtype=np.int32))
        lengths = np.zeros(len(entries), dtype=np.uint8)
        lengths[chosen] = sizes
        eights = np.zeros((_LONGEST // 8, len(entries)), dtype=np.uint64)
        for column, (longer, eight) in enumerate(words.eights):
            eights[column, chosen[longer]] = eight
        return cls(table, lengths, eights)


class Vocabulary:
    """Entries and their numbers.

    Entries are different words, marks and pieces that continue a word (starting with ``##``).
    `encode` finds words by 64-bit keys and compares what it finds byte by byte. Words that it
    doesn't find, or that aren't ASCII, are read as `ids` reads them; so the two always agree.
    """

    MAX_REMEMBERED = 100_000
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

        They are whole words where the vocabulary has them, else their longest pieces.
        """
        ids: list[int] = []
        for word in tokenize(text):
            ids += self._ids_of_word(word)
        return ids[:MAX_TOKENS]

    def _ids_of_word(self, word: str) -> list[int]:
        number = self.numbers.get(word)
        return wordpieces(word, self.numbers) if number is None else [number]

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Give the same as `ids` for n texts; fastest for some thousands at a time.

        Gives the numbers of all entries, text after text, and how many of them are each text's.
        """
        found = texts if isinstance(texts, Texts) else Texts.of(texts)
        alone: list[int] = []  # texts that are too long, or that fold by a rule of their own
        longest = np.diff(found.ends, prepend=-1).max(initial=0)
        if longest > MAX_TOKENS or (_SIGMA[0] in found.joined and _SIGMA in found.joined):
            alone = [
                i
                for i, (start, end) in enumerate(pairwise([-1, *found.ends.tolist()]))
                if end - start > MAX_TOKENS or _SIGMA in found.joined[start + 1 : end]
            ]
            found = found.replaced(dict.fromkeys(alone, ""))
        words = _Words.split(_folded(found.joined))
        numbers = self._found(words)
        others = np.flatnonzero(numbers < 0)
        is_end = numbers[others] == _IS_END
        ends, unknown = np.flatnonzero(is_end), np.flatnonzero(~is_end)
        pieces = list(map(self._cut, map(words.__getitem__, others[unknown].tolist())))
        if alone:
            unknown = np.concatenate([unknown, ends[alone]])
            pieces += [self.ids(texts[i]) for i in alone]
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
            if word.isascii():  # one word as `tokenize` has it
                ids = self._ids_of_word(word.decode())
            else:
                ids = self.ids(word.decode("utf-8", "surrogatepass"))
            if len(self._pieces) < self.MAX_REMEMBERED:
                self._pieces[word] = ids
        return ids

    def _found(self, words: _Words) -> NDArray[np.int32]:
        """Give the number of each word that is an entry; `_IS_END`, or -1 for the others."""
        known = self._index
        numbers = known.table.find(words.keys)
        for column, (longer, eight) in enumerate(words.eights):
            entry = numbers.take(longer)
            same = known.eights[column].take(entry, mode="wrap") == eight
            if not column:
                same &= known.lengths.take(entry, mode="wrap") == words.lengths.take(longer)
            numbers[longer[~same]] = -1
        return numbers

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.entries)
