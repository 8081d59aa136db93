"""Claims about the configuration: its template, its defaults, and what is said of its faults."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import write

from headlines.errors import ConfigError
from headlines.retraining.config import (
    DataLimits,
    DriftLimits,
    GateLimits,
    RetrainConfig,
    write_template,
)
from headlines.retraining.gate import Gate

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    write_template(tmp_path / "retrain.toml")
    return tmp_path / "retrain.toml"


def test_the_template_parses_to_exactly_the_defaults(template: Path) -> None:
    folder = template.parent
    found = RetrainConfig.read(template)
    assert found == RetrainConfig(
        registry=folder / "models",
        labels=[folder / "labels.csv"],
        feeds=[folder / "feed.txt"],
        data=DataLimits(age_days=0),  # the feed is plain text, which has no dates
    )
    assert DataLimits().age_days == 30


def test_the_gates_defaults_are_those_of_the_gate() -> None:
    assert Gate(**GateLimits().model_dump(exclude={"churn"})) == Gate()


def test_the_template_names_and_explains_every_key_once(template: Path) -> None:
    lines = template.read_text(encoding="utf-8").splitlines()
    keys = [line.removeprefix("# ").partition(" = ")[0] for line in lines if " = " in line]
    tables = (RetrainConfig, GateLimits, DataLimits, DriftLimits)
    expected = [key for table in tables for key in table.model_fields]
    assert keys == [key for key in expected if key not in ("gate", "data", "drift")]
    assert [line.split()[0] for line in lines if line[:1] == "["] == ["[gate]", "[data]", "[drift]"]
    assert all("  # " in line for line in lines if " = " in line)
    assert max(map(len, lines)) <= 100


def test_what_the_template_offers_can_be_switched_on(template: Path) -> None:
    lines = template.read_text(encoding="utf-8").splitlines()
    write(template, [line[2:] if line[:2] == "# " and " = " in line else line for line in lines])
    config = RetrainConfig.read(template)
    assert config.gate.floors == {"sanctions": 0.6}
    assert config.sign_with == template.parent / "headlines.key"
    assert config.corrections == [template.parent / "corrections.csv"]


def test_init_writes_the_template_and_overwrites_nothing(run: Run, template: Path) -> None:
    text = template.read_bytes()
    assert run("retrain", "--config", "other.toml", "--init").returncode == 0
    assert (template.parent / "other.toml").read_bytes() == text
    again = run("retrain", "--config", "retrain.toml", "--init")
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_paths_stand_beside_the_configuration_unless_they_are_absolute(tmp_path: Path) -> None:
    lines = ['registry = "a"', 'labels = ["/b.csv", "../c.csv"]', 'topics = "d/e.toml"']
    lines.append('feeds = ["f.csv", "https://news.example/rss?a=b//c"]')
    config = RetrainConfig.read(write(tmp_path / "retrain.toml", lines))
    assert config.registry == tmp_path / "a"
    assert config.labels == [Path("/b.csv"), tmp_path / "../c.csv"]
    assert config.topics == tmp_path / "d/e.toml"
    assert config.feeds == [tmp_path / "f.csv", "https://news.example/rss?a=b//c"]
    told = [str(tmp_path / "f.csv"), "https://news.example/rss?a=b//c"]
    assert config.model_dump(mode="json")["feeds"] == told


SHARE = "expected a number from 0 to 1, got"
TIME = 'at: expected a time of day in quotes, HH:MM from "00:00" to "23:59", got'
FAULTS = [
    ("", "registry: is missing; give a path in quotes"),
    ("registry = 5", "registry: expected a path in quotes, got 5"),
    (r'registry = "a\u0000b"', "registry: expected a path in quotes, got "),
    ("topics = ['a.toml']", 'topics: expected a path in quotes, got ["a.toml"]'),
    ("labels = 'a.csv'", 'labels: expected a list of paths in quotes, got "a.csv"'),
    ("feeds = [3]", "feeds: expected a list of paths or addresses in quotes, got 3"),
    ("fetch = 1", "fetch: expected true or false, got 1"),
    ("embedder = 7", "embedder: expected a name in quotes, got 7"),
    ("keep = 1", "keep: expected a whole number from 2 on, got 1"),
    ("keep = 'many'", 'keep: expected a whole number from 2 on, got "many"'),
    ("keep = true", "keep: expected a whole number from 2 on, got true"),
    ("random_state = 0.5", "random_state: expected a whole number, got 0.5"),
    ("at = '3:15'", f'{TIME} "3:15"'),
    ("at = '24:00'", f'{TIME} "24:00"'),
    ("at = '٠٣:١٥'", f'{TIME} "٠٣:١٥"'),
    (r'at = "03:15\n"', rf'{TIME} "03:15\n"'),
    ("at = 07:32:00", f"{TIME} 07:32:00"),
    ("colour = 'red'", "colour: no such key; the keys are registry, topics, labels, corrections"),
    ("gate = 3", "gate: expected a table, got 3"),
    ("[gate]\nmargin = 2", f"gate.margin: {SHARE} 2"),
    ("[gate]\nmargin = -0.1", f"gate.margin: {SHARE} -0.1"),
    ("[gate]\nmargin = nan", f"gate.margin: {SHARE} NaN"),
    ("[gate]\nmargin = '0.1'", f'gate.margin: {SHARE} "0.1"'),
    ("[gate]\nminimum = 0", "gate.minimum: expected a whole number from 1 on, got 0"),
    ("[gate]\nconfidence = 0.5", "gate.confidence: expected a number above 0.5 and below 1, got"),
    ("[gate]\nwhen_unsure = 'ask'", 'gate.when_unsure: expected "keep" or "promote", got "ask"'),
    ("[gate]\ncolour = 1", "gate.colour: no such key; the keys are margin, topic_margin, floors"),
    ("[gate.floors]\nminimum = 2", "gate.floors.minimum: expected numbers from 0 to 1 by topic"),
    ("[data]\nage_days = -1", "data.age_days: expected a whole number from 0 on, got -1"),
    ("[drift]\nspace = inf", f"drift.space: {SHARE} Infinity"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_fault_is_told_by_file_key_value_and_what_was_expected(
    text: str, message: str, tmp_path: Path
) -> None:
    registry = "" if not text or text.startswith("registry") else 'registry = "models"\n'
    path = write(tmp_path / "retrain.toml", registry + text)
    with pytest.raises(ConfigError) as caught:
        RetrainConfig.read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: {message}")
    assert caught.value.__suppress_context__  # no traceback shows the library's error either
    for theirs in ("Input should be", "validation error", "type=", "http", "pydantic", "Field "):
        assert theirs not in said


@pytest.mark.parametrize("content", ["x =", b"\xff", 'registry = "a"\nregistry = "b"'])
def test_a_file_that_is_no_toml_is_named(content: str | bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "retrain.toml", content)
    with pytest.raises(ConfigError, match=r"retrain\.toml: not TOML: "):
        RetrainConfig.read(path)


def test_a_missing_configuration_says_how_to_get_one(run: Run, tmp_path: Path) -> None:
    done = run("retrain", "--config", "none.toml")
    assert done.returncode == 1
    assert "none.toml: can't be read (No such file or directory)" in done.stderr
    assert "`headlines retrain --config none.toml --init` writes one" in done.stderr
    with pytest.raises(ConfigError, match="Is a directory"):
        RetrainConfig.read(tmp_path)
