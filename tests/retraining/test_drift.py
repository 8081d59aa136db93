"""Claims about drift: what changed is told, chance isn't, and what is new raises the alarm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, write

from headlines import HeadlineLabeler, Taxonomy
from headlines.errors import ModelError
from headlines.feeds.intake import as_headlines
from headlines.retraining.checks import drift_checks
from headlines.retraining.config import DriftLimits
from headlines.retraining.drift import measure_drift
from headlines.topics.taxonomy import Topic

Run = Callable[..., subprocess.CompletedProcess[str]]


def _made(kind: str, count: int, start: int = 0) -> list[str]:
    """Headlines of one kind, all different."""
    places = ["Kursk", "Odesa", "Rostov", "Lviv", "Samara", "Kazan", "Tver", "Omsk", "Tula"]
    forms = {
        "drones": ["Drones Hit Oil Depot in {}, {} Hurt", "Air Defence Downs {1} Drones Over {0}"],
        "courts": ["{} Court Jails Activist for {} Years", "Police in {} Arrest {} for Fraud"],
        "soup": ["{} lentil soup with {} carrots and cumin", "Simmer {1} carrots for {0} soup"],
    }[kind]
    rows = range(start, start + count)
    return [forms[i % 2].format(places[i // 2 % len(places)], i + 2) for i in rows]


@pytest.fixture(scope="module")
def trained() -> HeadlineLabeler:
    taxonomy = Taxonomy(
        (
            Topic("drones", "drone and missile attacks", (), (), tuple(_made("drones", 20, 900))),
            Topic("courts", "arrests, trials, sentences", (), (), tuple(_made("courts", 20, 900))),
        )
    )
    feed = _made("drones", 200) + _made("courts", 200)
    return HeadlineLabeler.train(taxonomy, unlabelled=feed)


def test_a_feed_like_the_one_it_was_trained_on_has_not_drifted(trained: HeadlineLabeler) -> None:
    feed = _made("drones", 200, 300) + _made("courts", 200, 300)
    found = measure_drift(trained, as_headlines(feed))
    assert (found.reference, found.feed) == (400, 400)
    assert found.topics.effect < 0.05
    assert found.topics.p_value > 0.05
    assert found.space.effect < 0.02
    assert found.new_topics == ()
    assert all(check.passed for check in drift_checks(DriftLimits(), found))


def test_other_shares_of_topics_are_told_apart_from_chance(trained: HeadlineLabeler) -> None:
    feed = _made("drones", 300, 300) + _made("courts", 30, 300)
    found = measure_drift(trained, as_headlines(feed))
    assert found.topics.effect > 0.3
    assert found.topics.p_value < 1e-6
    before, now = found.shares["drones"]
    assert now > before + 0.3
    limits = DriftLimits(topics=0.3, space=1, confidence=1)
    checks = {c.name: c for c in drift_checks(limits, found)}
    assert checks["drift of topics"].passed is False
    assert checks["drift of space"].passed is True


def test_a_topic_that_vanished_is_named(trained: HeadlineLabeler) -> None:
    found = measure_drift(trained, as_headlines(_made("drones", 200, 300)))
    *within, vanished = drift_checks(DriftLimits(topics=1, space=1, confidence=1), found)
    assert all(check.passed for check in within)
    assert (vanished.name, vanished.passed) == ("topics that vanished", False)
    assert vanished.facts["vanished"] == ["courts"]


def test_what_grows_and_no_topic_covers_raises_the_alarm(trained: HeadlineLabeler) -> None:
    feed = _made("drones", 200, 300) + _made("courts", 200, 300) + _made("soup", 40)
    found = measure_drift(trained, as_headlines(feed))
    assert found.new_topics
    new = found.new_topics[0]
    assert new.growth >= 3
    assert new.p_value < 0.001
    assert all("carrots" in example for example in new.examples)
    assert found.space.p_value <= 0.01


def test_the_same_feed_gives_the_same_figures(trained: HeadlineLabeler) -> None:
    feed = as_headlines(_made("drones", 100, 300) + _made("soup", 40))
    assert measure_drift(trained, feed).to_row() == measure_drift(trained, feed).to_row()


def test_what_cannot_be_compared_is_an_error(trained: HeadlineLabeler) -> None:
    with pytest.raises(ValueError, match="3 distinct headlines, 50 are wanted"):
        measure_drift(trained, as_headlines(_made("drones", 3)))
    untaught = HeadlineLabeler.train(
        Taxonomy((Topic("a", "drones", (), ("drone",)), Topic("b", "courts", (), ("court",))))
    )
    with pytest.raises(ModelError, match="a feed of 0 headlines"):
        measure_drift(untaught, as_headlines(_made("drones", 60)))


def test_a_transformer_keeps_its_words_beside_its_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference of a real, if tiny, transformer comes back from the file as it went in."""
    monkeypatch.syspath_prepend(ROOT / "tests" / "persistence")
    from hostile_files import transformer

    transformer()(tmp_path / "tiny")
    taxonomy = Taxonomy((Topic("drones", "drone attacks"), Topic("courts", "trials, arrests")))
    feed = _made("drones", 30) + _made("courts", 30)
    labeler = HeadlineLabeler.train(taxonomy, unlabelled=feed, embedder=tmp_path / "tiny")
    labeler.save(tmp_path / "m.joblib")
    again = HeadlineLabeler.load(tmp_path / "m.joblib")
    assert again.state.reference == labeler.state.reference
    assert again.state.reference is not None
    assert again.state.reference.words != again.state.reference.terms
    assert measure_drift(again, as_headlines(feed)).topics.effect == 0


def test_the_command_tells_it(trained: HeadlineLabeler, tmp_path: Path, run: Run) -> None:
    trained.save(tmp_path / "m.joblib")
    feed = _made("drones", 200, 300) + _made("courts", 200, 300) + _made("soup", 40)
    write(tmp_path / "feed.txt", feed)
    done = run("drift", "feed.txt", "--model", "m.joblib")
    assert done.returncode == 5, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first.startswith("alarm: new topics; 440 headlines against 400")
    assert lines[0].startswith("  passed     drift of topics: share of headlines")
    assert lines[1].startswith("  passed     drift of space: distance")
    assert lines[1].endswith("(limit 0.05)")
    for term in ("topics ", "space ", "confidence ", "p "):
        assert any(line.startswith(term) for line in lines)
    assert "1 cluster(s) that grow" in done.stdout
    told = run("drift", "feed.txt", "--model", "m.joblib", "--json")
    row = json.loads(told.stdout)
    assert told.returncode == 5
    assert row["new_topics"][0]["headlines"] >= 20
    assert (row["verdict"], row["alarms"]) == ("alarm", ["new topics"])
    assert row["limits"] == DriftLimits().model_dump()
    assert [check["verdict"] for check in row["checks"]] == ["passed"] * 4
    few = run("drift", "-", "--model", "m.joblib", stdin="Floods hit Siberia\n")
    assert few.returncode == 1
    assert "1 distinct headlines, 50 are wanted" in few.stderr


def test_the_limits_of_a_configuration_make_the_verdict(
    trained: HeadlineLabeler, tmp_path: Path, run: Run
) -> None:
    trained.save(tmp_path / "m.joblib")
    write(tmp_path / "feed.txt", _made("drones", 300, 300) + _made("courts", 100, 300))
    command = ("drift", "feed.txt", "--model", "m.joblib")
    done = run(*command)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("no alarm: all within the limits; 400 headlines against 400")
    text = 'registry = "models"\n[drift]\ntopics = 0.2\n'
    write(tmp_path / "retrain.toml", text)
    strict = run(*command, "--config", "retrain.toml")
    assert strict.returncode == 5, strict.stdout
    assert strict.stdout.startswith("alarm: drift of topics; ")
    assert "(limit 0.2)" in strict.stdout
    assert run(*command, "--config", "nothing.toml").returncode == 1
