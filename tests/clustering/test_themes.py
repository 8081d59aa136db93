"""Claims about themes that gather by topics: what they hold, how they are named, what stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS
from sklearn.metrics import adjusted_mutual_info_score

from headlines import HeadlineClusterer, HeadlineLabeler, Taxonomy, read_feed
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.whitening import Whitening
from headlines.topics.labels import read_labels

FEED = read_feed(SEEDS / "feed.txt").headlines
FOOTBALL = [
    "Arsenal beat Chelsea 2-0 in Premier League derby",
    "Chelsea striker scores twice as Arsenal lose Premier League title",
    "Liverpool midfielder injured in Premier League match against Arsenal",
    "Manchester City striker wins Premier League golden boot",
    "Liverpool beat Manchester City in Champions League semi-final",
    "Champions League final: Liverpool striker scores late goal",
]


@pytest.fixture(scope="module")
def labeler() -> HeadlineLabeler:
    return HeadlineLabeler.load()


@pytest.mark.slow
def test_themes_are_nearer_to_topics_by_a_labeler_that_never_saw_the_feed() -> None:
    unseen = HeadlineLabeler.train(Taxonomy.load())
    gold = {
        label.headline.id: label.topic
        for label in read_labels(SEEDS / "labels.csv", Taxonomy.load().names)
    }
    truth = [gold[headline.id] for headline in FEED]
    found = [headline.theme for headline in unseen.cluster(FEED)]
    X, words = vectors_and_words(FEED, unseen.embedder)
    news = Whitening.of_news(unseen.embedder.fingerprint)
    alone = HeadlineClusterer(whitening=news).fit(X, words=words).themes_
    assert adjusted_mutual_info_score(truth, found) > 0.45
    assert adjusted_mutual_info_score(truth, alone) < 0.35


def test_topics_leave_stories_whole_and_as_they_were(labeler: HeadlineLabeler) -> None:
    X, words = vectors_and_words(FEED, labeler.embedder)
    shares = labeler.probabilities_of(FEED)
    alone = HeadlineClusterer().fit(X, words=words)
    found = HeadlineClusterer().fit(X, words=words, topics=shares)
    assert np.array_equal(found.labels_, alone.labels_)
    assert np.array_equal(found.predict(X, words=words), alone.labels_)
    assert not np.array_equal(found.themes_, alone.themes_)
    pairs = set(zip(found.labels_.tolist(), found.themes_.tolist(), strict=True))
    assert len(pairs) == len(set(found.labels_.tolist()))


def test_topics_that_hold_for_nothing_change_no_theme(labeler: HeadlineLabeler) -> None:
    X, words = vectors_and_words(FEED, labeler.embedder)
    alone = HeadlineClusterer().fit(X, words=words)
    found = HeadlineClusterer().fit(X, words=words, topics=np.zeros((len(X), 3)))
    assert np.array_equal(found.themes_, alone.themes_)
    assert found.themes_.dtype == alone.themes_.dtype == np.int64


def test_the_order_of_headlines_changes_no_theme(labeler: HeadlineLabeler) -> None:
    turned = labeler.cluster(FEED[::-1])[::-1]
    pairs = {(a.theme, b.theme) for a, b in zip(labeler.cluster(FEED), turned, strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_headlines_without_any_neighbour_gather_by_topic() -> None:
    X, topics = np.eye(6), np.repeat(np.eye(2), 3, axis=0)
    found = HeadlineClusterer(n_neighbors=1).fit(X, topics=topics)
    assert found.labels_.max() == 5
    assert found.themes_.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_theme_says_the_topic_of_most_of_its_headlines_first(labeler: HeadlineLabeler) -> None:
    found = labeler.cluster(FEED)
    held = [bool(c.topics) and c.topics[0][1] > 0.5 for c in found.clusters]
    assert sum(held) > len(held) / 2
    for cluster, first in zip(found.clusters, held, strict=True):
        assert cluster.name.startswith(f"{cluster.topics[0][0]}: ") == first
    assert len({cluster.name for cluster in found.clusters}) == len(found.clusters)


def test_a_story_says_no_topic(labeler: HeadlineLabeler) -> None:
    names = [cluster.name for cluster in labeler.cluster(FEED, level="story").clusters]
    assert not [name for name in names if name.split(": ")[0] in labeler.topics]


def test_what_no_topic_covers_has_a_theme_of_its_own(labeler: HeadlineLabeler) -> None:
    found = labeler.cluster([*(h.headline for h in FEED), *FOOTBALL])
    themes = {headline.theme for headline in found[len(FEED) :]}
    assert len(themes) == 1
    [theme] = [cluster for cluster in found.clusters if cluster.cluster in themes]
    assert theme.headlines == len(FOOTBALL)
    assert not theme.covered
    assert not theme.name.startswith(labeler.topics)


def test_a_theme_keeps_its_name_from_day_to_day(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    first = labeler.cluster(FEED[:80], memory=memory, day="2024-06-01")
    later = labeler.cluster(FEED[40:], memory=memory, day="2024-06-02")
    names = {cluster.cluster: cluster.name for cluster in first.clusters}
    kept = [cluster for cluster in later.clusters if cluster.cluster in names]
    assert len(kept) > 5
    assert all(cluster.name == names[cluster.cluster] for cluster in kept)


@pytest.mark.parametrize(
    "topics",
    [np.ones(3), np.ones((2, 2)), [["a"], ["b"], ["c"]], np.full((3, 2), np.nan), [[2]] * 3],
)
def test_topics_that_are_no_probabilities_are_refused(topics: object) -> None:
    with pytest.raises(ValueError, match="topics"):
        HeadlineClusterer().fit(np.eye(3), topics=topics)
