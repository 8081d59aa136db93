"""Keys that headlines share with their copies, and which headlines have each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEPT = 30
"""The last headlines of a key that are looked at: what bounds the time of a common one."""

WAITING = 1 << 17
"""Entries that wait in a dictionary before they are sorted among the others."""

Keys = NDArray[np.uint64]
Places = NDArray[np.int32]


class SharedKeys:
    """The places of headlines by their keys of 64 bits, the last `KEPT` of each.

    New entries wait in a dictionary; the others lie sorted in runs that are merged as they grow
    (a log-structured merge tree: O'Neil, Cheng, Gawlick, O'Neil 1996). So an entry takes 12 bytes.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Keys, Places]] = []  # the oldest first; places rise within a key
        self._waiting: defaultdict[int, list[int]] = defaultdict(list)
        self._entries = 0

    def add(self, keys: Sequence[int], place: int) -> None:
        """Let a headline have keys; its place isn't below those that came before it."""
        for key in keys:
            self._waiting[key].append(place)
        self._entries += len(keys)

    def sorted_places(self, keys: Keys) -> tuple[list[int], list[int]]:
        """Give the last places of n keys among those that don't wait, the first ones first.

        Those of key i stand from the i-th to the next of n + 1 bounds.
        """
        left = np.full(len(keys), KEPT, dtype=np.int64)
        owner, place = [], []
        order = np.argsort(keys, kind="stable")  # neighbours are searched where the last one was
        ranked = keys[order]
        for held, places in reversed(self._runs):
            end = np.searchsorted(held, ranked, side="right")
            count = np.minimum(end - np.searchsorted(held, ranked, side="left"), left[order])
            left[order] -= count
            total = int(count.sum())
            within = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
            owner.append(np.repeat(order, count))
            place.append(places[np.repeat(end - count, count) + within])
        owners = np.concatenate([np.zeros(0, dtype=np.int64), *reversed(owner)])
        found = np.concatenate([np.zeros(0, dtype=np.int32), *reversed(place)])
        found = found[np.argsort(owners, kind="stable")]
        bounds = np.concatenate([[0], np.cumsum(KEPT - left)])
        return bounds.tolist(), found.tolist()

    def waiting(self, key: int) -> list[int]:
        """Give the places of a key that wait, the first ones first."""
        return self._waiting.get(key, [])

    def settle(self, *, all: bool = False) -> None:
        """Sort what waits among the others, when there is much of it or all has to be."""
        if self._entries < (1 if all else WAITING):
            return
        counts = np.fromiter(map(len, self._waiting.values()), np.int64, len(self._waiting))
        keys = np.repeat(np.fromiter(self._waiting, np.uint64, len(self._waiting)), counts)
        flat = [place for places in self._waiting.values() for place in places]
        self._runs.append(_sorted(keys, np.array(flat, dtype=np.int32)))
        self._waiting.clear()
        self._entries = 0
        while len(self._runs) > 1 and 3 * len(self._runs[-1][0]) >= len(self._runs[-2][0]):
            self._merge()

    def _merge(self) -> None:
        (keys, places), (new_keys, new_places) = self._runs[-2:]
        self._runs[-2:] = []
        merged = np.concatenate([keys, new_keys]), np.concatenate([places, new_places])
        del keys, places, new_keys, new_places
        self._runs.append(_sorted(*merged))

    def forget(self, first: int) -> None:
        """Forget places before one, which is 0 from now on."""
        self.settle(all=True)
        kept = []
        for keys, places in self._runs:
            still = places >= first
            kept.append((keys[still], places[still] - np.int32(first)))
        self._runs = [run for run in kept if len(run[0])]

    def entries(self) -> tuple[Keys, Places]:
        """Give all entries, by key and then by place."""
        self.settle(all=True)
        while len(self._runs) > 1:
            self._merge()
        empty = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int32)
        return self._runs[0] if self._runs else empty

    @classmethod
    def of(cls, keys: Keys, places: Places) -> SharedKeys:
        """Make it of what `entries` gave."""
        found = cls()
        if len(keys):
            found._runs.append((keys, places))
        return found


def _sorted(keys: Keys, places: Places) -> tuple[Keys, Places]:
    order = np.argsort(keys, kind="stable")
    return keys[order], places[order]


_SPREAD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


def keys_of_pairs(numbers: Keys, first: Keys, second: Keys) -> Keys:
    """Give a key for numbers and two words of each of n, all as checksums; words in any order."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    key = numbers * _SPREAD[0] ^ low * _SPREAD[1] ^ high * _SPREAD[2]
    key ^= key >> np.uint64(32)
    key *= _SPREAD[0]
    return np.asarray(key ^ (key >> np.uint64(29)))
