"""Claims about clustering texts whose words the embedder doesn't know."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SEEDS

from headlines import HeadlineClusterer, HeadlineLabeler, StaticEmbedder, read_feed
from headlines.clustering.clustered_feed import cluster_feed
from headlines.clustering.clusterer import vectors_and_words

FOREIGN = [
    "中部山区暴雨致三座桥梁受损",
    "央行今年第三次下调利率",
    "Κυβέρνηση ανακοινώνει νέα μέτρα για τις τράπεζες",
    "Правительство: запрет на вывоз бензина продлён",
    "Министр: цены на хлеб выросли",
    "Генсек NATO приехал в Киев с визитом",
    "Лавров встретился с послами NATO",
    "الحكومة تعلن خطة جديدة لتحلية مياه البحر",
    "🔥🔥",
    "⚡️",
]


def test_texts_of_unknown_words_are_copies_of_nothing_but_themselves() -> None:
    again = [*FOREIGN, FOREIGN[1], FOREIGN[8]]
    headlines = read_feed(again).headlines
    found = cluster_feed(headlines, StaticEmbedder(), HeadlineClusterer())
    assert len({h.story for h in found}) == len(FOREIGN) == len(found.clusters)
    assert (found[10].story, found[11].story) == (found[1].story, found[8].story)
    assert [(c.headlines, c.copies) for c in found.clusters] == [(2, 1)] * 2 + [(1, 0)] * 8


def test_a_comma_or_a_name_in_common_makes_no_vector() -> None:
    vectors, words = vectors_and_words([*FOREIGN, "Łódź Hosts Talks on Köln"], StaticEmbedder())
    assert vectors.any(axis=1).tolist() == [False] * len(FOREIGN) + [True]
    assert all(words)


def test_other_headlines_lie_in_the_stories_that_they_lie_in_without_them() -> None:
    titles = [headline.headline for headline in read_feed(SEEDS / "feed.txt")]
    mixed = [*titles[:50], *FOREIGN, *titles[50:]]
    places = [*range(50), *range(50 + len(FOREIGN), len(mixed))]
    embedder = StaticEmbedder()
    alone, together = HeadlineClusterer(), HeadlineClusterer()
    for clusterer, texts in ((alone, titles), (together, mixed)):
        X, words = vectors_and_words(texts, embedder)
        clusterer.fit(X, words=words)
    assert together.probabilities_[places].tolist() == alone.probabilities_.tolist()
    same = alone.labels_[:, None] == alone.labels_
    assert np.array_equal(together.labels_[places][:, None] == together.labels_[places], same)


@pytest.mark.parametrize("with_words", [False, True])
def test_rows_of_zeros_are_stories_of_their_own(with_words: bool) -> None:
    X = np.array([[0.0, 0], [1, 0], [0, 0], [1, 0.01], [0, 0]])
    words = [["a"], ["b"], ["c"], ["b"], ["a"]] if with_words else None
    fitted = HeadlineClusterer().fit(X, words=words)
    stories = fitted.labels_.tolist()
    assert stories[1] == stories[3]
    assert len(set(stories)) == (3 if with_words else 4)
    assert (stories[0] == stories[4]) is with_words
    assert fitted.predict(X).tolist() == [-1, stories[1], -1, stories[1], -1]


def test_a_fit_on_nothing_but_zeros_holds() -> None:
    fitted = HeadlineClusterer().fit(np.zeros((3, 4)))
    assert fitted.labels_.tolist() == fitted.themes_.tolist() == [0, 1, 2]
    assert fitted.predict(np.eye(4)).tolist() == [-1] * 4


def test_labels_of_texts_of_unknown_words_abstain_and_keep_the_line() -> None:
    labeler = HeadlineLabeler.load()
    found = labeler.label(FOREIGN[:5])
    assert [p.headline for p in found] == FOREIGN[:5]
    assert [p.topic for p in found] == [None] * 5
    assert {p.abstained for p in found[:3]} == {"no word of it is known"}
