"""Claims about registry, retraining and its configuration."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS, few_topics, write

from headlines import HeadlineLabeler, ModelRegistry
from headlines.errors import ConfigError
from headlines.files import MODELS
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import retrain

pytestmark = pytest.mark.slow


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def _config(folder: Path, **changes: object) -> RetrainConfig:
    few = folder / "few.toml"
    if not few.exists():
        write(few, few_topics())
    values: dict[str, object] = {
        "registry": "models",
        "topics": "few.toml",
        "labels": [str(SEEDS / "labels.csv")],
        "feeds": [str(SEEDS / "feed.txt")],
        "data": {"age_days": 0},
    }
    values |= changes
    tables = {name: values.pop(name) for name in ("gate", "data", "drift") if name in values}
    lines = [f"{k} = {json.dumps(v)}" for k, v in values.items() if v is not None]
    for name, table in tables.items():
        assert isinstance(table, dict)
        lines += [f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in table.items())]
    return RetrainConfig.read(write(folder / "retrain.toml", lines))


def _poisoned(folder: Path) -> Path:
    """The seed's labels with every topic moved to its neighbour."""
    with (SEEDS / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    topics = sorted({row["topic"] for row in rows})
    with (folder / "bad.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["headline", "topic", "also"])
        writer.writeheader()
        held = {e.id for e in HeadlineLabeler.load(folder / "models").state.training_set.holdout}
        from headlines.feeds.headline import Headline

        for row in rows:
            if Headline.parse(row["headline"]).id not in held:
                row["topic"] = topics[(topics.index(row["topic"]) + 1) % len(topics)]
            writer.writerow(row)
    return folder / "bad.csv"


def _turned_embedder(folder: Path) -> Path:
    """The built-in weights with their dimensions turned round: another embedder, as good."""
    shutil.copytree(MODELS / "embedder", folder)
    card = json.loads((folder / "embedder.json").read_text(encoding="utf-8"))
    table = np.frombuffer((folder / "table.i8").read_bytes(), dtype=np.int8)
    turned = table.reshape(card["entries"], card["dimension"])[:, ::-1].tobytes()
    write(folder / "table.i8", turned)
    card["files"]["table.i8"] = hashlib.sha256(turned).hexdigest()
    write(folder / "embedder.json", json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a first run has made a champion."""
    folder = tmp_path_factory.mktemp("retraining")
    assert retrain(_config(folder), first_run=True).outcome == "promoted"
    return folder


@pytest.fixture
def first(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def test_the_first_run_makes_a_champion_that_loads(first: Path) -> None:
    labeler = HeadlineLabeler.load(first / "models")
    assert labeler.label(["EU approves sanctions"])[0].topic == "sanctions"
    [version] = ModelRegistry(first / "models").versions()
    assert (version.name, version.champion) == ("0001", True)


def test_the_same_inputs_give_the_same_version_to_the_byte(first: Path) -> None:
    retrain(_config(first, registry="others"), first_run=True)
    for name in ("labeler.joblib", "labeler.manifest.json"):
        files = [first / folder / "versions" / "0001" / name for folder in ("models", "others")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_a_run_that_changes_nothing_adds_no_version(first: Path) -> None:
    result = retrain(_config(first))
    assert (result.version, result.churn, result.headlines) == (None, 0.0, 118)
    assert result.forgotten == 0
    assert result.decision.reason.endswith("nothing to change")
    assert [check.verdict for check in result.decision.checks] == ["passed", "not judged"]
    registry = ModelRegistry(first / "models")
    assert [v.name for v in registry.versions()] == ["0001"]
    assert [r.event for r in registry.audit.records()][-2:] == ["started", "decided"]
    assert registry.audit.records()[-1].facts["outcome"] == "unchanged"


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
    config = _config(first, labels=[str(bad)], topics="topics.toml", gate={"minimum": 5})
    result = retrain(config)
    assert not result.decision.accepted
    assert "labels were changed" in result.decision.reason  # all but those held out
    failed = {c.name for c in result.decision.checks if c.verdict == "FAILED"}
    assert {"relabelled", "accuracy on earlier labels"} <= failed
    registry = ModelRegistry(first / "models")
    assert [v.name for v in registry.versions()] == ["0001", "0002"]
    assert registry.champion().name == "0001"


def test_a_change_of_embedder_is_compared_on_texts(first: Path) -> None:
    turned = str(_turned_embedder(first / "turned"))
    result = retrain(_config(first, embedder=turned, gate={"minimum": 5}), dry_run=True)
    assert set(result.decision.scores) == {"n", "candidate", "champion"}
    assert "on 118 labels" in result.decision.reason


def test_labels_of_a_topic_that_is_gone_are_counted_as_forgotten(first: Path) -> None:
    write(first / "topics.toml", few_topics().replace('name = "media"', 'name = "press"'))
    result = retrain(_config(first, labels=[], topics="topics.toml"), dry_run=True)
    gold = (SEEDS / "labels.csv").read_text(encoding="utf-8")
    assert result.forgotten == gold.count(",media,") > 0
    assert result.labels == 118 - result.forgotten


def test_a_feed_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"feeds: .*nothing\.txt: .*No such file"):
        retrain(_config(tmp_path, feeds=["nothing.txt"]), first_run=True)


def test_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    write(tmp_path / "models", "a file where the registry should be")
    write(tmp_path / "retrain.toml", 'registry = "models"\n')
    done = run("retrain", "--config", "retrain.toml", "--first-run")
    assert done.returncode == 1
    assert "models" in done.stderr
    assert "Traceback" not in done.stderr
