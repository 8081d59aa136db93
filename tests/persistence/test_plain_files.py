"""Claims about a registry that others may write to: nothing outside of it is read or changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, write

from headlines import HeadlineLabeler, Taxonomy
from headlines.cli.main import main
from headlines.errors import ModelError
from headlines.persistence.audit import AuditLog
from headlines.persistence.registry import ModelRegistry
from headlines.topics.taxonomy import Topic

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """A registry of three versions, the second its champion."""
    topics = (Topic("war", "", (), ("war", "front")), Topic("trade", "", (), ("trade", "tariff")))
    labeler = HeadlineLabeler.train(Taxonomy(topics))
    registry = ModelRegistry(tmp_path / "registry")
    with registry.lock():
        for _ in range(3):
            registry.add(labeler.save)
        registry.promote("0002")
    return registry


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody else's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    write(folder / "labeler.joblib", "precious\n")
    write(folder / "labeler.manifest.json", "precious\n")
    return folder


def _untouched(folder: Path) -> bool:
    return [p.read_text() for p in sorted(folder.iterdir())] == ["precious\n"] * 2


@pytest.mark.parametrize("name", ["0001", ".9999.old", ".9999.new", "0009"])
def test_a_link_among_the_versions_is_refused_and_what_it_points_to_stays(
    name: str, registry: ModelRegistry, outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = registry.path / "versions" / name
    if place.exists():
        place.rename(outside.parent / "moved")
    place.symlink_to(outside, target_is_directory=True)
    at = ["--registry", str(registry.path)]
    for command in (["prune", "--keep", "1"], ["promote", "3"], ["rollback"]):
        assert main(["models", *command, *at]) == 1
        assert f"{name}: is a symbolic link" in capsys.readouterr().err
    assert _untouched(outside)


def test_a_link_that_is_planted_while_versions_are_deleted_is_not_followed(
    registry: ModelRegistry, outside: Path
) -> None:
    (registry.path / "versions" / "0001" / "more").symlink_to(outside, target_is_directory=True)
    with registry.lock():
        assert registry.prune(0) == ["0001", "0003"]
    assert _untouched(outside)


def test_a_linked_folder_of_versions_is_refused(
    registry: ModelRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (registry.path / "versions").rename(tmp_path / "moved")
    (registry.path / "versions").symlink_to(tmp_path / "moved", target_is_directory=True)
    for command in (["list"], ["verify"], ["prune"]):
        assert main(["models", *command, "--registry", str(registry.path)]) == 1
        assert "versions: is a symbolic link" in capsys.readouterr().err
    with pytest.raises(ModelError, match="symbolic link"):
        HeadlineLabeler.load(registry=registry.path)


@pytest.mark.parametrize(
    "name", ["audit.jsonl", "champion.json", ".lock", ".lock.owner", "retrain.quarantine.jsonl"]
)
def test_a_linked_file_is_refused_and_its_target_stays(
    name: str, registry: ModelRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = write(tmp_path / "target", "no line feed at the end")
    (registry.path / name).unlink(missing_ok=True)
    (registry.path / name).symlink_to(target)
    assert main(["models", "promote", "3", "--registry", str(registry.path)]) == 1
    assert f"{name}: is a symbolic link" in capsys.readouterr().err
    assert target.read_text() == "no line feed at the end"


@pytest.mark.parametrize(
    "name",
    ["audit.jsonl", "champion.json", ".lock.owner", "versions/0002/labeler.manifest.json",
     "versions/0002/labeler.joblib"],
)  # fmt: skip
def test_a_pipe_is_refused_and_not_waited_for(name: str, registry: ModelRegistry, run: Run) -> None:
    (registry.path / name).unlink(missing_ok=True)
    os.mkfifo(registry.path / name)
    found = run("models", "promote", "2", "--registry", str(registry.path))
    assert found.returncode == 1
    assert f"{name.rpartition('/')[2]}: is a pipe" in found.stderr


def test_a_log_is_opened_as_what_it_is_when_it_is_opened(tmp_path: Path) -> None:
    target = write(tmp_path / "target", "precious")
    (tmp_path / "log").symlink_to(target)
    for act in (lambda log: log.append("started", {}), AuditLog.records, AuditLog.last):
        with pytest.raises(ModelError, match="symbolic link"):
            act(AuditLog(tmp_path / "log"))
    assert target.read_text() == "precious"


def test_a_registry_may_be_named_by_a_link(registry: ModelRegistry, tmp_path: Path) -> None:
    (tmp_path / "named").symlink_to(registry.path, target_is_directory=True)
    assert HeadlineLabeler.load(registry=tmp_path / "named").topics == ("war", "trade")


def test_one_damaged_version_ends_neither_the_list_nor_the_check_of_the_others(
    registry: ModelRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    write(registry.path / "versions" / "0001" / "labeler.manifest.json", "{}")
    at = ["--registry", str(registry.path)]
    assert main(["models", "list", *at]) == 0
    told = capsys.readouterr().out.splitlines()
    assert ["damaged: " in line for line in told] == [False, True, False, False]
    assert main(["models", "verify", *at]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("0001: DAMAGED: ")
    assert [line[:11] for line in told[1:3]] == ["0002: whole", "0003: whole"]


def test_verify_refuses_what_label_refuses(
    registry: ModelRegistry, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A model for another embedder is whole, and of no use."""
    from headlines.model.state import LabelerState
    from headlines.persistence.modelfile import read_model, write_model

    path = registry.champion().path
    payload, manifest = read_model(path)
    payload["embedder"]["fingerprint"] = "0" * 64
    with registry.lock():
        version = registry.add(
            lambda place: write_model(
                place, payload, topics=manifest.topics, embedder=dict(payload["embedder"]),
                training=manifest.training, holdout=manifest.holdout, scores=manifest.scores,
                versions=manifest.versions,
            )
        )  # fmt: skip
    with pytest.raises(ModelError, match="trained for the embedder"):
        LabelerState.load(version.path, None, None)
    assert main(["models", "verify", "--registry", str(registry.path)]) == 1
    assert f"{version.name}: DAMAGED: " in capsys.readouterr().out
    assert main(["models", "verify", "4", "--registry", str(registry.path)]) == 1


def test_the_newest_versions_are_listed_and_the_champion(
    registry: ModelRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    source = registry.champion().path.parent
    for number in range(4, 31):
        target = registry.path / "versions" / f"{number:04d}"
        target.mkdir()
        for file in source.iterdir():
            os.link(file, target / file.name)
    at = ["--registry", str(registry.path)]
    assert main(["models", "list", *at]) == 0
    told = capsys.readouterr()
    names = [line[2:6] for line in told.out.splitlines()[1:]]
    assert names == ["0002", *(f"{n:04d}" for n in range(11, 31))]
    assert "9 older version(s) not shown; `--all` shows them" in told.err
    assert main(["models", "list", "--all", *at]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 31
    assert main(["models", "show", "77", *at]) == 1
    assert "the newest of 30 are 0011, " in capsys.readouterr().err


def test_list_and_verify_bear_versions_that_come_and_go(
    registry: ModelRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process adds and prunes versions meanwhile."""
    busy = """
import shutil, sys
from headlines.persistence.registry import ModelRegistry
registry = ModelRegistry(sys.argv[1])
source = registry.champion().path.parent
while True:
    with registry.lock():
        for _ in range(3):
            registry.add(lambda path: shutil.copytree(source, path.parent, dirs_exist_ok=True))
        registry.prune(0)
"""
    path = str(registry.path)
    other = subprocess.Popen(
        [sys.executable, "-c", busy, path], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        seen = set()
        while len(seen) < 5:
            assert other.poll() is None
            assert main(["models", "list", "--registry", path]) == 0
            told = capsys.readouterr().out
            seen.add(told)
            assert "damaged" not in told
            assert main(["models", "verify", "--registry", path]) == 0
            assert "DAMAGED" not in capsys.readouterr().out
    finally:
        other.kill()
        other.wait()
