"""Many strings at once: their bytes in one string, and their 64-bit keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 over the golden ratio: spreads keys that differ in few bits (Knuth, TAOCP 6.4)."""


class KeyTable:
    """Open addressing with linear probing, a whole array of keys at a time.

    It holds up to `capacity` keys, but not 0, which marks an empty slot; memory is 24 to 48 bytes
    each, taken as it fills.
    """

    def __init__(self, capacity: int) -> None:
        bits = max(4, (2 * capacity - 1).bit_length())
        self._shift = np.uint64(64 - bits)
        self._last = (1 << bits) - 1
        self._keys = np.zeros(1 << bits, dtype=np.uint64)
        self._numbers = np.full(1 << bits, -1, dtype=np.int32)
        self._held = 0

    def __len__(self) -> int:
        return self._held

    def _home(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Give the slot where the search for each key starts."""
        return ((keys * _SPREAD) >> self._shift).view(np.int64)

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Give the number of each of n keys, -1 where it isn't held."""
        slots = self._home(keys)
        there = self._keys.take(slots, mode="clip")
        numbers = self._numbers.take(slots, mode="clip")
        wrong = np.flatnonzero(there != keys)
        numbers[wrong] = -1
        pending = wrong[there[wrong] != 0]
        while len(pending):
            slot = slots[pending] = (slots[pending] + 1) & self._last
            there = self._keys[slot]
            right = there == keys[pending]
            numbers[pending[right]] = self._numbers[slot[right]]
            pending = pending[~right & (there != 0)]
        return numbers

    def add(self, keys: NDArray[np.uint64], numbers: NDArray[np.int32]) -> None:
        """Hold keys, all different, none 0, none held yet; their numbers are any but -1."""
        slots = self._home(keys)
        pending = np.arange(len(keys))
        while len(pending):
            slot = slots[pending]
            free = self._keys[slot] == 0
            self._keys[slot[free]] = keys[pending[free]]  # of several for a slot, the last stays
            settled = self._keys[slot] == keys[pending]
            self._numbers[slot[settled]] = numbers[pending[settled]]
            pending = pending[~settled]
            slots[pending] = (slots[pending] + 1) & self._last
        self._held += len(keys)


@dataclass(frozen=True, eq=False)
class Texts(Sequence[str]):
    """Texts and their bytes in one string, for what looks at all of them at once."""

    strings: list[str]
    joined: bytes  # UTF-8, a line feed after each text; one within a text is a tab here
    ends: NDArray[np.int64]  # places of these line feeds, one for each text

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
