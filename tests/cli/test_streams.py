"""Claims about standard streams and signals: a run ends with one line and leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, write

from headlines.cli.main import main
from headlines.errors import MAX_MESSAGE, short_message, shown

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"{sys.executable} -m headlines"
    return subprocess.run(
        ["bash", "-c", command.replace("headlines", program, 1)],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        text=True,
    )


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("headlines label - <&-", 1, "-: standard input is closed; open it, or name a file"),
        ("headlines label in.txt >&-", 1, "standard output: it is closed; name a file"),
        ("headlines label in.txt --format table >&-", 1, "standard output: it is closed"),
        ("headlines models list >&-", 1, "standard output: it is closed"),
        ("headlines label in.txt --format csv > /dev/full", 1, "No space left on device"),
        ("headlines label in.txt --format table > /dev/full", 1, "No space left on device"),
        ("headlines models list > /dev/full", 1, "No space left on device"),
        ("headlines label in.txt --output out.jsonl >&- <&-", 0, "1 headline"),
        ("headlines label in.txt >> in.txt", 1, "in.txt: is what standard output goes to"),
    ],
)
def test_a_closed_or_full_stream_is_one_line(
    tmp_path: Path, command: str, code: int, told: str
) -> None:
    write(tmp_path / "in.txt", ["Floods hit Siberia"])
    done = _shell(command, tmp_path)
    errors = done.stderr.splitlines()
    assert (done.returncode, told in errors[-1]) == (code, True), done.stderr
    assert len([line for line in errors if "error" in line]) == (code == 1)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_notes_don_t_go_among_the_rows_when_standard_error_is_closed(tmp_path: Path) -> None:
    write(tmp_path / "in.txt", ["Floods hit Siberia"])
    done = _shell("headlines label in.txt --format csv 2>&-", tmp_path)
    assert done.returncode == 0
    assert [line[:3] for line in done.stdout.splitlines()] == ["id,", "0a5"] or (
        len(done.stdout.splitlines()) == 2
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_first_second_is_one_line(tmp_path: Path, number: int) -> None:
    """While modules are imported too, where it was a traceback."""
    write(tmp_path / "in.txt", [f"Headline number {i} on sanctions" for i in range(100_000)])
    rng = random.Random(int(number))
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "headlines", "label", "in.txt",
             "--output", "out.csv"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:  # fmt: skip
            assert process.stderr is not None
            for line in process.stderr:  # until the command's own imports are on their way
                if line.endswith("argparse\n"):
                    break
            time.sleep(rng.random() * 0.6)
            process.send_signal(number)
            error = [line for line in process.stderr if not line.startswith("import time:")]
        assert process.returncode == 130, error
        assert error == ["headlines: interrupted\n"]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt"]


def test_nohup_is_heeded(tmp_path: Path) -> None:
    write(tmp_path / "in.txt", [f"Headline number {i} on sanctions" for i in range(50_000)])
    process = subprocess.Popen(
        [sys.executable, "-m", "headlines", "label", "in.txt", "--output", "out.jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    while process.poll() is None:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    assert process.returncode == 0
    assert (tmp_path / "out.jsonl").read_bytes().count(b"\n") == 50_000


HOSTILE = "\x1b]0;owned\x07\x9b2J\u202etxt.exe\r\n\u2028\udcff"


def test_what_a_terminal_would_act_on_is_spelt_out() -> None:
    assert shown(HOSTILE) == "\\x1b]0;owned\\x07\\x9b2J\\u202etxt.exe   \\udcff"
    assert shown("Ürün 株価 👨‍👩‍👧") == "Ürün 株価 👨‍👩‍👧"


def test_a_message_is_short_and_keeps_its_begin_and_its_remedy() -> None:
    told = short_message("feed.csv: line 1: no column; " + "name\n" * 50_000 + "; name it")
    assert len(told) <= MAX_MESSAGE + 3
    assert told.isprintable()
    assert told.startswith("feed.csv: line 1: no column; ")
    assert told.endswith("; name it")


@pytest.mark.parametrize(
    ("name", "content", "arguments"),
    [
        ("wide.csv", ",".join(f"c\x1b[3{i}m" for i in range(5000)) + "\n1\n", []),
        ("keys.jsonl", '{"\\u001b[2J' + "k" * 100_000 + '": 1}\n', []),
        ("in.txt", "Floods Hit Siberia\n", ["--column", "\x1b[2J" * 9999]),
        ("in.txt", "Floods Hit Siberia\n", ["--output", "\x1b[2J" * 9999]),
        ("in.txt", "Floods Hit Siberia\n", ["--model", "\x1b[2J" * 9999]),
        ("in.txt", "Floods Hit Siberia\n", ["--input-format", "\x1b[2J" * 9999]),
        ("fe\x1b[2Jed\u202e.txt", "Floods Hit Siberia\n", []),
        (os.fsdecode(b"caf\xe9.txt"), "Floods Hit Siberia\n", []),
    ],
)
def test_every_message_is_short_and_harmless(
    run: Run, tmp_path: Path, name: str, content: str, arguments: list[str]
) -> None:
    write(tmp_path / name, content)
    for command in ("label", "drift"):
        done = run(command, name, *(arguments if command == "label" else []))
        told = done.stderr.splitlines()
        notes = [line for line in told if line.startswith("headlines")]
        assert len(notes) >= 1
        assert all(len(line) <= MAX_MESSAGE + 40 for line in notes), command
        assert all(line.isprintable() for line in told)
        assert "Traceback" not in done.stderr


def test_a_missing_earlier_run_is_told_without_the_system_s_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = write(tmp_path / "in.txt", ["Floods hit Siberia"])
    for arguments in (
        ["cluster", str(feed), "--previous", "gone.jsonl"],
        ["cluster", str(feed), "--edits", "gone.toml"],
        ["topics", "add", "gone.jsonl", "--cluster", "1", "--topics", "t.toml"],
    ):
        assert main(arguments) == 1
        error = capsys.readouterr().err
        assert "gone." in error
        assert "can't be read (No such file or directory)" in error
        assert "Errno" not in error


def test_a_summary_in_json_is_harmless_and_exact(run: Run, tmp_path: Path) -> None:
    name = "fe\x9b2Jed\u202e ü.txt"
    write(tmp_path / name, ["Floods Hit Siberia"])
    told = run("label", name, "--json").stderr.rstrip("\n")
    assert told.isprintable()
    assert "ü" in told
    assert json.loads(told)["inputs"][0]["source"] == name
    checked = run("feed", "check", name, "--json").stdout.rstrip("\n")
    assert checked.isprintable()
