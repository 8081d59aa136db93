"""Claims about models that were saved with another version: they open and say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DATA, ROOT

from headlines import HeadlineLabeler
from headlines.persistence.modelfile import read_model

STORED = sorted((DATA / "models").glob("*/labeler.joblib"))

BLOCKED = ("sklearn", "scipy", "joblib", "sknetwork", "pydantic", "narwhals", "filelock", "pandas")

ALONE = f"""
import json, sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from headlines import HeadlineLabeler
labeler = HeadlineLabeler.load(sys.argv[1] if len(sys.argv) > 1 else None)
texts = json.load(sys.stdin)
print(json.dumps([[p.topic, p.probability] for p in labeler.label(texts, any_text=True)]))
"""


def _told(model: Path) -> list[dict[str, object]]:
    """Read what the model said when it was stored."""
    beside = model.with_name("predictions.json")
    assert beside.exists(), f"{beside}: store the predictions of some headlines with a model"
    rows: list[dict[str, object]] = json.loads(beside.read_text(encoding="utf-8"))
    return rows


def _alone(texts: list[object], *model: Path) -> list[tuple[object, object]]:
    """Label in a process in which only numpy, ftfy and chardet can be imported."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, model)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(row) for row in json.loads(done.stdout)]


def test_models_of_earlier_formats_are_kept() -> None:
    assert "1" in {model.parent.name for model in STORED}


@pytest.mark.parametrize("model", STORED, ids=lambda model: f"format {model.parent.name}")
def test_a_stored_model_opens_and_is_of_its_format(model: Path) -> None:
    payload, manifest = read_model(model)
    assert str(manifest.format) == model.parent.name
    assert payload["topics"] == manifest.topics


@pytest.mark.parametrize("model", STORED, ids=lambda model: f"format {model.parent.name}")
def test_a_stored_model_says_what_it_said_when_it_was_stored(model: Path) -> None:
    told = _told(model)
    found = HeadlineLabeler.load(model).label([row["headline"] for row in told], any_text=True)
    assert [
        {"headline": p.headline, "topic": p.topic, "probability": p.probability} for p in found
    ] == told


@pytest.mark.parametrize("model", STORED, ids=lambda model: f"format {model.parent.name}")
def test_a_stored_model_is_read_and_used_without_scikit_learn(model: Path) -> None:
    told = _told(model)
    found = _alone([row["headline"] for row in told], model)
    assert found == [(row["topic"], row["probability"]) for row in told]


def test_the_champion_labels_with_numpy_alone_as_it_labels_here(
    labeler: HeadlineLabeler, made_headlines: list[str]
) -> None:
    texts = made_headlines[:200]
    found = _alone(list(texts))
    assert found == [(p.topic, p.probability) for p in labeler.label(texts, any_text=True)]
