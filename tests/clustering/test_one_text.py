"""Claims about samples that clusters take for one text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headlines import StaticEmbedder
from headlines.clustering.clusterer import Clusterer, vectors_and_words

FEED = [
    "Storm kills 2 in Manila suburb, officials say",
    "Storm kills 22 in Manila suburb, officials say",
    "Storm kills 2 in Manila suburb, the officials say",
    "Court jails poet over war verse",
    "Tax cut passes in the senate",
]


def texts_of(feed: Sequence[str]) -> list[int]:
    vectors, words = vectors_and_words(feed, StaticEmbedder())
    found = Clusterer().fit(vectors, words=words).copies_
    return [found.tolist().index(text) for text in found]


def test_texts_that_differ_in_a_number_are_two() -> None:
    assert texts_of(FEED) == [0, 1, 0, 3, 4]


def test_their_vectors_alone_would_make_them_one() -> None:
    vectors, _ = vectors_and_words(FEED, StaticEmbedder())
    assert vectors[0] @ vectors[1] > 0.97
    found = Clusterer().fit(vectors).copies_
    assert found[0] == found[1] == found[2]


def test_texts_that_each_have_a_word_of_their_own_are_two() -> None:
    said = "Police in {} London arrest two men over stabbing of a schoolboy on a bus, officers say"
    two = [said.format(part) for part in ("north", "south")]
    vectors, _ = vectors_and_words(two, StaticEmbedder())
    assert vectors[0] @ vectors[1] > 0.97
    assert texts_of([*two, *FEED[3:]])[:2] == [0, 1]


def test_which_are_one_text_does_not_depend_on_their_order() -> None:
    order = np.random.default_rng(3).permutation(len(FEED))
    found = texts_of([FEED[place] for place in order])
    one = {int(order[place]) for place in range(len(FEED)) if found.count(found[place]) > 1}
    assert one == {0, 2}
