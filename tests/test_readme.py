"""Claims of the README: its commands run, its example works, its figures are the benchmarks'."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SEEDS, write

pytestmark = pytest.mark.slow

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
    write(
        tmp_path / "corrections.csv",
        "headline,topic,also\nFloods Close Schools,disasters,society\n",
    )
    write(tmp_path / "more.csv", "title\nFloods hit Siberia\n")
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


def test_its_commands_run(folder: Path) -> None:
    lines = [line for block in _blocks("console") for line in block.splitlines()]
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    assert len(commands) >= 8
    for command in commands:
        done = _shell(folder, command)
        assert done.returncode == 0, (command, done.stderr)
    assert (folder / "labelled.csv").read_text(encoding="utf-8").count("\n") == 120


def test_the_shown_table_is_what_comes_out(folder: Path) -> None:
    shown = _blocks("console")[0].splitlines()
    out = _shell(folder, "headlines label seeds/feed.txt --format table")
    found = [line[:90] for line in out.stdout.splitlines()]
    for line in shown[1 : shown.index("...")]:
        assert any(row.startswith(line.split("…")[0][:70]) for row in found), line
    assert shown[-1] in out.stderr


def test_its_python_example_runs(folder: Path) -> None:
    [example] = _blocks("python")
    write(folder / "example.py", example)
    done = _shell(folder, f'"{sys.executable}" example.py')
    assert done.returncode == 0, done.stderr
    assert "sanctions" in done.stdout
    assert "389 lines" in done.stdout


def test_its_nightly_job_runs(folder: Path) -> None:
    [config] = [block for block in _blocks("toml") if "feeds" in block]
    write(folder / "retrain.toml", config)
    done = _shell(folder, "headlines retrain --config retrain.toml --json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["promoted"] is True
    assert _shell(folder, "headlines label feed.txt --model models").returncode == 0


def test_its_editors_file_is_understood(folder: Path) -> None:
    [edits] = [block for block in _blocks("toml") if "[[rename]]" in block]
    write(folder / "edits.toml", edits)
    done = _shell(folder, "headlines cluster seeds/feed.txt --edits edits.toml --output out.jsonl")
    assert done.returncode == 0, done.stderr
    assert '"The election"' in (folder / "out.jsonl").read_text(encoding="utf-8")


def test_a_result_stands_in_the_first_30_lines() -> None:
    assert "headlines label seeds/feed.txt" in "\n".join(README.splitlines()[:30])


def test_its_figures_are_those_of_the_benchmarks() -> None:
    topics = json.loads((ROOT / "benchmarks" / "topics.json").read_text())["russia_dev"]
    for name, key in (("shipped champion", "champion"), ("the same with MiniLM (", "minilm"),
                      ("the same with MiniLM and", "best"), ("TF-IDF and", "tf-idf")):  # fmt: skip
        [line] = [row for row in README.splitlines() if row.startswith("|") and name in row]
        for score in ("strict", "lenient", "macro_f1"):
            assert f"{topics[key][score]:.3f}".lstrip("0") in line, (name, score)
    clusters = json.loads((ROOT / "benchmarks" / "feed_clusters.json").read_text(encoding="utf-8"))
    text = " ".join(README.split())
    for name in ("static", "minilm"):
        for key in ("ami", "kmeans_ami_median_of_10"):
            assert f"{clusters['agreement'][name][key]:.3f}".lstrip("0") in text
    for name, size in clusters["clusters"].items():
        assert f"| {name.split(' ', 1)[1]} | {size} |" in text
    contract = json.loads((ROOT / "benchmarks" / "soak" / "contract.json").read_text())
    assert set(contract["rows_that_differ"].values()) == {0}
    assert f"{contract['headlines']:,} headlines, {len(contract['rows_that_differ'])} ways" in text


def test_its_figures_of_speed_are_those_of_the_benchmarks() -> None:
    speed = json.loads((ROOT / "benchmarks" / "speed.json").read_text())
    rates, files = speed["memory"]["programs"], speed["file"]["programs"]
    for shown, name in (
        ("**headlines**", "headlines"),
        ("fastText", "fastText"),
        ("TF-IDF, logistic regression", "TF-IDF"),
        (
            "MiniLM (sentence-transformers), logistic regression",
            "MiniLM, sentence-transformers",
        ),
    ):
        rate, taken = rates[name]["headlines_per_second"], files[name]["seconds"]
        line = f"| {shown} | {rate:,} | {taken:,.0f} "
        assert any(row.startswith(line) for row in README.splitlines()), line
    for size in ("1,000,000", "10,000,000"):
        assert f"{speed['scale']['headlines'][size]['peak_mb']} MB for" in README
    quality = json.loads((ROOT / "benchmarks" / "embedder.json").read_text())
    for measure in quality["relative_to_MiniLM"]["headlines"].values():
        assert f"{100 * measure['mean of report']['ratio']:.1f} %" in README
