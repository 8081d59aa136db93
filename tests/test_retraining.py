"""Claims about registry, retraining and its configuration."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, few_topics, write

from headlines import HeadlineLabeler, ModelRegistry
from headlines.errors import ConfigError, LockedError, ModelError
from headlines.persistence import manifest_path
from headlines.retraining import RetrainConfig, retrain


def _config(folder: Path, **changes: object) -> RetrainConfig:
    few = folder / "few.toml"
    if not few.exists():
        write(few, few_topics())
    values: dict[str, object] = {
        "registry": "models",
        "topics": "few.toml",
        "labels": [str(SEEDS / "labels.csv")],
        "feeds": [str(SEEDS / "feed.txt")],
    }
    lines = [f"{k} = {json.dumps(v)}" for k, v in (values | changes).items() if v is not None]
    return RetrainConfig.read(write(folder / "retrain.toml", lines))


def _poisoned(folder: Path) -> Path:
    """The seed's labels with every topic moved to its neighbour."""
    with (SEEDS / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    topics = sorted({row["topic"] for row in rows})
    with (folder / "bad.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["headline", "topic", "also"])
        writer.writeheader()
        held = {e.id for e in HeadlineLabeler.load(folder / "models").training_set.holdout}
        from headlines.headline import Headline

        for row in rows:
            if Headline.parse(row["headline"]).id not in held:
                row["topic"] = topics[(topics.index(row["topic"]) + 1) % len(topics)]
            writer.writerow(row)
    return folder / "bad.csv"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    result = retrain(_config(tmp_path))
    assert result.decision.accepted
    return tmp_path


def test_the_first_run_makes_a_champion_that_loads(first: Path) -> None:
    labeler = HeadlineLabeler.load(first / "models")
    assert labeler.label(["EU approves sanctions"])[0].topic == "sanctions"
    [version] = ModelRegistry(first / "models").versions()
    assert (version.name, version.champion) == ("0001", True)


def test_the_same_inputs_give_the_same_model_and_no_churn(first: Path) -> None:
    result = retrain(_config(first))
    assert (result.version, result.churn, result.headlines) == ("0002", 0.0, 118)
    registry = ModelRegistry(first / "models")
    files = [v.path.read_bytes() for v in registry.versions()]
    assert files[0] == files[1]
    assert registry.champion().name == "0002"


def test_a_feed_teaches_and_what_it_changes_is_told(first: Path) -> None:
    """One headline more, and one that can't be read: another model, the same hold-out."""
    feed = write(first / "feed.txt", ["Floods hit Siberia", "nul\x00"])
    result = retrain(_config(first, feeds=[str(SEEDS / "feed.txt"), str(feed)]))
    assert (result.version, result.headlines, result.unreadable) == ("0002", 119, 1)
    assert result.churn is not None
    assert result.churn < 0.1
    versions = ModelRegistry(first / "models").versions()
    assert versions[0].manifest.content != versions[1].manifest.content
    assert versions[0].manifest.holdout == versions[1].manifest.holdout


def test_a_worse_candidate_is_kept_aside(first: Path) -> None:
    bad = _poisoned(first)
    topics = "".join(
        f'[[topic]]\nname = "{name}"\nphrases = ["{name}"]\n'
        for name in HeadlineLabeler.load(first / "models").topics
    )
    write(first / "topics.toml", topics)
    config = _config(first, labels=[str(bad)], topics="topics.toml", minimum_holdout=5)
    result = retrain(config)
    assert not result.decision.accepted
    assert "worse" in result.decision.reason
    registry = ModelRegistry(first / "models")
    assert [v.name for v in registry.versions()] == ["0001", "0002"]
    assert registry.champion().name == "0001"


def test_a_dry_run_writes_nothing(first: Path) -> None:
    result = retrain(_config(first), dry_run=True)
    assert (result.version, result.decision.accepted) == (None, True)
    assert len(ModelRegistry(first / "models").versions()) == 1


def test_a_change_of_embedder_is_compared_on_texts(first: Path) -> None:
    result = retrain(_config(first, embedder="minilm", minimum_holdout=5), dry_run=True)
    assert set(result.decision.scores) == {"candidate", "champion"}
    assert "held-out labels" in result.decision.reason


def test_labels_of_a_topic_that_is_gone_are_counted_as_forgotten(first: Path) -> None:
    write(first / "topics.toml", few_topics().replace('name = "media"', 'name = "press"'))
    result = retrain(_config(first, labels=[], topics="topics.toml"), dry_run=True)
    gold = (SEEDS / "labels.csv").read_text(encoding="utf-8")
    assert result.forgotten == gold.count(",media,") > 0
    assert result.labels == 118 - result.forgotten
    same = retrain(_config(first), dry_run=True)
    assert same.forgotten == 0


def test_a_second_run_is_told_that_the_registry_is_locked(first: Path) -> None:
    with ModelRegistry(first / "models").lock(), pytest.raises(LockedError, match="another run"):
        retrain(_config(first))


def test_a_kill_at_any_moment_leaves_a_whole_champion(first: Path) -> None:
    """A few here; the champion is the old or the new one, and the next run succeeds."""
    command = [
        sys.executable,
        "-m",
        "headlines",
        "retrain",
        "--config",
        str(first / "retrain.toml"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for delay in (0.6, 1.2, 1.6, 2.0):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        registry = ModelRegistry(first / "models")
        registry.verify(registry.champion())
        HeadlineLabeler.load(first / "models")
    assert retrain(_config(first)).decision.accepted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": 2}, "margin: .*got 2"),
        ({"when_unsure": "ask"}, "when_unsure"),
        ({"colour": "red"}, "colour: .*the keys are registry"),
        ({"registry": None}, "registry: Field required"),
        ({"feeds": ["nothing.txt"]}, "feeds: .*No such file"),
    ],
)
def test_configurations_that_cannot_be_followed_are_errors(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        retrain(_config(tmp_path, **change))


def test_unreadable_configurations_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        RetrainConfig.read(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="not TOML"):
        RetrainConfig.read(write(tmp_path / "bad.toml", "x ="))


def test_a_changed_manifest_or_pointer_is_refused(first: Path) -> None:
    registry = ModelRegistry(first / "models")
    version = registry.champion()
    manifest = manifest_path(version.path)
    whole = manifest.read_bytes()
    manifest.write_bytes(whole.replace(b'"accuracy": 0', b'"accuracy": 1'))
    with pytest.raises(ModelError, match="champion pointer says"):
        HeadlineLabeler.load(first / "models")
    manifest.unlink()
    with pytest.raises(ModelError, match=r"manifest\.json"):
        registry.champion()
    manifest.write_bytes(whole)
    for pointer in ("{}", '{"version": "../../0001", "manifest_sha256": ""}', "[1]"):
        write(first / "models" / "champion.json", pointer)
        with pytest.raises(ModelError, match="not a champion pointer"):
            registry.champion()
    assert registry.promote("0001").champion
    assert registry.verify(registry.champion()).topics
    assert "models" in repr(registry)


def test_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    write(tmp_path / "models", "a file where the registry should be")
    write(tmp_path / "retrain.toml", 'registry = "models"\n')
    done = run("retrain", "--config", "retrain.toml")
    assert done.returncode == 1
    assert "models" in done.stderr
    assert "Traceback" not in done.stderr
