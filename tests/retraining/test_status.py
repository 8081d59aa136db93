"""Claims about what an operator sees: the champion, the last run, what to look at."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, write

from headlines import ModelRegistry
from headlines.cli.main import main
from headlines.retraining.config import RetrainConfig
from headlines.retraining.job import retrain
from headlines.retraining.status import Status

TOPICS = """
[[topic]]
name = "drones"
phrases = ["drone attack", "missiles strike"]
[[topic]]
name = "courts"
phrases = ["court sentence", "police arrest"]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a champion of a first run."""
    folder = tmp_path_factory.mktemp("status")
    write(folder / "topics.toml", TOPICS)
    rows = [f"Drones Hit Depot {i},drones\nCourt Jails Poet {i},courts" for i in range(6)]
    write(folder / "labels.csv", ["headline,topic", *rows])
    lines = ['registry = "models"', 'topics = "topics.toml"', 'labels = ["labels.csv"]']
    write(folder / "retrain.toml", lines)
    assert retrain(RetrainConfig.read(folder / "retrain.toml"), first_run=True)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def _status(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["status", "--config", str(folder / "retrain.toml"), "--json"])
    return code, json.loads(capsys.readouterr().out)


def _run(folder: Path, *more: str) -> int:
    return main(["retrain", "--config", str(folder / "retrain.toml"), *more])


def test_all_is_well_after_a_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = _status(folder, capsys)
    assert (code, told["champion"], told["alarms"], told["kept"]) == (0, "0001", [], 0)
    assert told["last_run"]["outcome"] == "promoted"
    assert told["since"] == ModelRegistry(folder / "models").audit.records()[-1].time
    assert told["scores"]["labels"] > 0
    due = datetime.fromisoformat(told["due"])
    assert (due.hour, due.minute) == (3, 15)
    assert timedelta(0) < due - datetime.now(UTC) <= timedelta(hours=25)
    assert main(["status", "--registry", str(folder / "models")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("champion    version 0001, model ")
    assert said.endswith("all is well\n")
    assert "next run" not in said


def test_what_kept_a_candidate_back_is_what_the_next_one_waits_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for count in (1, 2):
        with (folder / "labels.csv").open("a") as file:
            file.write(f"Drones Hit Harbour Again {count},drones\n")
        assert _run(folder) == 3
    code, told = _status(folder, capsys)
    assert (code, told["kept"], told["last_run"]["outcome"]) == (0, 2, "refused")
    assert told["champion"] == "0001"
    assert any("labels can't tell (the gate wants 50)" in text for text in told["waits_for"])
    assert main(["status", "--config", str(folder / "retrain.toml")]) == 0
    said = capsys.readouterr().out
    assert "2 runs in a row that didn't change the champion" in said
    assert "waits for   accuracy: " in said


def test_a_run_that_failed_is_an_alarm(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "labels.csv").unlink()
    assert _run(folder) == 1
    code, told = _status(folder, capsys)
    assert (code, told["last_run"]["outcome"]) == (5, "failed")
    assert "labels.csv: can't be read" in told["alarms"][0]


def test_a_run_that_was_killed_is_an_alarm_and_one_that_runs_is_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.unlink(folder / "labels.csv")
    os.mkfifo(folder / "labels.csv")  # a run waits for it
    run = subprocess.Popen(
        [sys.executable, "-m", "headlines", "retrain", "--config", str(folder / "retrain.toml")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    registry = ModelRegistry(folder / "models")
    while (last := registry.audit.last()) is None or last.event != "started":
        assert run.poll() is None
        time.sleep(0.02)
    code, told = _status(folder, capsys)
    assert (code, told["last_run"]["outcome"], told["alarms"]) == (0, "running", [])
    run.send_signal(signal.SIGKILL)
    run.wait()
    code, told = _status(folder, capsys)
    assert (code, told["last_run"]["outcome"]) == (5, "interrupted")
    assert "the last run was interrupted" in told["alarms"][0]


def test_a_night_that_was_missed_is_an_alarm(folder: Path) -> None:
    registry = ModelRegistry(folder / "models")
    config = RetrainConfig.read(folder / "retrain.toml")
    for hours, alarms in ((25, 0), (27, 1)):
        found = Status.of(registry, config, datetime.now(UTC) + timedelta(hours=hours))
        assert len(found.alarms) == alarms
    assert "no run for 27 hours" in found.alarms[0]
    assert Status.of(registry, None, datetime.now(UTC) + timedelta(days=9)).alarms == ()


def test_a_registry_without_a_champion_is_an_alarm(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folder / "models")
    code, told = _status(folder, capsys)
    assert (code, told["champion"], told["last_run"]) == (5, None, None)
    assert "--first-run" in told["alarms"][0]
    assert not (folder / "models").exists()


def test_a_run_that_changed_nothing_and_a_rollback_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(folder) == 0
    _, told = _status(folder, capsys)
    assert (told["last_run"]["outcome"], told["kept"]) == ("unchanged", 1)
    registry = ModelRegistry(folder / "models")
    with registry.lock():
        registry.add(_copy_of(registry))
        registry.promote("0002", {"by": "hand"})
        registry.rollback({"by": "hand"})
    _, told = _status(folder, capsys)
    assert (told["champion"], told["since"]) == ("0001", registry.audit.records()[-1].time)


def _copy_of(registry: ModelRegistry) -> Any:
    source = registry.champion().path.parent

    def copy(path: Path) -> None:
        shutil.copytree(source, path.parent, dirs_exist_ok=True)

    return copy
