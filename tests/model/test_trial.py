"""Claims about feeds: what they hold in which mix, a model is no worse for having seen them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from headlines import HeadlineLabeler, Taxonomy, Topic, TopicClassifier
from headlines.cli.main import main
from headlines.model.trial import Trial


def _clouds(counts: list[int], seed: int, spread: float = 1.1) -> tuple[np.ndarray, np.ndarray]:
    """So many samples of each class, the classes as far apart as topics are."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    centres = np.random.default_rng(0).normal(size=(len(counts), 24))
    return centres[y] + spread * rng.normal(size=(len(y), 24)), y


def _accuracy(counts: list[int], unlabelled: list[int], seed: int, **settings: float) -> float:
    X, y = _clouds(counts, seed)
    U = _clouds(unlabelled, seed + 100)[0]
    model = TopicClassifier(**settings).fit(X, y, U)
    test, truth = _clouds([200] * 4 + [0] * 2, seed + 200)
    return float((model.predict(test) == truth).mean())


LABELLED = [5] * 4 + [0] * 2


@pytest.mark.parametrize(
    "unlabelled",
    [
        pytest.param([150] * 4 + [0] * 2, id="the topics in equal shares"),
        pytest.param([30] * 4 + [240] * 2, id="most of it off topic"),
        pytest.param([460, 46, 46, 46, 0, 0], id="one topic ten times the others"),
    ],
)
def test_unlabelled_samples_of_any_mix_do_no_harm(unlabelled: list[int]) -> None:
    alone = [_accuracy(LABELLED, unlabelled, seed, rounds=0) for seed in range(6)]
    taught = [_accuracy(LABELLED, unlabelled, seed) for seed in range(6)]
    assert np.mean(taught) >= np.mean(alone) - 0.01


def test_unlabelled_samples_of_the_topics_help_where_labels_are_few() -> None:
    unlabelled = [150] * 4 + [0] * 2
    alone = [_accuracy(LABELLED, unlabelled, seed, rounds=0) for seed in range(6)]
    taught = [_accuracy(LABELLED, unlabelled, seed) for seed in range(6)]
    assert np.mean(taught) > np.mean(alone) + 0.01


def test_unlabelled_samples_that_do_not_help_are_left_out_whole() -> None:
    X, y = _clouds(LABELLED, 0)
    noise = np.tile(X.mean(axis=0) + 3, (300, 1)) + np.random.default_rng(0).normal(size=(300, 24))
    model = TopicClassifier().fit(X, y, noise)
    alone = TopicClassifier().fit(X, y)
    assert alone.trial_ is None
    assert model.trial_ is not None
    assert not model.learned_from_unlabelled_
    np.testing.assert_array_equal(model.coef_, alone.coef_)


def test_few_short_phrases_do_not_make_a_topic_rare() -> None:
    """Classes of one size whose samples are of different lengths are found as often as they are."""
    X, y = _clouds([8] * 4, 0)
    test, truth = _clouds([200] * 4, 1)
    length = np.array([1.0, 1.0, 1.0, 3.0])
    model = TopicClassifier().fit(X * length[y][:, None], y)
    assert abs(float(model.intercept_.max() - model.intercept_.min())) < 0.5
    assert (model.predict(test) == truth).mean() > 0.9


def test_a_trial_is_of_the_last_round_that_helped() -> None:
    first = Trial(10, (0.5, 0.6), (1.0, 0.9))
    second = Trial(10, (0.6, 0.6), (0.9, 0.8))
    worse = Trial(10, (0.6, 0.7), (0.8, 0.9))
    assert [trial.helped for trial in (first, second, worse)] == [True, True, False]
    assert Trial.whole([first, second, worse]) == Trial(10, (0.5, 0.6), (1.0, 0.8))
    assert Trial.whole([worse]) == worse
    assert Trial.whole([]) is None


def test_labels_that_are_no_likelier_are_no_help_and_one_wrong_answer_more_is_no_harm() -> None:
    assert Trial(32, (20 / 32, 19 / 32), (1.0, 0.9)).helped
    assert not Trial(10, (0.5, 0.6), (1.0, 1.1)).helped
    assert Trial(0, (0, 0), (0, 0)).helped


@pytest.fixture(scope="module")
def own() -> Taxonomy:
    courts = ("court ruling", "sentenced to prison", "police arrest suspect", "lawsuit filed")
    sport = ("football match", "tennis final", "team wins cup", "player transfer")
    return Taxonomy((Topic("courts", phrases=courts), Topic("sport", phrases=sport)))


def _mixed_up() -> list[str]:
    courts, sport = (
        ("court", "prison", "lawsuit", "police"),
        ("football", "tennis", "cup", "player"),
    )
    return [f"{a} {b} {i}" for i in range(20) for a in courts for b in sport]


def test_a_feed_that_does_not_help_leaves_the_model_of_no_feed(own: Taxonomy) -> None:
    alone = HeadlineLabeler.train(own).state
    taught = HeadlineLabeler.train(own, unlabelled=_mixed_up()).state
    assert alone.trial is None
    assert taught.trial is not None
    assert not taught.trial.helped
    assert alone.scorer.to_plain() == taught.scorer.to_plain()


def test_train_says_that_a_feed_was_left_out(
    own: Taxonomy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = [f'[[topic]]\nname = "{t.name}"\nphrases = {list(t.phrases)}' for t in own.topics]
    (tmp_path / "topics.toml").write_text("\n".join(["version = 1", *tables]), encoding="utf-8")
    feed = tmp_path / "feed.txt"
    feed.write_text("\n".join(_mixed_up()), encoding="utf-8")
    command = ["train", str(feed), "--topics", str(tmp_path / "topics.toml"), "--json"]
    assert main([*command, "--output", str(tmp_path / "own.joblib")]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["learned_from_feed"] is False
    assert "the feed of 320 headlines was left out" in said.err
    assert "of 10 held-out phrases and examples 100% are right without it, " in said.err


def test_a_model_says_for_ever_whether_it_learned_from_its_feed(
    own: Taxonomy, tmp_path: Path
) -> None:
    labeler = HeadlineLabeler.train(own, unlabelled=_mixed_up())
    manifest = labeler.save(tmp_path / "own.joblib")
    again = HeadlineLabeler.load(tmp_path / "own.joblib")
    assert again.state.trial == labeler.state.trial
    assert manifest.training["learned_from_feed"] == labeler.state.trial.helped
    assert again.save(tmp_path / "again.joblib").training == manifest.training
