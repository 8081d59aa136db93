"""Claims about certainty: calibrated probabilities, held errors, text that is no news, reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS, write
from hypothesis import given, settings
from hypothesis import strategies as st

from headlines import HeadlineLabeler, Taxonomy, Topic, TopicClassifier
from headlines.classification.background import background_texts
from headlines.classification.training import DEFAULT_ALSO, learn_further
from headlines.evaluation import (
    brier_score,
    calibration_error,
    evaluate,
    log_loss,
    suspected_errors,
)
from headlines.feeds.headline import Headline
from headlines.model.certainty import Applying, Calibration, threshold_for
from headlines.model.scorer import probabilities_of
from headlines.topics.labels import GoldLabel, read_labels

TOPICS = Taxonomy.load()


def _drawn(n: int, heat: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `heat` times too large for the labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 4)) * 1.5
    shares = probabilities_of(logits)
    y = np.array([rng.choice(4, p=row) for row in shares])
    return logits * heat, y


@pytest.mark.parametrize("heat", [0.4, 1.0, 3.0])
def test_calibration_finds_the_temperature(heat: float) -> None:
    logits, y = _drawn(2000, heat)
    found = Calibration.fit(logits, y)
    assert found.scale == pytest.approx(1 / heat, rel=0.15)
    shares = probabilities_of(found(*_drawn(2000, heat, seed=1)[:1]))
    right = shares.argmax(axis=1) == _drawn(2000, heat, seed=1)[1]
    assert calibration_error(shares.max(axis=1), right) < 0.05


def test_few_labels_move_probabilities_little_and_none_not_at_all() -> None:
    logits, y = _drawn(4, 3.0)
    assert 0.3 < Calibration.fit(logits, y).scale < 1.3
    assert Calibration.fit(logits, y).method == "temperature"
    nothing = Calibration.fit(np.zeros((0, 4)), np.zeros(0, dtype=np.int64))
    assert (nothing.scale, nothing.method) == (1.0, "none")


def _applying(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, how likely each of four topics applies by a known rule, and which do."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 4)) * 2
    rule = Applying(1.3, 0.6, np.array([-1.0, 0.0, 0.5, 1.0]))
    likely = rule(logits, probabilities_of(logits))
    return logits, likely, rng.random(likely.shape) < likely


def test_how_likely_a_topic_applies_is_learned_as_it_was_drawn() -> None:
    logits, _, applies = _applying(5000)
    found = Applying.fit(logits, applies)
    told = (found.own, found.every, *found.bias)
    assert told == pytest.approx((1.3, 0.6, -1.0, 0.0, 0.5, 1.0), abs=0.15)
    others, likely, _ = _applying(500, seed=1)
    assert np.abs(found(others, probabilities_of(others)) - likely).max() < 0.05


def test_far_logits_give_probabilities_without_a_warning() -> None:
    rule = Applying(1.0, 0.0, np.zeros(2))
    logits = np.array([[-1e5, 1e5]])
    assert rule(logits, probabilities_of(logits)).round(6).tolist() == [[0.0, 1.0]]


def test_further_topics_are_named_from_where_the_whole_set_is_best() -> None:
    logits, _, applies = _applying(3000)
    applies |= np.eye(4, dtype=bool)[logits.argmax(axis=1)]
    applying, bound = learn_further(logits, applies)
    assert applying is not None
    likely = applying(logits, probabilities_of(logits))
    first = np.eye(4, dtype=bool)[logits.argmax(axis=1)]

    def f1(at_least: float) -> float:
        named = first | (likely >= at_least)
        return float(2 * (named & applies).sum() / (named.sum() + applies.sum()))

    assert f1(bound) >= max(f1(step) for step in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9))


def test_without_labels_that_name_further_topics_shares_decide() -> None:
    logits, _, _ = _applying(100)
    one = np.eye(4, dtype=bool)[logits.argmax(axis=1)]
    assert learn_further(logits, one) == (None, DEFAULT_ALSO)
    plain = HeadlineLabeler.train(
        Taxonomy(tuple(Topic(t.name, t.definition) for t in TOPICS.topics))
    )
    text = ["Court Jails Editor of Banned Newspaper"]
    assert "applying" not in plain.state.payload["certainty"]
    shares = plain.probabilities_of(text)
    assert np.array_equal(plain.probabilities_of(text, several=True), shares.round(6))


def test_a_row_names_the_topics_whose_probability_of_applying_is_reached(tmp_path: Path) -> None:
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    trained = HeadlineLabeler.train(TOPICS, labels)
    trained.save(tmp_path / "m.joblib")
    model = HeadlineLabeler.load(tmp_path / "m.joblib")
    assert model.certainty.applying is not None
    texts = [label.headline.headline for label in labels]
    likely = model.probabilities_of(texts, several=True)
    assert np.array_equal(likely, trained.probabilities_of(texts, several=True))
    found = model.label(texts, any_text=True)
    for prediction, row in zip(found, likely, strict=True):
        named = {
            t
            for t, p, bound in zip(model.topics, row, model.certainty.also_from, strict=True)
            if p >= bound
        }
        assert set(prediction.also) == named - {prediction.topic}
    assert any(prediction.also for prediction in found)
    silent = model.label(texts, abstain_below=1.0)
    assert not any(prediction.also for prediction in silent)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1, 0.2, 0.3]))
def test_a_threshold_holds_the_error_on_the_labels_it_was_learned_from(
    seed: int, target: float
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random(400)
    right = rng.random(400) < scores
    found = threshold_for(target, scores, right)
    answered = scores >= found.probability
    assert answered.mean() == pytest.approx(found.answered)
    if answered.any():
        assert 1 - right[answered].mean() == pytest.approx(found.error)
        assert found.error <= target


def test_a_threshold_holds_the_error_on_other_labels_as_often_as_it_says() -> None:
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        scores = rng.random(500) ** 0.5
        found = threshold_for(0.1, scores, rng.random(500) < scores)
        more = rng.random(20_000) ** 0.5
        answered = more >= found.probability
        held += (1 - more[answered]).mean() <= 0.1 if answered.any() else 1
    assert held >= 75  # four in five, and chance


def test_too_few_labels_hold_no_error() -> None:
    found = threshold_for(0.05, np.ones(10), np.ones(10, dtype=bool))
    assert (found.probability, found.answered) == (float("inf"), 0.0)
    with pytest.raises(ValueError, match="target_error is 1"):
        threshold_for(1, np.ones(10), np.ones(10, dtype=bool))


def test_the_scores_are_those_of_their_definitions() -> None:
    shares = np.array([[0.8, 0.2], [0.6, 0.4]])
    y = np.array([0, 1])
    assert brier_score(shares, y) == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    assert log_loss(shares, y) == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2)
    assert calibration_error(np.array([0.8, 0.6]), np.array([True, False])) == pytest.approx(0.4)


def test_the_target_error_of_fit_is_held_on_what_follows() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 1500)
    X = np.eye(3)[y] + rng.normal(size=(1500, 3)) * 0.7
    model = TopicClassifier().fit(X[:700], y[:700], target_error=0.1)
    answered = model.answered(X[700:])
    wrong = model.predict(X[700:])[answered] != y[700:][answered]
    assert 0.2 < answered.mean() < 0.95
    assert wrong.mean() <= 0.13
    with pytest.raises(ValueError, match="target_error"):
        TopicClassifier().fit(X, y).answered(X)


def test_half_of_the_labels_wrong_still_teaches_and_the_wrong_ones_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 1000)
    X = np.eye(5)[truth] + rng.normal(size=(1000, 5)) * 0.2
    wrong = rng.random(1000) < 0.5
    y = np.where(wrong, (truth + rng.integers(1, 5, 1000)) % 5, truth)
    model = TopicClassifier().fit(X, y)
    assert (model.predict(X) == truth).mean() > 0.95
    found = suspected_errors(probabilities_of(model.held_out_logits_), y)
    assert np.isin(np.flatnonzero(wrong), found).mean() > 0.9
    assert wrong[found].mean() > 0.9


def test_one_label_a_topic_and_a_thousand_topics() -> None:
    X = np.eye(1000)
    model = TopicClassifier().fit(X, np.arange(1000))
    assert (model.predict(X) == np.arange(1000)).all()
    assert model.calibration_.method == "none"  # a held-out class can't be learned


# ------------------------------------------------------------------ with headlines


@pytest.fixture(scope="module")
def champion() -> HeadlineLabeler:
    return HeadlineLabeler.load()


NO_NEWS = [
    "Preheat the oven and whisk the eggs with the sugar",
    "for (int i = 0; i < n; i++) { sum += a[i]; }",
    "asdkjh qwoeiu zxmnb poiqwe lkjasd",
    "Gratis verzending bij bestellingen boven vijftig euro",
    "Great hoodie, fits well, but the zipper broke after a week",
]


def test_text_that_is_no_news_abstains_unless_asked_for(champion: HeadlineLabeler) -> None:
    assert [p.topic for p in champion.label(NO_NEWS)] == [None] * len(NO_NEWS)
    assert None not in [p.topic for p in champion.label(NO_NEWS, any_text=True)]
    assert champion.predict(NO_NEWS)[0] == [None] * len(NO_NEWS)
    assert champion.label(["", " ", "…"])[0].topic is None


def test_the_background_is_varied_and_holds_no_headline_of_the_feed() -> None:
    texts = background_texts()
    assert len(set(texts)) == len(texts) >= 1000
    lines = (SEEDS / "feed.txt").read_text(encoding="utf-8").splitlines()
    feed = {Headline.parse(line).id for line in lines}
    assert not feed & {Headline.parse(text).id for text in texts}


def test_a_smaller_target_error_answers_less(champion: HeadlineLabeler) -> None:
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    texts = [label.headline for label in labels]
    answered = [
        sum(p.topic is not None for p in champion.label(texts, target_error=error))
        for error in (0.3, 0.2, 0.1)
    ]
    assert answered[0] >= answered[1] >= answered[2]
    assert answered[0] > 0
    with pytest.raises(ValueError, match="target_error is 2"):
        champion.label(texts, target_error=2)


def test_an_explanation_adds_up_and_its_words_tip_the_answer(champion: HeadlineLabeler) -> None:
    for title in ("EU Approves New Sanctions Against Russia", "Court Jails Activist Over Post"):
        found = champion.explain(title)
        [prediction] = champion.label([title], any_text=True)
        assert (found.topic, found.probability) == (prediction.topic, prediction.probability)
        assert found.runner_up == prediction.topics[1][0]
        assert found.base + sum(w.effect for w in found.words) == pytest.approx(found.margin)
        assert [w.word for w in found.words] == title.split()
        assert found.tipped_without
        left = " ".join(w for w in title.split() if w not in found.tipped_without)
        again = champion.explain(left)
        assert again.topic != found.topic
        assert found.news
        assert len(found.neighbours) == 3
        assert found.topic in str(found)
    assert not champion.explain(NO_NEWS[0]).news


def test_labels_for_headlines_that_are_known_by_their_hash_alone(tmp_path: Path) -> None:
    """The text teaches where it is at hand; the model never quotes it."""
    from hashlib import sha256

    from headlines.feeds.headline import normalise_v1

    published = ["Gang Leader Sentenced to Ten Years", "Bridge Collapses in Flood"]
    hashes = [sha256(normalise_v1(title).encode()).hexdigest() for title in published]
    path = tmp_path / "labels.csv"
    write(path, f"sha256,topic,also\n{hashes[0]},courts,\n{hashes[1]},disasters,society\n")
    at_hand = [Headline.parse(published[0])]
    [label] = read_labels(path, TOPICS.names, at_hand)
    assert (label.topic, label.quotable) == ("courts", False)
    two = Taxonomy(tuple(Topic(t.name, t.definition) for t in TOPICS.topics))
    model = HeadlineLabeler.train(two, [label])
    texts = [e.text for e in model.state.training_set.examples if not e.written]
    assert texts == [None]
    assert read_labels(path, TOPICS.names) == []
    write(path, "sha256,topic\nabc,courts\n")
    with pytest.raises(Exception, match="line 2: sha256 is 'abc', expected 64"):
        read_labels(path, TOPICS.names, at_hand)


def test_an_evaluation_tells_of_reliability_risk_and_suspects() -> None:
    shares = [{"a": 0.9, "b": 0.1}] * 8 + [{"a": 0.2, "b": 0.8}] * 4
    gold = ["a"] * 7 + ["b"] * 5
    predicted: list[str | None] = ["a"] * 8 + ["b"] * 4
    dates = [f"2023-01-{day:02d}" for day in range(1, 13)]
    found = evaluate(predicted, gold, probabilities=shares, dates=dates)
    assert found.reliability is not None
    assert [(s.place, s.gold, s.predicted) for s in found.reliability.suspects] == [(7, "b", "a")]
    assert found.reliability.risk[-1] == (1.0, pytest.approx(1 / 12))
    assert found.confusion[("b", "a")] == 1
    assert sum(b.n for b in found.reliability.bins) == 12
    assert [name for name, _, _ in found.periods] == ["until 2023-01-06", "from 2023-01-07"]
    plain = found.to_plain([f"headline {i}" for i in range(12)])
    assert plain["suspects"][0]["headline"] == "headline 7"


def test_seen_labels_and_their_twins_are_not_scored(champion: HeadlineLabeler) -> None:
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    held = {e.id for e in champion.state.training_set.holdout}
    _, unseen = champion.evaluate(labels)
    assert {u.headline.id for u in unseen} <= held
    twin = GoldLabel(Headline.parse(labels[0].headline.headline + " Today"), labels[0].topic)
    _, again = champion.evaluate([*labels, twin])
    assert twin not in again or labels[0].headline.id in held
