"""Claims of the README: short, a result first, commands that run; test_tables has its figures."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, write

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the README's commands name, and the command on the path."""
    shutil.copytree(SEEDS, tmp_path / "seeds")
    shutil.copy(SEEDS / "feed.txt", tmp_path / "feed.txt")
    shutil.copy(SEEDS / "labels.csv", tmp_path / "labels.csv")
    shutil.copy(SEEDS / "topics.toml", tmp_path / "topics.toml")
    (tmp_path / "archive").mkdir()
    write(tmp_path / "archive" / "more.csv", "title\nFloods hit Siberia\n")
    write(tmp_path / "titles.txt", ["EU approves sanctions", "It is"])
    command = tmp_path / "bin" / "headlines"
    command.parent.mkdir()
    write(command, f'#!/bin/sh\nexec "{sys.executable}" -m headlines "$@"\n').chmod(0o755)
    return tmp_path


def _shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "110"}
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _desk(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Start the review desk, and end it as a person does."""
    with subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command, comments=True)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as desk:
        told = next((line for line in desk.stderr or () if "http://" in line), "")
        desk.send_signal(signal.SIGINT)
        rest = desk.communicate()[1]
    return subprocess.CompletedProcess(command, desk.returncode, "", told + rest)


@pytest.mark.slow
def test_its_commands_run(folder: Path) -> None:
    lines = [line for block in _blocks("console") for line in block.splitlines()]
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    assert len(commands) >= 6
    for command in commands:
        done = (_desk if "headlines review" in command else _shell)(folder, command)
        assert done.returncode == 0, (command, done.stderr)
    assert (folder / "labelled.csv").read_text(encoding="utf-8").count("\n") == 120


@pytest.mark.slow
def test_its_python_example_runs(folder: Path) -> None:
    [example] = _blocks("python")
    write(folder / "example.py", example + "print(feed.report)\n")
    done = _shell(folder, f'"{sys.executable}" example.py')
    assert done.returncode == 0, done.stderr
    assert "sanctions" in done.stdout
    assert "389 lines" in done.stdout


def test_a_result_stands_in_the_first_30_lines() -> None:
    first = "\n".join(README.splitlines()[:30])
    assert "headlines label seeds/feed.txt" in first
    assert "389 lines" in first
    assert "learned from part of this very feed" in " ".join(first.split())


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= 150


def test_its_words_of_measure_are_explained() -> None:
    assert not re.search(r"\b(AMI|NMI|ECE|ARI)\b", README)
    for word in ("Strict", "lenient", "macro-F1"):
        assert f"*{word}*" in README


def test_its_first_two_shell_blocks_install_the_package_and_pass_the_tests() -> None:
    first, second = _blocks("sh")
    assert "headlines label seeds/feed.txt" in first
    assert "make test" in second


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
