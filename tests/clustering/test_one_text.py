"""Claims about samples that clusters take for one text, and which of these are copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from headlines import HeadlineLabeler, StaticEmbedder
from headlines.clustering.clusterer import Clusterer, vectors_and_words

FEED = [
    "Storm kills 2 in Manila suburb, officials say",
    "Storm kills 22 in Manila suburb, officials say",
    "Storm kills two in Manila suburb, the officials say",
    "Court jails poet over war verse",
    "Tax cut passes in the senate",
]


def fitted(feed: Sequence[str], *, words: bool = True) -> Clusterer:
    vectors, said = vectors_and_words(feed, StaticEmbedder())
    return Clusterer().fit(vectors, words=said if words else None)


def first_of_each(numbers: np.ndarray) -> list[int]:
    return [numbers.tolist().index(number) for number in numbers]


def test_headlines_that_differ_in_a_number_are_one_text_and_no_copies() -> None:
    found = fitted(FEED)
    assert first_of_each(found.texts_) == [0, 0, 0, 3, 4]
    assert first_of_each(found.copies_) == [0, 1, 0, 3, 4]
    assert len(set(found.labels_[:3])) == 1


def test_without_words_vectors_alone_tell_copies() -> None:
    assert first_of_each(fitted(FEED, words=False).copies_) == [0, 0, 0, 3, 4]


def test_a_negation_is_no_copy_of_what_it_denies() -> None:
    said = "Ministers of the coalition government {}resign over the budget crisis, spokesman says"
    found = fitted([said.format(""), said.format("not "), *FEED[3:]])
    assert first_of_each(found.texts_)[:2] == [0, 0]
    assert first_of_each(found.copies_)[:2] == [0, 1]


def test_which_are_copies_does_not_depend_on_their_order() -> None:
    order = np.random.default_rng(3).permutation(len(FEED))
    found = fitted([FEED[place] for place in order]).copies_.tolist()
    assert {int(order[i]) for i, number in enumerate(found) if found.count(number) > 1} == {0, 2}


@pytest.mark.parametrize(("feed", "copies"), [(FEED[:2], 0), ([FEED[0], FEED[2]], 1)])
def test_a_feed_counts_no_other_toll_as_a_copy(
    feed: list[str], copies: int, labeler: HeadlineLabeler
) -> None:
    found = labeler.cluster([*feed, *FEED[3:]])
    assert sum(cluster.copies for cluster in found.clusters) == copies
