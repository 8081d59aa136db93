"""Which of many titles may have to be taken apart: `taken_apart` changes none of the others."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from headlines.feeds.publishers import MAX_NAME, is_led, is_slugged, lead_names
from headlines.textarray import KeyTable, Texts

_PLAIN, _BLANK, _COLON, _HYPHEN, _SIGN, _BAR, _OPENING, _CLOSING, _CAPITAL, _END = range(10)
_KINDS = bytearray([_PLAIN]) * 256
for _signs, _kind in (
    (" ", _BLANK), (":", _COLON), ("-", _HYPHEN), ("/", _SIGN), ("|", _BAR), ("[(", _OPENING),
    (")]", _CLOSING), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", _CAPITAL), ("\n", _END),
):  # fmt: skip
    for _sign in _signs:
        _KINDS[ord(_sign)] = _kind
for _sign in "–—―·•»«":  # told by their last byte, which other letters may have
    _KINDS[_sign.encode()[-1]] = _SIGN
for _sign in "¦｜":
    _KINDS[_sign.encode()[-2 if _sign == "｜" else -1]] = _BAR

_REACH = MAX_NAME + 4
"""Characters at each end of a title that `taken_apart` looks at."""

_SLUG_END = 20
"""Bytes to the hyphen of an agency's slug, at most."""


def jointed(titles: Texts) -> NDArray[np.bool_]:
    """Tell which titles may have something before or behind them, a superset."""
    marked = np.zeros(len(titles), dtype=np.bool_)
    if not len(titles):
        return marked
    ends = titles.ends
    starts = np.concatenate([[0], ends[:-1] + 1])
    kinds = np.frombuffer(titles.joined.translate(_KINDS) + bytes(4), dtype=np.uint8)
    marked |= (kinds[starts] == _OPENING) | (kinds[ends - 1] == _CLOSING)
    before, here, after = kinds[:-2], kinds[1:-1], kinds[2:]
    joint = (here == _BAR) | ((here == _COLON) & (after == _COLON))
    joint |= (here == _SIGN) & (after == _BLANK)
    joint |= (here == _HYPHEN) & ((before == _BLANK) | (before == _HYPHEN))
    # The characters from an end of the title are its bytes without those that go on with one.
    going_on = np.flatnonzero(np.frombuffer(titles.joined, dtype=np.int8) < -64)
    places, of = _found(joint, ends)
    nth = np.searchsorted(going_on, places)
    from_start = places - starts[of] - (nth - np.searchsorted(going_on, starts[of]))
    to_end = ends[of] - places - (np.searchsorted(going_on, ends[of]) - nth)
    marked[of[(from_start <= _REACH) | (to_end <= _REACH)]] = True
    # Many titles have a colon of their own; few of them one behind a word that is known.
    places, of = _found((here == _COLON) & (after == _BLANK), ends)
    near = places - starts[of] <= 3 * _REACH
    places, of = places[near], of[near]
    of, first = np.unique(of, return_index=True)
    for i in of[_perhaps_led(titles, starts[of], places[first])].tolist():
        marked[i] = marked[i] or is_led(titles.strings[i])
    places, of = _found((here == _HYPHEN) & (before == _CAPITAL), ends)
    for i in np.unique(of[places - starts[of] <= _SLUG_END]).tolist():
        marked[i] = marked[i] or is_slugged(titles.strings[i])
    return marked


def _found(
    signs: NDArray[np.bool_], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the places of signs, from the second byte on, and which titles they stand in."""
    places = np.flatnonzero(signs) + 1
    return places, np.searchsorted(ends, places)


def _perhaps_led(
    titles: Texts, starts: NDArray[np.int64], colons: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell by its first bytes what before a colon may be known; the names are ASCII or stay."""
    content = np.frombuffer(titles.joined + bytes(_BYTES), dtype=np.uint8)
    eight = np.ndarray(len(content) - 7, dtype="<u8", buffer=content.data, strides=(1,))
    heads = eight[starts] & _MASKS[np.minimum(colons - starts, _BYTES)]
    odd: NDArray[np.bool_] = (heads & _HIGH != 0) | ~_ALNUM[content[starts]]
    odd |= _lead_heads().find(heads | _SMALL) >= 0
    return odd


_BYTES = 8
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(_BYTES + 1)], dtype=np.uint64)
_HIGH = np.uint64(0x8080808080808080)
_SMALL = np.uint64(0x2020202020202020)
"""Makes capitals small; what it makes of signs is the same on both sides."""

_ALNUM = np.array([chr(i).isalnum() and i < 128 for i in range(256)])


@functools.cache
def _lead_heads() -> KeyTable:
    heads = {int.from_bytes(name.encode()[:_BYTES], "little") for name in lead_names()}
    keys = np.unique(np.array(sorted(heads), dtype=np.uint64) | _SMALL)
    table = KeyTable(len(keys))
    table.add(keys, np.zeros(len(keys), dtype=np.int32))
    return table
