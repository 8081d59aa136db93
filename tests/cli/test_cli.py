"""Claims about the command line, run as a process of its own."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import ROOT, SEEDS, few_topics, write

from headlines import HeadlineLabeler, read_feed
from headlines.cli.main import main, parser_of
from headlines.cli.rows import format_of, write_rows

Run = Callable[..., "subprocess.CompletedProcess[str]"]

LABEL_KEYS = {
    "id", "source", "line", "headline", "topic", "probability", "topics", "also",
    "abstained", "duplicate_of", "model", "publisher", "date", "language",
}  # fmt: skip
CLUSTER_KEYS = {
    "id", "source", "line", "headline", "cluster", "name", "story", "theme", "strength",
    "duplicate_of", "publisher", "date", "language",
}  # fmt: skip


def _rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_label_gives_118_rows_of_the_seed_feed(run: Run, labeler: HeadlineLabeler) -> None:
    done = run("label", SEEDS / "feed.txt", "--format", "jsonl")
    assert done.returncode == 0
    rows = _rows(done.stdout)
    assert len(rows) == 118
    assert all(set(row) == LABEL_KEYS for row in rows)
    assert "389 lines (page, utf-8): 118 headline" in done.stderr
    from_python = labeler.label(read_feed(SEEDS / "feed.txt").headlines)
    assert rows == [json.loads(json.dumps(p.to_row())) for p in from_python]


@pytest.mark.slow
def test_cluster_gives_118_rows_of_the_seed_feed(run: Run) -> None:
    done = run("cluster", SEEDS / "feed.txt", "--format", "jsonl")
    assert done.returncode == 0
    rows = _rows(done.stdout)
    assert len(rows) == 118
    assert all(set(row) == CLUSTER_KEYS for row in rows)
    assert run("cluster", SEEDS / "feed.txt", "--format", "jsonl").stdout == done.stdout


def test_a_pipe_gets_jsonl_and_plain_lines_come_from_stdin(run: Run) -> None:
    done = run("label", "-", stdin="EU approves sanctions\n\nADVERTISE\n")
    rows = _rows(done.stdout)
    assert [(row["source"], row["line"]) for row in rows] == [("-", 1), ("-", 3)]
    assert done.returncode == 0


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "parquet"])
def test_the_output_s_ending_picks_the_format(run: Run, tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / "in.txt", ["EU approves sanctions", "Drone kills, two"])
    done = run("label", path, "--output", f"out.{ending}", "--top", "2")
    assert (done.returncode, done.stdout) == (0, "")
    out = tmp_path / f"out.{ending}"
    if ending == "parquet":
        rows = pyarrow.parquet.read_table(out).to_pylist()
    elif ending == "jsonl":
        rows = _rows(out.read_text())
    else:
        delimiter = "," if ending == "csv" else "\t"
        rows = list(csv.DictReader(io.StringIO(out.read_text()), delimiter=delimiter))
    assert [row["headline"] for row in rows] == ["EU approves sanctions", "Drone kills, two"]
    assert rows[0]["topic"] == "sanctions"
    topics = rows[0]["topics"]
    assert len(json.loads(topics) if isinstance(topics, str) else topics) == 2
    assert (out.stat().st_mode & 0o777) == 0o666 & ~_umask()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


@pytest.mark.slow
def test_a_table_is_for_people(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "in.txt", ["EU approves " + "sanctions " * 30, "株価 up"])
    lines = run("label", path, "--format", "table").stdout.splitlines()
    assert lines[0].split() == ["topic", "probability", "headline"]
    assert lines[1].startswith("sanctions")
    assert lines[1].endswith("…")
    assert "name" in run("cluster", path, "--format", "table").stdout


def test_copies_across_inputs_are_marked(run: Run, tmp_path: Path) -> None:
    a = write(tmp_path / "a.txt", ["Floods hit Siberia"])
    b = write(tmp_path / "b.txt", ["FLOODS hit Siberia"])
    rows = _rows(run("label", a, b).stdout)
    assert [row["duplicate_of"] for row in rows] == [None, rows[0]["id"]]
    assert rows[0]["topic"] == rows[1]["topic"]


@pytest.mark.slow
def test_unreadable_rows_go_to_a_quarantine_file(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", ['{"headline": "Floods"}', "{broken"])
    done = run("label", path, "--output", "out.jsonl")
    assert done.returncode == 0
    assert "1 row(s) could not be read" in done.stderr
    [row] = _rows((tmp_path / "out.jsonl.quarantine.jsonl").read_text())
    assert (row["line"], row["raw"]) == (2, "{broken")
    run("label", path, "--quarantine", "q.jsonl")
    assert _rows((tmp_path / "q.jsonl").read_text()) == [row]
    run("label", path)
    assert _rows((tmp_path / "headlines.quarantine.jsonl").read_text()) == [row]


def test_abstaining_gives_null(run: Run) -> None:
    done = run("label", "-", "--abstain-below", "1", stdin="EU talks go on\nTen Pasta Recipes\n")
    rows = _rows(done.stdout)
    assert [row["topic"] for row in rows] == [None, None]
    assert rows[0]["abstained"].startswith("unsure between ")
    told = "headlines: no topic for 2 of 2: 1 not news of these topics, 1 unsure"
    assert done.stderr.splitlines()[-1] == told


@pytest.mark.slow
def test_the_summary_comes_as_json(run: Run) -> None:
    summary = json.loads(run("label", SEEDS / "feed.txt", "--json").stderr)
    assert summary["headlines"] == 118
    assert sum(summary["topics"].values()) == 118
    assert summary["inputs"][0]["lines"]["headline"] == 118
    assert summary["topics"].get("(abstained)", 0) == sum(summary["abstained"].values())
    summary = json.loads(run("cluster", "-", "--json", stdin="a b c\n").stderr)
    assert summary["clusters"][0]["headlines"] == summary["headlines"] == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "no headlines in .*empty.txt"),
        ("menu.txt", b"ADVERTISE\n\nSign in\n\nSubscribe now\n\nRead more\n", "4 boilerplate"),
        ("image.png", bytes(range(256)) * 20, "binary"),
        ("f.csv", b"date,body\n1,2\n", "line 1: no column.*date, body"),
        ("long.txt", b"x" * 1_000_000, "line 1: 1,000,000 characters"),
        ("nul.txt", b"a\x00" + b"b" * 100, "NUL"),
        ("broken.jsonl", b"{oops\n", "line 1: not JSON"),
    ],
)
def test_bad_inputs_are_one_line_errors(
    run: Run, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    done = run("label", write(tmp_path / name, content), "--output", "out.jsonl")
    assert done.returncode == 1
    error = [line for line in done.stderr.splitlines() if line.startswith("headlines: error:")]
    assert len(error) == 1
    assert re.search(message, error[0])
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.slow
def test_missing_inputs_models_and_outputs_are_errors(run: Run, tmp_path: Path) -> None:
    feed = write(tmp_path / "in.txt", ["Floods hit Siberia"])
    cases = [
        (["label", "nothing.txt"], "nothing.txt: can't be read"),
        (["label", tmp_path / "nothing"], "can't be read"),
        (["label", tmp_path / "*.csv"], "no file of headlines is there"),
        (["label", feed, "--model", feed], "no manifest"),
        (["label", feed, "--model", "0099"], "no version '0099'"),
        (["label", feed, "--output", "no/such/out.csv"], "can't be written"),
        (["label", feed, "--output", "out.xls"], "can't be told"),
        (["label", feed, "--format", "parquet"], "parquet goes to a file"),
        (["evaluate", "0001", "nothing.csv"], "nothing.csv: can't be read"),
        (["train", "--topics", "nothing.toml", "--output", "m.joblib"], "nothing.toml"),
    ]
    for arguments, message in cases:
        done = run(*arguments)
        assert (done.returncode, message in done.stderr) == (1, True), (arguments, done.stderr)


def test_an_old_output_stays_when_the_new_one_fails(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "out.jsonl", "old")
    write(tmp_path / "good.txt", ["Floods hit Siberia"])
    assert run("label", "good.txt", "missing.txt", "--output", "out.jsonl").returncode == 1
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"out.jsonl", "good.txt"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("headline,topic\nFloods,chess\n", r"line 2: unknown topic 'chess'; the topics are"),
        ("headline,topic\nFloods,media\nFLOODS,society\n", "line 3: .*'media' in .*line 2"),
        ("title,label\nFloods,media\n", "line 1: no column headline and no column topic"),
        ("headline,topic\n,media\n", "line 2: the headline is empty"),
        (b"headline,topic\nK\xc3\xb6ln,media\nbr\xffken,media\n", "line 3: holds bytes"),
    ],
)
def test_bad_labels_are_errors(
    tmp_path: Path, labels: str | bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "labels.csv", labels)
    assert main(["train", "--labels", str(path), "--output", str(tmp_path / "m.joblib")]) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ('[[topic]]\nname = "a"\n', r"1 topic\(s\), a classifier needs two"),
        ("", r"0 topic\(s\)"),
        ("topic = 3", "must be written as"),
        ("x =", "not TOML"),
        ('[[topic]]\nname = "a"\n[[topic]]\nname = "a"\n', "'a' appears twice"),
        ('[[topic]]\nname = "a"\ncolour = 1\n', "unknown key 'colour'"),
        ('[[topic]]\nname = "a"\nexamples = "x"\n', "expected a list of strings"),
        ('[[topic]]\ndefinition = "x"\n', "topic 1 has no name"),
    ],
)
def test_bad_topics_are_errors(
    tmp_path: Path, topics: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "topics.toml", topics)
    assert main(["train", "--topics", str(path), "--output", str(tmp_path / "m.joblib")]) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.slow
def test_a_trained_model_labels_and_is_evaluated(run: Run, tmp_path: Path) -> None:
    topics = (
        '[[topic]]\nname = "sport"\nexamples = ["Cup final ends 2-0", "Sprinter wins gold"]\n'
        '[[topic]]\nname = "money"\nexamples = ["Bank raises rates", "Shares fall sharply"]\n'
    )
    write(tmp_path / "topics.toml", topics)
    write(tmp_path / "gold.csv", "headline,topic,also\nStriker wins cup,sport,money\n")
    write(tmp_path / "feed.txt", ["Rates rise again", "Goalkeeper saves cup final"])
    done = run("train", "feed.txt", "--topics", "topics.toml", "--output", "m.joblib", "--json")
    assert json.loads(done.stdout)["feed"] == {"money": 1, "sport": 1}
    assert "feed.txt: 2 lines" in done.stderr
    assert run("label", "feed.txt", "--model", "m.joblib").returncode == 0
    scores = json.loads(run("evaluate", "m.joblib", "gold.csv", "--json").stdout)
    assert (scores["n"], scores["accuracy"], scores["topics"]["sport"]["recall"]) == (1, 1.0, 1.0)
    assert "precision" in run("evaluate", "m.joblib", "gold.csv").stdout
    run("train", "--topics", "topics.toml", "--labels", "gold.csv", "--output", "n.joblib")
    again = run("evaluate", "n.joblib", "gold.csv")
    assert again.returncode == 1 or "trained_on: 0" in again.stdout


def test_evaluate_leaves_out_what_the_champion_was_trained_on(run: Run) -> None:
    scores = json.loads(run("evaluate", "0001", SEEDS / "labels.csv", "--json").stdout)
    assert scores["n"] + scores["trained_on"] == 118
    assert scores["trained_on"] > scores["n"] > 10


@pytest.mark.slow
def test_retrain_s_exit_code_tells_the_decision(run: Run, tmp_path: Path) -> None:
    labels = json.dumps([str(SEEDS / "labels.csv")])
    text = f'registry = "models"\ntopics = "topics.toml"\nlabels = {labels}\n'
    write(tmp_path / "topics.toml", few_topics())
    write(tmp_path / "retrain.toml", text)
    first = run("retrain", "--config", "retrain.toml", "--first-run", "--json")
    assert (first.returncode, json.loads(first.stdout)["outcome"]) == (0, "promoted")
    write(tmp_path / "more.csv", "headline,topic\nFloods Close Schools in Omsk,disasters\n")
    write(tmp_path / "retrain.toml", text + 'corrections = ["more.csv"]\n[gate]\nminimum = 1000\n')
    refused = run("retrain", "--config", "retrain.toml")
    assert (refused.returncode, "outcome: refused" in refused.stdout) == (3, True)
    listed = run("models", "list", "--registry", "models")
    assert [line[:6] for line in listed.stdout.splitlines()] == ["  vers", "* 0001", "  0002"]
    assert "hold-out accuracy" in listed.stdout
    assert "(n=20 held-out labels)" in listed.stdout
    assert len(json.loads(run("models", "list", "--registry", "models", "--json").stdout)) == 2
    shown = json.loads(run("models", "show", "2", "--registry", "models", "--json").stdout)
    assert (shown["format"], shown["audit"][0]["accepted"]) == (4, False)
    assert run("models", "show").returncode == 0
    assert run("models", "verify", "--registry", "models").stdout.count("whole") == 3
    (tmp_path / "models" / "versions" / "0002" / "labeler.joblib").write_bytes(b"x")
    broken = run("models", "verify", "0002", "--registry", "models")
    assert (broken.returncode, "was changed" in broken.stderr) == (1, True)


def test_a_locked_registry_is_exit_code_4(run: Run, tmp_path: Path) -> None:
    from headlines import ModelRegistry

    write(tmp_path / "retrain.toml", 'registry = "models"\n')
    with ModelRegistry(tmp_path / "models").lock():
        assert run("retrain", "--config", "retrain.toml", "--first-run").returncode == 4


@pytest.mark.slow
def test_distill_writes_an_embedder_that_trains(run: Run, tmp_path: Path) -> None:
    feed = read_feed(SEEDS / "feed.txt")
    write(tmp_path / "corpus.txt", [h.text for h in feed])
    done = run(
        "distill", "corpus.txt", "--output", "embedder", "--dimension", "16", "--epochs", "2",
        "--entries", "3000",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert run("train", "--embedder", "embedder", "--output", "m.joblib").returncode == 0
    assert run("label", "corpus.txt", "--model", "m.joblib").stdout.count("\n") == 118


def test_a_feed_without_a_verb_says_what_to_type(run: Run) -> None:
    done = run("feed.txt")
    assert (done.returncode, "headlines label feed.txt" in done.stderr) == (2, True)
    assert run("label").returncode == 2
    assert run("label", "-", "--top", "0").returncode == 2
    assert run("label", "-", "--abstain-below", "7").returncode == 2
    assert run("cluster", "-", "--resolution", "-1").returncode == 2
    assert run("--version").stdout.strip() == "0.1.0"


def test_alone_it_shows_its_help_as_pip_does(run: Run) -> None:
    """On standard output, with exit code 0; so do words that commands stand behind."""
    for words in ((), ("models",), ("topics",)):
        done = run(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == run(*words, "--help").stdout
        assert "commands:" in done.stdout


def test_a_misspelt_command_is_guessed(run: Run) -> None:
    done = run("lable", "feed.txt")
    assert (done.returncode, "did you mean 'label'?" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["label", "-", "--top", "many"], "--top: 'many' is not a whole number from 1 on"),
        (["label", "-", "--abstain-below", "nan"], "'nan' is not a number from 0 to 1"),
        (["label", "-", "--target-error", "1"], "'1' is not a number above 0 and below 1"),
        (["cluster", "-", "--resolution", "inf"], "'inf' is not a number above 0"),
        (["cluster", "-", "--seed", "-1"], "'-1' is not a whole number from 0 to 4294967295"),
        (["models", "lst"], "invalid choice: 'lst'"),
    ],
)
def test_a_wrong_value_says_what_is_wanted(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _parsers(inner)


COMMANDS = [parser for parser in _parsers(parser_of()) if "examples:" in str(parser.epilog)]


def test_every_argument_is_described_and_every_default_is_named() -> None:
    assert len(COMMANDS) == 1 + 10 + 1 + 8 + 2 + 1  # itself, commands, and in four groups
    for parser in _parsers(parser_of()):
        assert parser.description
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                continue
            assert action.help, (parser.prog, action.dest)
            required = action.required and action.nargs != "*"
            takes_a_default = not required and action.nargs != 0
            told = re.search(r"\(default: (.+)\)$", action.help)
            assert (told is not None) == takes_a_default, (parser.prog, action.dest)
            if told and action.default not in (None, []):
                shown = action.default
                assert told[1] == (f"{shown:g}" if isinstance(shown, float) else str(shown))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda parser: parser.prog.replace(" ", "-"))
def test_every_example_in_a_help_is_understood(command: argparse.ArgumentParser) -> None:
    examples = re.findall(r"^  (headlines .+)$", str(command.epilog), flags=re.MULTILINE)
    assert 1 <= len(examples) <= 3
    for example in examples:
        words = shlex.split(re.split("[<>|]", example)[0])
        assert example.startswith(command.prog)
        if "--help" not in words:
            assert callable(parser_of().parse_args(words[1:]).run)


def test_a_version_is_named_by_its_number(run: Run) -> None:
    for number in ("1", "0001"):
        assert run("models", "verify", number).stdout.startswith("0001: whole")
        assert run("label", "-", "--model", number, stdin="Floods\n").returncode == 0
    done = run("models", "promote", "7")
    assert (done.returncode, "no version '7'; the versions are 0001" in done.stderr) == (1, True)
    done = run("label", "-", "--model", "nothing.txt", stdin="Floods\n")
    assert (done.returncode, "nothing.txt: no model there" in done.stderr) == (1, True)


def test_a_full_disk_behind_standard_output_is_an_error(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    path = write(tmp_path / "in.txt", ["Floods hit Siberia"])
    command = f"{sys.executable} -m headlines label {path} > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert b"error: standard output: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    path = write(tmp_path / "in.txt", [f"Headline number {i} on sanctions" for i in range(20_000)])
    command = f"{sys.executable} -m headlines label {path} | head -1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_half_written_output(tmp_path: Path, number: int) -> None:
    write(tmp_path / "in.txt", [f"Headline number {i} on sanctions" for i in range(400_000)])
    process = subprocess.Popen(
        [sys.executable, "-m", "headlines", "label", "in.txt", "--output", "out.jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    while not list(tmp_path.glob(".out.jsonl.*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.decode().strip().endswith("interrupted")
    assert [p.name for p in tmp_path.iterdir()] == ["in.txt"]


def test_a_terminal_gets_a_table_and_a_progress_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert format_of(None, None) == "table"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    path = write(tmp_path / "in.txt", ["Floods hit Siberia"])
    assert main(["label", str(path)]) == 0
    assert len(_rows(capsys.readouterr().out)) == 1


def test_no_rows_make_an_empty_table(tmp_path: Path) -> None:
    assert write_rows([], str(tmp_path / "t"), "table") == 0
    assert (tmp_path / "t").read_text() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_train_shows_how_far_it_is_on_a_terminal_alone_and_tells_of_few_labels(
    tmp_path: Path, terminal: bool
) -> None:
    phrases = "".join(f'[[topic]]\nname = "{name}"\n' for name in ("courts", "sport"))
    topics = write(tmp_path / "topics.toml", phrases)
    texts = [f"Court jails {name}" for name in ("Orlov", "Petrov", "Sidorov", "Ivanov")]
    labels = write(
        tmp_path / "labels.csv", "headline,topic\n" + "".join(f"{t},courts\n" for t in texts)
    )
    ours, theirs = os.openpty() if terminal else os.pipe()
    command = ["train", "--topics", str(topics), "--labels", str(labels), "--output"]
    program = [sys.executable, "-m", "headlines", *command, str(tmp_path / "m.joblib")]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL, stderr=theirs)
    said = os.read(ours, 1 << 16).decode()
    assert ("model 1 of" in said) == terminal
    assert "topics with fewer than 10 labels to learn from: sport (0), courts (" in said
