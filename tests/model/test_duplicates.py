"""Claims about near-duplicates: what is fast finds what comparing all pairs finds."""

from __future__ import annotations

import resource
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines.model import duplicates
from headlines.model.duplicates import near_duplicate_groups


def plain_groups(words: Sequence[Sequence[int]]) -> list[int]:
    """Compare every pair; number the groups in the order in which they come."""
    sets = [set(w) for w in words]
    group = list(range(len(sets)))
    for i, one in enumerate(sets):
        for j, other in enumerate(sets[:i]):
            shared = len(one & other)
            if shared and shared >= 0.6 * (len(one) + len(other) - shared):
                group = [group[j] if g == group[i] else g for g in group]
    order = list(dict.fromkeys(group))
    return [order.index(g) for g in group]


SETS = st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=25)


@settings(max_examples=400)
@given(SETS)
def test_the_groups_are_those_of_comparing_every_pair(words: list[list[int]]) -> None:
    assert near_duplicate_groups(words).tolist() == plain_groups(words)


@given(SETS, st.integers(1, 30))
def test_the_groups_hang_on_no_number_of_pairs_at_a_time(words: list[list[int]], n: int) -> None:
    before, duplicates.PAIRS_AT_A_TIME = duplicates.PAIRS_AT_A_TIME, n
    try:
        assert near_duplicate_groups(words).tolist() == plain_groups(words)
    finally:
        duplicates.PAIRS_AT_A_TIME = before


def test_long_sets_that_share_common_words_are_grouped_as_by_every_pair() -> None:
    rng = np.random.default_rng(0)
    rare = 1 / (1 + np.arange(400))
    bases = [rng.choice(400, rng.integers(4, 30), p=rare / rare.sum()) for _ in range(60)]
    words = [
        np.where(rng.random(len(base)) < 0.15, rng.integers(0, 400, len(base)), base).tolist()
        for base in bases
        for _ in range(5)
    ]
    groups = near_duplicate_groups(words).tolist()
    assert groups == plain_groups(words)
    assert 60 < len(set(groups)) < 200


def test_fifty_thousand_headlines_with_a_word_in_common_need_no_room_for_their_pairs() -> None:
    rng = np.random.default_rng(0)
    words = [[0, *some] for some in rng.integers(1, 20_000, (50_000, 9)).tolist()]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(set(near_duplicate_groups(words).tolist())) == 50_000
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 2**20  # KiB; the pairs that share the word would take 30 times as much
