"""Claims about the order in which a person is asked."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SEEDS

from headlines import HeadlineLabeler, read_feed
from headlines.feeds.headline import Headline
from headlines.neighbours import whole_vectors
from headlines.review.order import DOUBTED, KINDS, NEW_TOPIC, Suggestion, spread, suggestions
from headlines.topics.labels import GoldLabel

NEWS = [
    Headline.parse(text)
    for text in (
        "Court jails activist for nine years over anti-war posts",
        "Judge extends arrest of former deputy minister in bribery case",
        "Prosecutors seek twelve years for theatre director",
        "Drone strike sets fuel depot ablaze in Rostov region",
        "Air defences shoot down forty drones over Belgorod",
        "Refinery halts work after drone attack in Samara",
        "EU adopts new sanctions on oil tankers",
        "Washington sanctions banks that help evade restrictions",
        "Central bank raises key rate as inflation climbs",
        "Rouble falls to a low against the dollar",
        "Budget deficit widens as oil revenue drops",
        "Flood waters reach two thousand homes in Orenburg",
        "Wildfires spread near Chita after dry spring",
        "Foreign minister meets envoy for talks in Istanbul",
        "Leaders agree on prisoner exchange after call",
        "Parliament passes law on foreign agents in third reading",
        "Governor resigns days before regional vote",
        "Troops advance towards Pokrovsk, general staff says",
        "Newspaper editor leaves country after raid on office",
        "Schools open new year with lessons on patriotism",
    )
]
FOOTBALL = [
    Headline.parse(text)
    for text in (
        "Arsenal beat Chelsea 2-0 in Premier League derby",
        "Chelsea striker scores twice as Arsenal lose Premier League title",
        "Liverpool midfielder injured in Premier League match against Arsenal",
        "Manchester City striker wins Premier League golden boot",
        "Liverpool beat Manchester City in Champions League semi-final",
        "Champions League final: Liverpool striker scores late goal",
    )
]


def _ids(found: list[Suggestion]) -> list[str]:
    return [suggestion.prediction.id for suggestion in found]


def test_every_distinct_headline_comes_once_with_a_reason(labeler: HeadlineLabeler) -> None:
    shouted = Headline.parse(NEWS[0].headline.upper())  # a copy: it has the same id
    found = suggestions(labeler, [*NEWS, *NEWS[:5], shouted, Headline.parse("")])
    assert sorted(_ids(found)) == sorted(headline.id for headline in NEWS)
    assert all(suggestion.kind in KINDS and suggestion.reason for suggestion in found)
    assert all(suggestion.prediction.topic for suggestion in found)


def test_the_same_feed_has_the_same_order_however_it_is_shuffled(labeler: HeadlineLabeler) -> None:
    labels = [GoldLabel(NEWS[0], "courts"), GoldLabel(NEWS[4], "economy")]
    found = suggestions(labeler, NEWS, labels=labels)
    again = suggestions(labeler, [NEWS[i] for i in (*range(7, 20), *range(7))], labels=labels[::-1])
    assert found == again == suggestions(labeler, NEWS, labels=labels)


def test_what_was_answered_or_labelled_is_not_asked_again(labeler: HeadlineLabeler) -> None:
    first = suggestions(labeler, NEWS)
    answered, topic = first[0].prediction.item, first[0].prediction.topics[0][0]
    found = suggestions(
        labeler, NEWS, labels=[GoldLabel(answered, topic)], skip={answered.id, NEWS[6].id}
    )
    assert set(_ids(found)) == set(_ids(first)) - {answered.id, NEWS[6].id}
    known = suggestions(labeler, NEWS, labels=[GoldLabel(NEWS[0], "courts")])
    assert NEWS[0].id not in _ids(known)


def test_a_wrong_label_is_doubted_first_and_a_right_one_is_not(labeler: HeadlineLabeler) -> None:
    labels = [GoldLabel(NEWS[0], "courts"), GoldLabel(NEWS[3], "economy")]
    [first, *rest] = suggestions(labeler, NEWS, labels=labels)
    assert (first.prediction.item, first.kind, first.label) == (NEWS[3], DOUBTED, "economy")
    assert "economy" in first.reason
    assert all(s.label is None and s.kind != DOUBTED for s in rest)
    confirmed = suggestions(labeler, NEWS, labels=labels, skip={NEWS[3].id})
    assert NEWS[3].id not in _ids(confirmed)


def test_a_cluster_outside_the_topics_is_asked_by_one_headline(labeler: HeadlineLabeler) -> None:
    feed = [*read_feed(SEEDS / "feed.txt").headlines, *FOOTBALL]
    clusters = labeler.cluster(feed)
    [number] = {h.cluster for h in clusters if h.id == FOOTBALL[0].id}
    found = [s for s in suggestions(labeler, feed, clusters=clusters) if s.cluster == number]
    assert [s.kind for s in found] == [NEW_TOPIC]
    assert found[0].prediction.item in FOOTBALL
    again = suggestions(labeler, feed, clusters=clusters, skip={found[0].prediction.id})
    assert all(s.cluster != number for s in again)
    assert {h.id for h in FOOTBALL} - {found[0].prediction.id} <= set(_ids(again))


def test_an_empty_feed_has_nothing_to_ask(labeler: HeadlineLabeler) -> None:
    assert suggestions(labeler, []) == []
    assert suggestions(labeler, NEWS, skip={headline.id for headline in NEWS}) == []


def test_near_twins_are_not_asked_one_after_the_other() -> None:
    rng = np.random.default_rng(0)
    three = rng.normal(size=(3, 64))
    points = whole_vectors(np.repeat(three, 4, axis=0) + 0.01 * rng.normal(size=(12, 64)))
    order = spread(points, np.full((12, 2), 0.5), np.zeros(12))
    assert sorted(order.tolist()) == list(range(12))
    assert {int(i) // 4 for i in order[:3]} == {0, 1, 2}


def test_a_headline_like_a_labelled_one_comes_after_an_unlike_one() -> None:
    points = whole_vectors(np.eye(4))
    assert spread(points, np.full((4, 2), 0.5), np.array([0.9, 0.0, 0.5, 0.7])).tolist() == [
        1, 2, 3, 0,
    ]  # fmt: skip


def test_among_headlines_as_unlike_the_unsure_one_comes_first() -> None:
    shares = np.array([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]])
    assert spread(whole_vectors(np.eye(3)), shares, np.zeros(3)).tolist() == [1, 2, 0]


def test_more_headlines_than_are_compared_all_have_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headlines.review.order.MAX_POINTS", 6)
    monkeypatch.setattr("headlines.review.order.MAX_PICKED", 3)
    rng = np.random.default_rng(0)
    points, shares = whole_vectors(rng.normal(size=(20, 8))), rng.dirichlet([1, 1], size=20)
    order = spread(points, shares, np.zeros(20))
    assert sorted(order.tolist()) == list(range(20))
    doubt = 1 - (shares**2).sum(axis=1)
    assert (np.diff(doubt[order[3:]]) <= 0.001).all()
